"""Recurrences over two axes with values at an edge of one of them."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

ALIGNED = """dim T, S
input e[T,S]
a[t,s] := (a[t-1,s] + a[t-1,s-1]) e[t,s]   with a[-1,s] := 0, a[t,-1] := 0,
  a[0,s] := { e[0,0] if s == 0 ; 0 otherwise }, a[-1,-1] := 0
b[t,s] := b[t+1,s] e[t+1,s] + { b[t+1,s+1] e[t+1,s+1] if s < S-1 ; 0 otherwise }
  with b[T-1,s] := { 1 if s == S-1 ; 0 otherwise }
"""
RIGHT = {
    "the same at every time": "[1] sum[s] a[t,s] b[t,s] = a[T-1,S-1]\n",
}
WRONG = {
    "one later": "[1] sum[s=0..S-2] a[t,s] b[t,s+1] = a[T-1,S-1]\n",
    "another start": "[1] sum[s] a[t,s] b[t,s] = a[T-1,0]\n",
}


@pytest.mark.parametrize("name", RIGHT)
def test_it_is_proved(name: str) -> None:
    assert proved(ALIGNED + RIGHT[name])
    assert error_in_numbers(ALIGNED + RIGHT[name]) < 1e-9


@pytest.mark.parametrize("name", WRONG)
def test_what_is_false_is_not(name: str) -> None:
    assert refused(ALIGNED + WRONG[name])
