"""Claims that floats overflow for: that is no word against them, nor for them."""

import pytest

import einrnn

VITERBI = """input th[T,K,K]
v[t,k] := log(sum[j] exp(v[t-1,j] + th[t,j,k])) with v[-1,k] := 0
"""


@pytest.mark.parametrize(
    "claim",
    [
        "sum[j] exp(v[t-1,j] + th[t,j,k] - v[t,k]) = 1",
        "dv[t,k]/dth[t,j,k] = exp(v[t-1,j] + th[t,j,k] - v[t,k])",
    ],
)
def test_what_overflows_can_be_proved(claim: str) -> None:
    (found,) = einrnn.parse(f"{VITERBI}[1] {claim}\n").check()
    assert found.verdict == "proved"


@pytest.mark.parametrize(
    "claim",
    [
        "sum[j] exp(v[t-1,j] + th[t,j,k] - v[t,j]) = 1",
        "v[t,k] = max[j](v[t-1,j] + th[t,j,k])",
        "min(exp(v[t,k]), 20000) = exp(v[t,k])",
    ],
)
def test_what_is_false_is_not(claim: str) -> None:
    (found,) = einrnn.parse(f"{VITERBI}[1] {claim}\n").check()
    assert found.verdict == "refuted"
