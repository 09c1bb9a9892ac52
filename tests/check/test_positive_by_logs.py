"""Claims whose logarithms have values for positive entries only."""

import pytest

import einrnn

HEAD = "dim N, K\ninput a, b, x[N], P[N,K], A[N,N] invertible, s\nindex i, j : N\nindex k : K\n"
HOLD = (
    "log(a b) = log(a) + log(b)",
    "log(a/b) = log(a) - log(b)",
    "log(a^2) = 2 log(a)",
    "log(x[i] a) = log(x[i]) + log(a)",
    "sum[i] log(a x[i]) = N log(a) + sum[i] log(x[i])",
    "log(P[i,k] x[i]) = log(P[i,k]) + log(x[i])",
    "sum[k] log(P[i,k]/x[i]) = sum[k] log(P[i,k]) - K log(x[i])",
    "logdet(inv(A)) = -logdet(A)",
    "log(1/a^3) = -3 log(a)",
)
# each is false somewhere where both sides have values
FAIL = (
    "log(a^2) + 0 s = log(a^2) + [a < 0] s",
    "log(x[i]) abs(x[j]) = log(x[i]) x[j]",
    "sum[i=1..N-1] log(x[i])^2 + abs(x[0]) = sum[i=1..N-1] log(x[i])^2 + x[0]",
    "log(a b) + abs(a) = log(a b) + a",
    "{ log(a) if s > 0 ; 0 otherwise } + abs(a) = { log(a) if s > 0 ; 0 otherwise } + a",
)


@pytest.mark.parametrize("claim", HOLD)
def test_it_is_proved_where_its_logarithms_have_values(claim: str) -> None:
    (found,) = einrnn.parse(f"{HEAD}[1] {claim}").check(timeout=4)
    assert found.verdict == "proved"


@pytest.mark.parametrize("claim", FAIL)
def test_entries_without_a_logarithm_may_have_any_sign(claim: str) -> None:
    (found,) = einrnn.parse(f"{HEAD}[1] {claim}").check(timeout=4)
    assert found.verdict == "refuted"


def test_a_lemma_about_logarithms_is_used_only_where_they_have_values() -> None:
    text = HEAD + "[1] log(a b) = log(a) + log(b)\n[2] log(a b) + abs(a) = log(a b) + a"
    found = einrnn.parse(text).check(timeout=4)
    assert [one.verdict for one in found] == ["proved", "refuted"]
