"""Sums of powers of an index in closed form."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

LAWS = {
    "Gauss": "input c\n[1] c + sum[i=0..N-1] i = c + N (N - 1)/2",
    "squares": "input c\n[1] c + sum[i=1..N] i^2 = c + N (N + 1) (2 N + 1)/6",
    "cubes": "input c\n[1] c + sum[i=0..N] i^3 = c + (N (N + 1)/2)^2",
    "polynomial": "input c\n[1] c + sum[i=0..N-1] (2 i + 1) = c + N^2",
    "from a letter": "input x[T]\nindex t : T\n"
    "[1] x[t] sum[r=t..T-1] r = x[t] (T (T - 1) - t (t - 1))/2",
    "may be empty": "input x[T]\nindex t : T\n[1] x[t] sum[r=0..t-1] r = x[t] t (t - 1)/2",
    "nested": "input c\n[1] c + sum[i=0..N-1, j=0..i] j = c + (N - 1) N (N + 1)/6",
}
TRAPS = {
    "off by one": "input c\n[1] c + sum[i=0..N-1] i = c + N (N + 1)/2",
    "emptier than empty": "input x[N]\n"
    "[1] x[i] sum[r=N+2..i] r = x[i] (i (i + 1) - (N + 2) (N + 1))/2",
    "two bounds": "input c\n[1] c + sum[i=0..N-1] i [i < M] = c + N (N - 1)/2\ndim N, M",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-10


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_law_is_not_proved(name: str):
    assert refused(TRAPS[name])
