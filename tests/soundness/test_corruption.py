"""Each pass of the prover made wrong on purpose: it then proves something false, and the
numeric tier refuses the verdict all the same."""

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction

import pytest

import einrnn
from einrnn.core import affine as af
from einrnn.core.build import ONE, number
from einrnn.core.functions import FUNCTIONS
from einrnn.core.nodes import Index
from einrnn.symbolic.normal import (
    brackets,
    domain,
    dummies,
    expand,
    geometric,
    orders,
    reflect,
    rules,
    settle,
    zero,
)
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import at_least_zero
from einrnn.symbolic.normal.facts import Facts
from einrnn.symbolic.normal.terms import Term
from einrnn.symbolic.proof import exchange, factored, induction, opening, prover, scaled
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Proof
from tests.fuzz.mutations import Edit, outcome

Patch = Callable[[pytest.MonkeyPatch], None]
TABLE: dict[str, tuple[Patch, str]] = {}


def corrupts(text: str) -> Callable[[Patch], Patch]:
    """Registers a corruption with the false claim that it lets through."""

    def keep(patch: Patch) -> Patch:
        TABLE[patch.__name__] = patch, text
        return patch

    return keep


@corrupts("input x[N]\n[1] tanh(-x[i]) = tanh(x[i])")
def sign_of_an_odd_function_lost(patch):
    honest = expand.with_parity

    def wrong(function, inner):
        found = honest(function, inner)
        return {term: abs(coefficient) for term, coefficient in found.items()}

    patch.setattr(expand, "with_parity", wrong)


@corrupts("index i, j : N\ninput x[N]\n[1] delta[i,j] x[i] x[j] = x[i] x[j]")
def delta_taken_for_one(patch):
    patch.setattr(brackets, "is_zero", lambda value: at_least_zero(af.ZERO))


@corrupts("index t, r : T\ninput x[T]\n[1] sum[r=0..t] x[r] = sum[r=1..t] x[r]")
def lower_bound_of_a_sum_lost(patch):
    honest = expand.within
    patch.setattr(expand, "within", lambda inner, i, low, high: honest(inner, i, af.of(i), high))


@corrupts("input x[T], y[T]\n[1] sum[t=1..T-1] x[t] y[T-1-t] = sum[t=1..T-1] x[T-1-t] y[t]")
def sum_turned_round_without_its_range(patch):
    def wrong(work, term):
        turned = [term]
        for index in term.bound:
            low, high = settle.span(term, index)
            other = af.minus(af.shift(af.plus(low, high), -1), af.of(index))
            factors = tm.rename(term, {index: other}).factors
            turned.append(Term(term.bound, term.conds, factors))
        return {min(turned, key=reflect._downwards_and_key): Fraction(1)}

    patch.setattr(reflect, "_least", wrong)
    # random numbers would tell the difference before
    patch.setattr(zero, "surely_differs", lambda work, difference: False)


@corrupts("index i, j : N\ninput g[N,N]\n[1] sum[i,j: i < j] g[i,j] = 1/2 sum[i,j: i != j] g[i,j]")
def pairs_halved_whatever_their_order_means(patch):
    patch.setattr(orders, "_is_the_same", lambda *_: True)
    # random numbers would tell the difference before
    patch.setattr(zero, "surely_differs", lambda work, difference: False)


@corrupts("index t, r : T\ninput x[T]\n[1] sum[r=0..t] x[r] = sum[r] x[r]")
def upper_bound_of_a_sum_lost(patch):
    honest = expand.within

    def wrong(inner, index, low, high):
        last = af.plus(af.last(af.of(einrnn.core.nodes.Dim("T"))), af.of(index), -1)
        return honest(inner, index, low, last)

    patch.setattr(expand, "within", wrong)


@corrupts("input x[N]\n[1] sum[j,k] x[j] x[k] = sum[k] x[k]^2")
def dummies_captured(patch):
    honest = expand.canonical

    def wrong(term: Term, *_: object) -> Term:
        one = Index("·0")
        moved = tm.rename(Term((), term.conds, term.factors), {i: af.of(one) for i in term.bound})
        return honest(Term((one,) if term.bound else (), moved.conds, moved.factors))

    patch.setattr(expand, "canonical", wrong)


@corrupts("index i, j : N\ninput x[N]\n[1] x[i] [i <= j] = 2 x[i] [i <= j]")
def anything_follows_from_bounds(patch):
    patch.setattr(settle, "follows", lambda known, goal: True)


@corrupts("input A[N,N]\n[1] A[i,j] = A[j,i]")
def every_matrix_taken_for_symmetric(patch):
    patch.setattr(opening, "facts_of", lambda model: Facts(symmetric=frozenset(model.inputs)))


@corrupts("input m[N], x[N]\n[1] m[i]^2 x[i] = m[i] x[i]")
def every_tensor_taken_for_boolean(patch):
    patch.setattr(rules, "fact_rules", lambda given: [rules._idempotent(given)])


