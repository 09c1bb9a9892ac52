"""Largest values over ranges and of two, and exponentials of cases."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

MATRIX = "input A[N,M], x[N], y[M], p positive, c\n"
LAWS = {
    "halves": "input a, b\n[1] max(a, b) = (a + b + abs(a - b))/2",
    "of equals": "input a, b, c\n[1] a^2 c [a == b] = a b c [a == b]",
    "scale of two": MATRIX + "[1] max(p x[i], p c) = p max(x[i], c)",
    "rectified": MATRIX + "[1] relu(p x[i] - p c) = p relu(x[i] - c)",
    "order": MATRIX + "[1] [p x[i] > p c] = [x[i] > c]",
    "shift": MATRIX + "[1] max[i](x[i] + c) = max[i](x[i]) + c",
    "scale": MATRIX + "[1] max[i](3 p x[i]) = 3 p max[i](x[i])",
    "opposite": MATRIX + "[1] max[i](-p x[i]) = -p min[i](x[i])",
    "opposite differences": MATRIX + "[1] max[i](c - 2 x[i] + y[0]) = y[0] + c - 2 min[i](x[i])",
    "exchange": MATRIX + "[1] max[i](max[j](A[i,j])) = max[j](max[i](A[i,j]))",
    "nested": (
        MATRIX + "[1] max[i](x[i] + max[j](A[i,j] + y[j])) = max[j](y[j] + max[i](A[i,j] + x[i]))"
    ),
    "smallest": MATRIX + "[1] min[i](2 x[i] + min[j](A[i,j])) = min[j](min[i](A[i,j] + 2 x[i]))",
    "separate": MATRIX + "[1] max[i](x[i] + max[j](y[j])) = max[i](x[i]) + max[j](y[j])",
    "exp of cases": (
        "input x[T], y\nindex t : T\n"
        "[1] exp({ x[t] if t >= 1 ; y otherwise }) = { exp(x[t]) if t >= 1 ; exp(y) otherwise }"
    ),
}
TRAPS = {
    "of equals to another": "input a, b, c\n[1] a [a == b] = c [a == b]",
    "of equals always": "input a, b, c\n[1] a^2 [a == b] = a b",
    "negative scale": MATRIX + "[1] max[i](-x[i]) = -max[i](x[i])",
    "opposite of a product": MATRIX + "[1] max[i](-c x[i]) = -c min[i](x[i])",
    "unknown scale of two": MATRIX + "[1] max(c x[i], c p) = c max(x[i], p)",
    "scale that may be 0": "input p[N] probability in N, a, b\n[1] [p[i] a > p[i] b] = [a > b]",
    "unknown scale": MATRIX + "[1] max[i](c x[i]) = c max[i](x[i])",
    "largest for smallest": MATRIX + "[1] max[i](min[j](A[i,j])) = min[j](max[i](A[i,j]))",
    "sum of maxima": MATRIX + "[1] max[i](2 x[i] + x[i]^2) = 2 max[i](x[i]) + max[i](x[i]^2)",
    "subtracted maximum": (
        MATRIX + "[1] max[i](x[i] - max[j](A[i,j])) = max[j](max[i](x[i] - A[i,j]))"
    ),
    "range that depends": (
        "input A[N,N]\n[1] max[i](max[j=0..i](A[i,j])) = max[j](max[i=0..j](A[i,j]))"
    ),
    "exp of a bracket": (
        "input x[T]\nindex t : T\n[1] exp({ x[t] if t >= 1 ; 0 otherwise }) "
        "= { exp(x[t]) if t >= 1 ; 0 otherwise }"
    ),
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-10


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_law_is_not_proved(name: str):
    assert refused(TRAPS[name])
