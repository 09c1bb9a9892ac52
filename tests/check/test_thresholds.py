"""False claims whose conditions only matter at sizes that nobody would try."""

import pytest

import einrnn

HEAD = "dim K, M, N\ninput y[K], x[M,N], u[N], v[N], q boolean\n"
FALSE = {
    "at one size": "sum[k] y[k] = sum[k] y[k] + [K == 7]",
    "from a size on": "sum[k] y[k] = sum[k] y[k] [K < 200]",
    "between two indices": "sum[m,n] x[m,n] = sum[m,n: m <= n + 60] x[m,n]",
    "beside what hides it": "[M >= 60] q x[0,n] = [M >= 60] x[0,n]",
}


@pytest.mark.parametrize("name", FALSE)
def test_a_claim_is_tried_where_its_conditions_change(name: str) -> None:
    (verdict,) = einrnn.parse(f"{HEAD}[1] {FALSE[name]}\n").check()
    assert verdict.verdict == "refuted"


def test_a_true_one_holds_there() -> None:
    text = f"{HEAD}[1] sum[m,n: m <= n + 60] x[m,n] = sum[n,m: n >= m - 60] x[m,n]\n"
    (verdict,) = einrnn.parse(text).check()
    assert verdict.verdict == "proved"