@corrupts("input x[N]\n[1] sum[i] x[i]/(1 + x[i]) = N + sum[i] 1/(1 + x[i])")
def remainder_of_a_quotient_added(patch):
    honest = rules.reduce_quotient

    def wrong(work, term):
        found = honest(work, term)
        return None if found is None else {t: abs(c) for t, c in found.items()}

    patch.setattr(rules, "reduce_quotient", wrong)


@corrupts(
    "index t, r : T\ninput x[T], a\ns[t] := tanh(a s[t-1] + x[t]) with s[-1] := 0\n"
    "[1] ds[t]/ds[r] = 0"
)
def everything_taken_for_later(patch):
    patch.setattr(Opener, "causal", lambda self, work, term: {})


@corrupts("index t : T\ninput a\ns[t] := a s[t-1] with s[-1] := 1\n[1] s[t] = 0")
def induction_without_a_base(patch):
    patch.setattr(induction, "at", lambda opener, statement, when, beside=(): True)


@corrupts("dim N\ninput a\n[1] (a - 1) sum[k=0..N-1] a^k = a^N")
def one_end_of_a_geometric_sum_forgotten(patch):
    honest = geometric._replaced

    def wrong(work, term, index, ends, at_ends, rest, leading):
        upper = {t: c for t, c in at_ends.items() if c > 0}
        return honest(work, term, index, ends, upper, rest, leading)

    patch.setattr(geometric, "_replaced", wrong)


@corrupts(
    "dim T, H\ninput A[H,H], c[H], h0[H]\nindex t : T\n"
    "h[t,i] := A[i,j] h[t-1,j]   with h[-1,i] := h0[i]\no[t] := c[i] h[t,i]\n"
    "[1] do[t]/dh0[k] = sum[i] c[i] A[i,k] h[t,k]"
)
def what_is_needed_taken_for_proved(patch):
    honest = factored.by_needed
    found = Proof("nothing")
    patch.setattr(prover, "by_needed", lambda *args: honest(*args[:3], lambda needed: found))


@corrupts(
    "dim T\ninput b, u[T], w[T]\nindex t : T\nh[t] := b h[t-1] + u[t]   with h[-1] := 0\n"
    "a[t] := w[t] + b a[t+1]   with a[T] := 0\n[1] sum[t] w[t] h[t] = 2 sum[t] a[t] u[t]"
)
def sum_opened_in_turn_forgotten(patch):
    patch.setattr(exchange, "is_zero", lambda work, poly: True)


@corrupts("index t : T\ninput a\ns[t] := a s[t-1] with s[-1] := 1\n[1] (1 - a) s[t] = 0")
def factor_from_time_to_time_without_a_start(patch):
    patch.setattr(scaled, "at", lambda opener, statement, when, beside=(): True)


@corrupts("index t : T\ninput a, x[T]\ns[t] := a s[t-1] + x[t] with s[-1] := 0\n[1] s[t] = 0")
def induction_without_a_step(patch):
    patch.setattr(induction, "step", lambda opener, *args: True)


@corrupts("input x[N] positive\n[1] log(1 + exp(x[i])) = 1 + x[i]")
def logarithm_taken_for_additive(patch):
    patch.setattr(
        expand,
        "logarithm",
        lambda work, inner: work.canonical(
            tm.plus(
                [
                    tm.ONE if term == tm.UNIT else work.poly(term.factors[0][0].args[0])
                    for term in inner
                ]
            )
        ),
    )


@pytest.fixture
def _nothing_remembered():
    """What one prover worked out must not serve another one that is corrupted."""
    kept = (settle.settle, dummies._canonical, domain.follows)  # as they are before patches
    for function in kept:
        function.cache_clear()
    yield
    for function in kept:
        function.cache_clear()


@pytest.mark.parametrize("name", TABLE)
@pytest.mark.usefixtures("_nothing_remembered")
def test_a_corrupted_prover_proves_nothing_false(name: str, monkeypatch: pytest.MonkeyPatch):
    corrupt, text = TABLE[name]
    assert outcome(Edit("-", "1", "", text)) == "false"
    settle.settle.cache_clear()
    dummies._canonical.cache_clear()
    corrupt(monkeypatch)
    assert outcome(Edit("-", "1", "", text)) == "FALSE PROOF", "the corruption does nothing"
    assert einrnn.parse(text).check(timeout=3)["1"].verdict == "refuted"


@pytest.mark.parametrize(
    ("function", "wrong"), [("tanh", ONE), ("sigmoid", ONE), ("exp", number(2))]
)
def test_a_wrong_derivative_is_a_defect_and_no_proof(
    function: str, wrong, monkeypatch: pytest.MonkeyPatch
):
    """All engines evaluate the same derived formula: finite differences alone can tell."""
    row = replace(FUNCTIONS[function], derivatives=(lambda x: wrong,))
    monkeypatch.setitem(FUNCTIONS, function, row)
    slope = "1" if wrong is ONE else "2"
    text = f"input x[N]\nf := sum[i] {function}(x[i])\n[1] df/dx[i] = {slope}"
    verdict = einrnn.parse(text).check(timeout=3)["1"]
    assert verdict.verdict == "invalid"
    assert verdict.diagnostics[0].code == "E900"
