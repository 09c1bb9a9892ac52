"""Recurrences over two axes, told corner by corner."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

TABLE = """input x[M,N], c
S[i,j] := x[i,j] + S[i-1,j] + S[i,j-1] - S[i-1,j-1]
        with S[-1,j] := 0, S[i,-1] := 0, S[-1,-1] := 0
R[i,j] := c x[i,j] + R[i-1,j] + R[i,j-1] - R[i-1,j-1]
        with R[-1,j] := 0, R[i,-1] := 0, R[-1,-1] := 0
D[i,j] := x[i,j] + D[i+1,j] + D[i,j+1] - D[i+1,j+1]
        with D[M,j] := 0, D[i,N] := 0, D[M,N] := 0
E[i,j] := x[i,j] + E[i-1,j] + E[i,j-1]   with E[-1,j] := 0, E[i,-1] := 0
"""
LAWS = {
    "sums over rectangles": "S[i,j] = sum[a=0..i] sum[b=0..j] x[a,b]",
    "the other order": "S[i,j] = sum[b=0..j] sum[a=0..i] x[a,b]",
    "scaled": "R[i,j] = c S[i,j]",
    "from the other corner": "D[i,j] = sum[a=i..M-1] sum[b=j..N-1] x[a,b]",
}
TRAPS = {
    "corners counted twice": "E[i,j] = sum[a=0..i] sum[b=0..j] x[a,b]",
    "all but the corner": "S[i,j] = sum[a=0..i] sum[b=0..j] x[a,b] - x[0,0]",
    "one column less": "S[i,j] = sum[a=0..i] sum[b=0..j-1] x[a,b]",
    "right on one edge": "S[i,j] = sum[b=0..j] x[0,b]",
    "right on both edges": "S[i,j] = sum[a=0..i] sum[b=0..j] x[a,b] [a b == 0]",
    "another corner": "D[i,j] = sum[a=0..i] sum[b=0..j] x[a,b]",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str) -> None:
    text = f"{TABLE}[1] {LAWS[name]}\n"
    assert proved(text)
    assert error_in_numbers(text) < 1e-9


@pytest.mark.parametrize("name", TRAPS)
def test_a_near_miss_is_not_proved(name: str) -> None:
    assert refused(f"{TABLE}[1] {TRAPS[name]}\n")
