"""Logarithms and roots of what is positive, and of what may not be."""

import math
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from einrnn.core.nodes import Number
from einrnn.symbolic.normal.roots import prime_powers, root_of_number
from tests.symbolic.proving import error_in_numbers, proved, refused

LAWS = {
    "log of a product": "input p positive, q positive\n[1] log(p q) = log(p) + log(q)",
    "log of a quotient": "input p positive, q positive\n[1] log(p/q) = log(p) - log(q)",
    "log of a power": "input p positive\n[1] log(p^3) = 3 log(p)",
    "log of a root": "input p positive\n[1] log(sqrt(p)) = log(p)/2",
    "log of one positive factor": "input p positive, x\n[1] log(p x^2) = log(p) + log(x^2)",
    "log of a definition": (
        "input x[N], p positive\ns[i] := p + exp(x[i])\n[1] log(p s[i]) = log(p) + log(s[i])"
    ),
    "log of a recurrence": (
        "input p[T] positive\nindex t : T\na[t] := p[t] a[t-1] with a[-1] := 1\n"
        "[1] log(a[t]^2) = 2 log(a[t])"
    ),
    "log of a probability": (
        "input p[K] probability in K, q positive\n[1] log(p[k] q) = log(p[k]) + log(q)"
    ),
    "log of a square that has a log": "input x\n[1] log(x^2) = 2 log(x) + 0",
    "log of a product of which all have": "input x, y\n[1] log(x y) = log(x) + log(y)",
    "logs of numbers": "input x\n[1] log(12) + x = 2 log(2) + log(3) + x",
    "log of a size": "input p[N] positive\n[1] log(N p[i]) = log(N) + log(p[i])",
    "root of any product": "input x, y\n[1] sqrt(x y) = sqrt(x) sqrt(y)",
    "log of a sum that has one": "input x, y, z\n[1] log((x + y) z^2) = log(x + y) + 2 log(z)",
    "root that says a sign": "input x, y\n[1] sqrt(x + y) + abs(x + y) = sqrt(x + y) + x + y",
    "determinant of a product": (
        "input A[N,N] invertible, B[N,N] invertible\n[1] logdet(A @ B) = logdet(A) + logdet(B)"
    ),
    "determinant of a square": "input A[N,N]\n[1] logdet(A @ A) = 2 logdet(A)",
    "determinant of a quotient": (
        "input A[N,N] invertible, B[N,N] invertible\n[1] logdet(A @ inv(B)) = logdet(A) - logdet(B)"
    ),
    "root of a square": "input p positive\n[1] sqrt(p^2) = p",
    "root of a product": "input p positive, x\n[1] sqrt(p x) = sqrt(p) sqrt(x)",
    "square of a root": "input x\n[1] sqrt(x)^2 = x",
    "cube of a root": "input p positive\n[1] sqrt(p)^3 = p sqrt(p)",
    "roots of numbers": "input x\n[1] sqrt(6) x = sqrt(2) sqrt(3) x",
    "rational root": "input x\n[1] x sqrt(9/4) = 3 x/2",
    "root below": "input x\n[1] x/sqrt(2) = x sqrt(2)/2",
    "root of pi": "input x\n[1] sqrt(2 pi) x = sqrt(2) sqrt(pi) x",
    "root of a scaled sum": (
        "input p positive, x, y\n[1] sqrt(4 p x + 4 p y) = 2 sqrt(p) sqrt(x + y)"
    ),
}
VARIANCE = """input r[T], u[T], a positive, b positive, c positive
h[t] := a + b r[t-1]^2 + c h[t-1] with h[0] := a
l := -1/2 sum[t] (log(h[t]) + r[t]^2/h[t])
q[t] := 1/2 (r[t]^2/h[t] - 1)/h[t]
d[t] := q[t] + c d[t+1] with d[T-1] := q[T-1]
"""
LAWS["a softsign"] = "input r\n[1] d/dr (r/(1 + abs(r))) = 1/(1 + abs(r))^2"
LAWS["a variance that recurs"] = VARIANCE + "[1] dl/dc = sum[t=1..T-1] d[t] h[t-1]"
TRAPS = {
    "a softsign, unsquared": "input r\n[1] d/dr (r/(1 + abs(r))) = 1/(1 + abs(r))",
    "log of a square beside a sign": "input x, y\n[1] y log(x^2) + abs(y) = 2 y log(x) + y",
    "root of any square": "input x\n[1] sqrt(x^2) = x",
    "root of a product of one sign": "input x, y\n[1] sqrt(x y) + abs(x) = sqrt(x y) + x",
    "root in a case": (
        "input x, y\nr := { sqrt(x) if x > 0 ; 0 otherwise }\n[1] abs(x) + r = x + r"
    ),
    "root of another entry": ("input x[N]\n[1] sqrt(x[0]) + abs(x[i]) = sqrt(x[0]) + x[i]"),
    "root of one entry of all": (
        "input x[N]\n[1] sqrt(x[i]) + sum[k] abs(x[k]) = sqrt(x[i]) + sum[k] x[k]"
    ),
    "root beside nothing": (
        "input x[N]\n[1] sum[i,k: k < i] sqrt(x[i]) x[k] + sum[i] abs(x[i]) = "
        "sum[i,k: k < i] sqrt(x[i]) x[k] + sum[i] x[i]"
    ),
    "determinant of a product": (
        "input A[N,N], B[N,N]\n[1] logdet(A @ B) + abs(det(A)) = logdet(A @ B) + det(A)"
    ),
    "log of a sum": "input p positive, q positive\n[1] log(p + q) = log(p) + log(q)",
    "difference of positive ones": ("input p positive, q positive\ns := p - q\n[1] sqrt(s^2) = s"),
    "symmetric positive definite entries": ("input A[N,N] spd\n[1] sqrt(A[i,j]^2) = A[i,j]"),
    "definition with a negative clause": (
        "input p[T] positive\nindex t : T\na[t] := p[t] a[t-1] with a[-1] := -1\n"
        "[1] sqrt(a[t]^2) = a[t]"
    ),
    "definition that leans on a sign": (
        "input p[T] positive, x\nindex t : T\na[t] := p[t] + b[t-1] with a[-1] := 1\n"
        "b[t] := x a[t] with b[-1] := 1\n[1] sqrt(a[t]^2) = a[t]"
    ),
    "root of two": "input x\n[1] sqrt(2) x = 7 x/5",
    "sign of a root": "input p positive\n[1] sqrt(p^2) = -p",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-10


@pytest.mark.parametrize("name", TRAPS)
def test_a_law_is_not_used_where_signs_are_not_known(name: str):
    assert refused(TRAPS[name])


@given(st.fractions(min_value=Fraction(1, 3000), max_value=3000), st.integers(-3, 3))
def test_roots_of_rationals(value: Fraction, halves: int):
    coefficient, factors = root_of_number(value, Fraction(halves, 2))
    found = float(coefficient)
    for base, exponent in factors:
        assert isinstance(base, Number)
        assert 0 < exponent < 1
        found *= float(base.value) ** float(exponent)
    assert found == pytest.approx(float(value) ** (halves / 2), rel=1e-12)
    assert math.prod(Fraction(p) ** n for p, n in prime_powers(value)) == value
