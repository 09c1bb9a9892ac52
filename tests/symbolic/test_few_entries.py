"""Entries that add up to one over a few positions, and unknown functions of equal arguments."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

TWO = "index t : T\ninput y[T,2] one-hot in 2\n"
THREE = "input p[3] probability in 3\n"
UNKNOWN = "dim N\ninput a, b, x[N]\nfunction f(u)\nfunction g(v[i])\nindex i : N\n"
LAWS = {
    "the other of two": TWO + "[1] y[t,1] = 1 - y[t,0]",
    "never both": TWO + "[1] y[t,0] y[t,1] = 0",
    "the last of three": THREE + "[1] p[2] = 1 - p[0] - p[1]",
    "squares": THREE + "[1] sum[k] p[k]^2 = (p[0]+p[1])^2 + p[0]^2 + p[1]^2 + 1 - 2 p[0] - 2 p[1]",
    "argument multiplied out": UNKNOWN + "[1] f((a+b)^2) = f(a^2 + 2 a b + b^2)",
    "tensor argument": UNKNOWN + "z[i] := x[i] (a+b)\nw[i] := a x[i] + b x[i]\n[1] g(z) = g(w)",
    "the first summand": UNKNOWN + "[1] sum[j=0..N-1] f(j) = f(0) + sum[j=1..N-1] f(j)",
    "telescoping": UNKNOWN + "[1] sum[j=0..N-1] (f(j+1) - f(j)) = f(N) - f(0)",
    "one summand": UNKNOWN + "[1] sum[j=2..2] f(j+1) = f(3)",
    "one exponential": "dim N\n[1] sum[j=2..2] exp(j+1) = exp(3)",
}
TRAPS = {
    "one of two": TWO + "[1] y[t,1] = y[t,0]",
    "two of three": THREE + "[1] p[2] = 1 - p[0]",
    "other arguments": UNKNOWN + "[1] f((a+b)^2) = f(a^2 + b^2)",
    "linear": UNKNOWN + "[1] f(a + b) = f(a) + f(b)",
    "telescoping too far": UNKNOWN + "[1] sum[j=0..N-1] (f(j+1) - f(j)) = f(N+1) - f(0)",
    "tensor argument that is another": UNKNOWN + "z[i] := a x[i]\n[1] g(z) = a g(x)",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-10


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_law_is_not_proved(name: str):
    assert refused(TRAPS[name])


EPSILON = (
    "dim D = 3\nindex i, j, k, l, m : D\ninput u[D], v[D], w[D], A[D,D]\n"
    "eps[i,j,k] := (i-j)*(j-k)*(k-i)/2\n[1] "
)
OF_EPSILON = {
    "a double cross product": "sum[j,k] eps[i,j,k] u[j] sum[l,m] eps[k,l,m] v[l] w[m] = "
    "v[i] sum[j] u[j] w[j] - w[i] sum[j] u[j] v[j]",
    "two of them": "sum[i] eps[i,j,k] eps[i,l,m] = delta[j,l] delta[k,m] - delta[j,m] delta[k,l]",
}


@pytest.mark.parametrize("name", OF_EPSILON)
def test_entries_at_numbers_are_numbers(name: str):
    assert proved(EPSILON + OF_EPSILON[name])
    assert refused(EPSILON + "2 " + OF_EPSILON[name])
