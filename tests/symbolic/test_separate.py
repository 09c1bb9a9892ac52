"""Conditions that have cases: a claim is proved in each of them, or not at all."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

GIVEN = """input x[N], q[K], W[M,N]
index n, m, i : N
p[k] := softmax[k](q[k])
y[n] := x[n]^2
z[m] := W[m,n] x[n]
"""
RIGHT = {
    "a delta": "delta[n,m] = 0   for m != n",
    "beside": "x[n] + delta[n,m] = x[n]   for m != n",
    "softmax": "dp[k]/dq[l] = -p[k] p[l]   for k != l",
    "a square": "dy[n]/dx[m] = 0   for m != n",
    "not": "delta[n,m] = 0   for not m == n",
    "or": "delta[n,m] = 0   for m < n or n < m",
    "and": "delta[n,m] x[i] + delta[m,i] x[n] = 0   for m != n and m != i",
    "not or": "delta[n,m] x[i] + delta[m,i] x[n] = 0   for not (m == n or m == i)",
}
WRONG = {
    "in one case": "[n < m] = 1   for m != n",
    "in the other": "[n > m] = 1   for m != n",
    "everywhere else": "delta[n,m] = 1   for m != n",
    "or": "[n < m] = 1   for n < m or n == m",
    "not and": "delta[n,m] x[i] + delta[m,i] x[n] = 0   for not (m == n and m == i)",
}


@pytest.mark.parametrize("name", RIGHT)
def test_it_is_proved_in_each(name: str) -> None:
    text = GIVEN + f"[1] {RIGHT[name]}\n"
    assert proved(text)
    assert error_in_numbers(text) < 1e-9


@pytest.mark.parametrize("name", WRONG)
def test_it_is_not_where_one_is_wrong(name: str) -> None:
    assert refused(GIVEN + f"[1] {WRONG[name]}\n")
