"""False claims whose conditions only matter at sizes that nobody would try."""

import pytest

import einrnn

HEAD = "dim K, M, N\nindex k : K\ninput y[K], x[M,N], u[N], v[N], q boolean\n"
FALSE = {
    "at one size": "sum[k] y[k] = sum[k] y[k] + [K == 7]",
    "from a size on": "sum[k] y[k] = sum[k] y[k] [K < 200]",
    "between two indices": "sum[m,n] x[m,n] = sum[m,n: m <= n + 60] x[m,n]",
    "beside what hides it": "[M >= 60] q x[0,n] = [M >= 60] x[0,n]",
    "far away": "sum[k: k == 1999] y[k] = 0",
    "at a square": "[k k == 40000] exp(y[k]) = 0",
    "at a power": "exp(y[k]) [2^k > 1000000] = 0",
    "by quotients": "[1/(k+1) == 1/302] y[k] = 0",
    "at numbers alone": "[k^2 - 60 k == -900] = 0 for k <= K-1",
}


@pytest.mark.parametrize("name", FALSE)
def test_a_claim_is_tried_where_its_conditions_change(name: str) -> None:
    (verdict,) = einrnn.parse(f"{HEAD}[1] {FALSE[name]}\n").check()
    assert verdict.verdict == "refuted"


def test_a_true_one_holds_there() -> None:
    text = f"{HEAD}[1] sum[m,n: m <= n + 60] x[m,n] = sum[n,m: n >= m - 60] x[m,n]\n"
    (verdict,) = einrnn.parse(text).check()
    assert verdict.verdict == "proved"


VALUES = "dim N\ninput x, y, z, a[N], c positive, g[N]\nL := z^2\nindex i : N\n"
AT_VALUES = {
    "one number": "[z == 1234567/1000] x = 0",
    "two numbers": "[x + 7 y == 33] c = 0",
    "entries": "[a[i] == 77] x = 0",
    "a positive one": "[c == 1234567/1000] x = 0",
    "one behind another": "[z == 1234567/1000] [x == y] (x - y)^(N-1) = 0",
    "beside a derivative": "dL/dz [z == 1234567/1000] = 0",
    "a branch": "{ x if z != 1234567/1000 ; 5 otherwise } = x",
    "an order": "[x > 5123/7] + [x < 5123/7] = 1",
}
TRUE_AT_VALUES = {
    "no value there": "1/(z - 5123/7) [z == 5123/7] = 0",
    "nothing there": "(z - 5123/7) [z == 5123/7] = 0",
    "a branch": "{ x if z != 1234567/1000 ; y otherwise } = x + (y - x) [z == 1234567/1000]",
}


@pytest.mark.parametrize("name", AT_VALUES)
def test_a_claim_is_tried_where_compared_values_are_the_same(name: str) -> None:
    (verdict,) = einrnn.parse(f"{VALUES}[1] {AT_VALUES[name]}\n").check()
    assert verdict.verdict == "refuted"


@pytest.mark.parametrize("name", TRUE_AT_VALUES)
def test_true_ones_hold_there(name: str) -> None:
    (verdict,) = einrnn.parse(f"{VALUES}[1] {TRUE_AT_VALUES[name]}\n").check()
    assert verdict.verdict in ("proved", "tested")
