"""What no refutation may rest on: rounding, underflow, kinks; and what floats do not show."""

import pytest

import einrnn
from einrnn.check.verdict import Verdict

TRUE_UNDER = """dim N
input m, n, g, r1, r2, r3, w[N], z, p1, p2
index i : N
assume [larger] max(m, n) = m
assume [relu] relu(g) = g
assume [same] r1 r2 = r1 r3
assume [square] w[i]^2 = w[i]
assume [cube] z^3 = z
assume [zero] p1 p2 = 0
"""
# each is true wherever its assumption holds, and false a little beside it
AT_JUMPS = (
    "[m >= n] = 1 using larger",
    "[g >= 0] = 1 using relu",
    "{ r2 if r1 != 0 ; 0 otherwise } = { r3 if r1 != 0 ; 0 otherwise } using same",
    "[w[i] == 0] + [w[i] == 1] = 1 using square",
    "sign(w[i]) = w[i] using square",
    "[abs(z) <= 1] = 1 using cube",
    "sign(p1) p2 = 0 using zero",
)
# as are these, of which floats underflow, or which have no slope at 0
EVERYWHERE = (
    "[exp(10 a) > 0] = 1",
    "sign(exp(-a^2)) = 1",
    "{ log(exp(-a^2)) if exp(-a^2) > 0 ; 0 otherwise } = -a^2",
    "[exp(3 a) < exp(3 a + 1)] = 1",
    "[sigmoid(10 a) > 0] = 1",
    "sign(prod[k=0..3] exp(-a^2)) = 1",
    "d/da (sign(a) abs(a)) = 1",
)
# false, by less than floats can tell
HIDDEN = (
    "sum[k=1..30] 1/2^k = 1",
    "99999999999999999999 a = 99999999999999999998 a",
    "a + 1/10^40 = a",
    "(1 + 1/10^20)^10 = 1",
)


# false far from 0 only, or for large indices or sizes
FAR = (
    "relu(1000 - a) = 1000 - a",
    "sign(1000 - a) = 1",
    "[a > 10^4] = 0",
    "[N^2 == 400] x[i] = 0",
    "[i j == 143] x[i] x[j] = 0",
    "[i^2 + j^2 == 625] x[i] x[j] = 0",
    "[i < 3*5 + j] x[i] x[j] = x[i] x[j]",
    "m[t] = 0",
)
FAR_HEAD = """dim T, N
input a, x[N]
index i, j : N
index t : T
m[t] := { 0 if t < N+14 ; 1 otherwise }
"""


def verdict(text: str) -> Verdict:
    (found,) = einrnn.parse(text).check(timeout=3)
    return found


@pytest.mark.parametrize("claim", AT_JUMPS)
def test_inputs_that_satisfy_an_assumption_only_nearly_refute_nothing(claim: str) -> None:
    assert verdict(f"{TRUE_UNDER}[1] {claim}").verdict in ("tested", "proved")


def test_what_is_false_under_an_assumption_is_refuted_all_the_same() -> None:
    assert verdict(f"{TRUE_UNDER}[1] [m > n] = 1 using larger").verdict == "refuted"
    assert verdict(f"{TRUE_UNDER}[1] w[i] = 1 using square").verdict == "refuted"
    assert verdict(f"{TRUE_UNDER}[1] z^2 = z using cube").verdict == "refuted"


@pytest.mark.parametrize("claim", EVERYWHERE)
def test_underflow_and_kinks_refute_nothing(claim: str) -> None:
    assert verdict(f"input a\n[1] {claim}").verdict in ("tested", "proved")


@pytest.mark.parametrize("claim", HIDDEN)
def test_what_exact_arithmetic_alone_can_tell_apart_is_refuted(claim: str) -> None:
    found = verdict(f"input a\n[1] {claim}")
    assert found.verdict == "refuted"
    assert found.counterexample is not None
    assert found.counterexample.exact
    assert found.counterexample.hidden
    assert found.repair is None


@pytest.mark.parametrize("claim", FAR)
def test_claims_are_tried_beyond_the_numbers_that_they_speak_of(claim: str) -> None:
    assert verdict(f"{FAR_HEAD}[1] {claim}").verdict == "refuted"


@pytest.mark.parametrize("over", ["k=5..2", "k=0..-N", "i: i < 0"])
def test_a_mean_of_nothing_has_no_value(over: str) -> None:
    head = "dim N\ninput a\nindex i : N\n"
    both = einrnn.parse(f"{head}[1] mean[{over}](a) = 0\n[2] mean[{over}](a) = a").check()
    assert "refuted" not in [found.verdict for found in both]


def test_a_mean_over_a_range_that_may_be_empty_is_one_where_it_is_not() -> None:
    found = verdict("dim N\ninput x[N]\n[1] mean[k=1..N-1] x[k] = sum[k=1..N-1] x[k]/(N-1)")
    assert found.verdict == "proved"


def test_an_entry_at_a_large_number_is_read_where_there_is_one() -> None:
    head = "dim N = 1000\ninput x[N], y[N,N]\nindex i, j : N\n"
    found = einrnn.parse(f"{head}[1] x[999] + 1 = 1 + x[999]\n[2] y[i,j] = y[i,j]").check()
    assert [one.verdict for one in found] == ["proved", "proved"]


def test_look_ups_beside_the_position_are_no_defect() -> None:
    head = "input x[N], k[N] integer in N\n"
    assert verdict(head + "[1] x[k[i]+1] = x[k[i]+1]").verdict in ("proved", "tested")
    assert verdict(head + "[1] x[k[i]+1] = 2 x[k[i]+1]").verdict == "refuted"


def test_an_assumption_that_nothing_satisfies_is_said() -> None:
    found = verdict("input P[N,N]\nassume [g] sum[j: j > i] P[i,j] = 1\n[1] 1 = 2 using g")
    assert (found.verdict, found.method) == ("tested", "at no point")
    assert "satisfy [g]" in found.notes[0]


def test_an_assumption_about_something_else_is_no_help() -> None:
    text = "input a, m, n\nassume [larger] max(m, n) = m\n[1] [a < 20] = 1"
    found = verdict(text).true_under
    assert found is None or "max" not in found
