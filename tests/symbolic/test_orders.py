"""Sums over pairs in an order and over what comes after an index: the prover alone, and near
misses that it must not prove."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

ANY = "dim N, F\nindex i, j, k : N\ninput x[N], V[N,F], g[N,N]\n"

RIGHT = {
    "half of all": "sum[i,j: i < j] x[i] x[j] = 1/2 ((sum[i] x[i])^2 - sum[i] x[i]^2)",
    "with equal ones": "sum[i,j: i <= j] x[i] x[j] = 1/2 ((sum[i] x[i])^2 + sum[i] x[i]^2)",
    "twice": "sum[i,j: i != j] x[i] x[j] = 2 sum[i,j: i < j] x[i] x[j]",
    "before and after": "sum[j: j > i] x[j] + sum[j: j < i] x[j] = sum[j] x[j] - x[i]",
    "below and above": "sum[i,j: i < j] g[i,j] + sum[i,j: i > j] g[i,j] + sum[i] g[i,i] "
    "= sum[i,j] g[i,j]",
    "both orders": "sum[i,j: i < j] (g[i,j] + g[j,i]) = sum[i,j: i != j] g[i,j]",
    "at least": "sum[i,j: i <= j] g[j,i] = sum[i,j: i >= j] g[i,j]",
    "derivative": "d/dx[k] (sum[i,j: i < j] x[i] x[j]) = sum[j: j != k] x[j]",
    "factorisation machine": "sum[i,j: i < j] sum[f] V[i,f] V[j,f] x[i] x[j] "
    "= 1/2 sum[f] ((sum[j] V[j,f] x[j])^2 - sum[j] V[j,f]^2 x[j]^2)",
    "inside a function": "d/dx[k] (sum[i] g[i,i] exp(sum[j: j >= i] x[j])) "
    "= sum[i: i <= k] g[i,i] exp(sum[j: j >= i] x[j])",
}
WRONG = {
    "not symmetric": "sum[i,j: i < j] g[i,j] = 1/2 sum[i,j: i != j] g[i,j]",
    "equal ones forgotten": "sum[i,j: i <= j] x[i] x[j] = 1/2 (sum[i] x[i])^2",
    "itself forgotten": "sum[j: j > i] x[j] + sum[j: j < i] x[j] + 0 x[i] = sum[j] x[j]",
    "the other order": "sum[i,j: i < j] g[i,j] = sum[i,j: i > j] g[i,j]",
    "different factors": "sum[i,j: i < j] x[i] x[j]^2 = 1/2 sum[i,j: i != j] x[i] x[j]^2",
    "all pairs": "sum[i,j: i < j] x[i] x[j] = 1/2 (sum[i] x[i])^2",
}


@pytest.mark.parametrize("name", RIGHT)
def test_what_holds_is_proved(name: str) -> None:
    text = f"{ANY}[x] {RIGHT[name]}\n"
    assert proved(text)
    assert error_in_numbers(text) < 1e-9


@pytest.mark.parametrize("name", WRONG)
def test_near_misses_are_not(name: str) -> None:
    text = f"{ANY}[x] {WRONG[name]}\n"
    assert refused(text)
    assert error_in_numbers(text) > 1e-6
