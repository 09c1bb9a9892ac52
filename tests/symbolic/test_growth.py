"""Closed forms of sums and products of any length, and what recurs one more at a time."""

import pytest

import einrnn
from tests.symbolic.proving import error_in_numbers, proved, refused

SO_FAR = """dim T
input y[T]
index t, r : T
m[t] := max(m[t-1], y[t])   with m[0] := y[0]
l[t] := log(exp(l[t-1]) + exp(y[t]))   with l[0] := y[0]
"""
SIZES = "dim N\ninput q, x[N]\n"
LAWS = {
    "telescoping sum": SIZES + "[1] sum[i=1..N] 1/(i (i+1)) = N/(N+1)",
    "telescoping product": SIZES + "[1] prod[i=1..N-1] (i/(i+1)) = 1/N",
    "three in a row": SIZES + "[1] sum[i=1..N] 1/(i (i+1) (i+2)) = 1/4 - 1/(2 (N+1) (N+2))",
    "weighted powers": SIZES + "[1] sum[i=0..N-1] i q^i (1-q)^2 = q - N q^N + (N-1) q^(N+1)",
    "right side": SIZES + "[1] 1/N = prod[i=1..N-1] (i/(i+1))",
    "largest so far": SO_FAR + "[1] m[t] = max[r=0..t] y[r]",
    "largest": SO_FAR + "[1] m[T-1] = max[r] y[r]",
    "log of a sum so far": SO_FAR + "[1] l[t] = logsumexp[r=0..t] y[r]",
}
TRAPS = {
    "only for 1": SIZES + "[1] sum[i=1..N] 1/(i (i+1)) = 1/(N+1)",
    "not for 1": SIZES + "[1] sum[i=1..N] 1/(i (i+1)) = N/(N+1) + 1",
    "only for 1 and 2": SIZES + "[1] prod[i=1..N] i = N",
    "one from a place on": SIZES + "[1] prod[i=1..N] i = prod[i=3..N] i",
    "a range that has not begun": SIZES + "[1] sum[i=3..N] i = N (N+1)/2 - 3",
    "one early": SO_FAR + "[1] m[t] = max[r=0..t-1] y[r] for t >= 1",
    "from the second": SO_FAR + "[1] m[t] = max[r=1..t] y[r] for t >= 1",
    "smallest": SO_FAR + "[1] m[t] = min[r=0..t] y[r]",
    "all of them": SO_FAR + "[1] m[t] = max[r] y[r]",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-10


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_law_is_not_proved(name: str):
    assert refused(TRAPS[name])


def test_the_step_is_told_with_the_last_one_by_itself():
    (verdict,) = einrnn.parse(LAWS["telescoping product"]).check(explain=["1"])
    first, step = verdict.derivation
    assert first.title.endswith("P(1), the claim at n = 1")
    assert [text for text, _ in step.lines] == [
        "prod[i=1..n](i/(i+1))",
        "prod[i=1..n-1](i/(i+1)) (n/(n+1))",
        "1/n (n/(n+1))",
        "1/(n+1)",
    ]
