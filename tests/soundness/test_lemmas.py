"""Claims used as lemmas, many at once: what they prove, and what they must not."""

import pytest

import einrnn
from einrnn.core.build import number, power, total
from einrnn.core.model import Range
from einrnn.core.nodes import Expr, Mul
from einrnn.symbolic.normal.domain import known_from
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.proof.statement import Lemma, Statement, as_rule, compatible, usable
from tests.builders import LETTERS, entry, size, whole
from tests.soundness.test_found import proved_alone

I, J, K = (LETTERS[i] for i in "ijk")
WHOLE: dict = {I: whole("N")}


def lemma(name: str, left: Expr, right: Expr, ranges: dict[object, Range] | None = None) -> Lemma:
    return Lemma(name, Statement(left, right, WHOLE if ranges is None else ranges))


A, B, C = (entry(name, "i") for name in "abc")


def test_lemmas_that_lead_to_each_other_are_not_used_together() -> None:
    first, second, third = lemma("1", A, B), lemma("2", B, C), lemma("3", C, A)
    assert compatible([first, second], _nothing) == (second, first)
    assert compatible([first, second, third], _nothing) == (third, second)
    assert compatible([lemma("1", A, B), lemma("2", B, A)], _nothing) == (lemma("2", B, A),)


def test_a_lemma_that_leads_back_through_definitions_is_not_used_beside_others() -> None:
    """b is computed from a."""
    assert not compatible([lemma("1", A, B)], {"b": frozenset("a")}.__getitem__)


def _nothing(name: str) -> frozenset[str]:
    return frozenset()


def test_what_may_be_a_rule() -> None:
    summed = total(K, size("N"), entry("r", "k"))
    yes = [
        lemma("entry", A, B),
        lemma("sum", summed, number(1), {}),
        lemma("product", Mul((A, B)), C),
    ]
    no = [
        lemma("itself", A, entry("a", "i-1")),
        lemma("no index", entry("a", "0"), B),
        lemma("two terms", number(1), A),
        lemma("twice", Mul((number(2), A)), B),
    ]
    assert usable([*yes, *no]) == tuple(yes)


SCALED = """
dim T, K
input p[K] positive, A[K,K] positive, l[T,K] positive
r[t,k] := l[t,k] sum[j] h[t-1,j] A[j,k]   with r[0,k] := p[k] l[0,k]
c[t] := sum[k] r[t,k]
h[t,k] := r[t,k] / c[t]
u[t,k] := l[t,k] sum[j] u[t-1,j] A[j,k]   with u[0,k] := p[k] l[0,k]
[unit] sum[k] h[t,k] = 1
[same] u[t,k] = h[t,k] prod[s=0..t] c[s]
"""
MOMENTS = """
dim T
input g[T], b, lr
m[t] := b m[t-1] + (1 - b) g[t]   with m[-1] := 0
v[t] := b v[t-1] - lr g[t]   with v[-1] := 0
[m] m[t] = (1 - b) sum[r=0..t] b^(t-r) g[r]
[v] v[t] = -lr sum[r=0..t] b^(t-r) g[r]
"""
CLAIMS = {
    "evidence": (SCALED, "sum[t] log(c[t]) = log(sum[k] u[T-1,k])", "proved"),
    "evidence, first": (SCALED, "sum[t] log(c[t]) = log(sum[k] u[0,k])", "refuted"),
    "evidence, a mean": (SCALED, "1/T sum[t] log(c[t]) = log(sum[k] u[T-1,k])", "refuted"),
    "two closed forms": (MOMENTS, "(1 - b) v[t] = -lr m[t]", "proved"),
    "two closed forms, sign": (MOMENTS, "(1 - b) v[t] = lr m[t]", "refuted"),
}


@pytest.mark.parametrize("name", CLAIMS)
def test_claims_by_lemmas(name: str) -> None:
    text, claim, expected = CLAIMS[name]
    *_, last = einrnn.parse(text + f"[x] {claim}\n").check()
    assert last.verdict == expected


def test_a_lemma_is_not_used_outside_its_range() -> None:
    """s is 1 from t = 1 on; at t = 0 it is not."""
    text = """
dim T
input a
s[t] := 1   with s[0] := a
[one] s[t] = 1 for t >= 1
[all] s[t]^2 = s[t]
"""
    *_, last = einrnn.parse(text).check()
    assert last.verdict == "refuted"


def test_products_are_replaced_where_their_indices_agree() -> None:
    rule = as_rule(Statement(Mul((A, B)), C, WHOLE))
    work = Normaliser(known_from({I: whole("N"), J: whole("N")}))
    squared = work.poly(Mul((entry("a", "j"), entry("a", "j"), entry("b", "j"))))
    (found,) = squared
    assert rule(work, found) == work.poly(Mul((entry("a", "j"), entry("c", "j"))))
    inside = total(K, size("N"), Mul((entry("a", "k"), entry("b", "k"))))
    (summed,) = work.poly(inside)
    assert work.canonical(rule(work, summed)) == work.poly(total(K, size("N"), entry("c", "k")))


APART = {
    "other indices": Mul((entry("a", "i"), entry("b", "j"))),
    "one of them": Mul((entry("a", "i"), entry("a", "i"))),
    "a quotient": Mul((entry("a", "i"), power(entry("b", "i"), -1))),
    "out of range": Mul((entry("a", "i-1"), entry("b", "i-1"))),
}


@pytest.mark.parametrize("name", APART)
def test_products_that_are_something_else_are_left(name: str) -> None:
    rule = as_rule(Statement(Mul((A, B)), C, WHOLE))
    work = Normaliser(known_from({I: whole("N"), J: whole("N")}))
    (term,) = work.poly(APART[name])
    assert rule(work, term) is None


HELPED = """
dim T
input x[T], v0, p0, dt
v[t] := v[t-1] + dt x[t]   with v[-1] := v0
p[t] := p[t-1] + dt v[t]   with p[-1] := p0
[v] v[t] = v0 + dt sum[r=0..t] x[r]
[p] p[t] = p0 + (t + 1) dt v0 + dt^2 sum[r=0..t] {weight} x[r]
"""


@pytest.mark.parametrize(
    ("weight", "expected"), [("(t + 1 - r)", "proved"), ("(t - r)", "refuted"), ("r", "refuted")]
)
def test_induction_with_a_lemma(weight: str, expected: str) -> None:
    *_, last = einrnn.parse(HELPED.format(weight=weight)).check()
    assert last.verdict == expected


HIDDEN = (
    "dim T, N\ninput p[T,N], q[T,N]\nindex r, t : T\n"
    "v[t,i] := {p[t,i] if t >= 1; q[t,i] otherwise}\nw[t] := sum[i] v[t,i]\n"
    "[l] sum[i] v[t,i] = sum[i] p[t,i] for t >= 1\n"
)


@pytest.mark.parametrize(
    ("claim", "holds"),
    [
        ("sum[t=1..T-1] sum[i] v[t,i] = sum[t=1..T-1,i] p[t,i]", True),
        ("sum[i] v[t,i] = sum[i] p[t,i]", False),
        ("sum[t,i] v[t,i] = sum[t,i] p[t,i]", False),
        ("sum[r=0..t-1] sum[i] v[r,i] = sum[r=0..t-1,i] p[r,i]   for t >= 1", False),
        ("sum[r=1..t] w[r] = sum[r=1..t,i] p[r,i]", True),
    ],
)
def test_a_claim_under_a_condition_is_a_lemma_within_it(claim: str, holds: bool) -> None:
    lemma, proved = proved_alone(f"{HIDDEN}[1] {claim}\n")
    assert lemma
    assert proved is holds
