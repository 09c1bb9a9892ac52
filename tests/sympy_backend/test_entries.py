"""Expressions at concrete sizes, against sympy written by hand and sympy.diff."""

import numpy as np
import pytest
import sympy as sp

from einrnn.core import affine as af
from einrnn.core import nodes as n
from einrnn.core.model import Clause, Definition, Fact, Model, Range
from einrnn.errors import EinrnnError, EvaluationError
from einrnn.sympy_backend.decide import is_zero
from einrnn.sympy_backend.entries import Entries
from tests.sympy_backend.documents import (
    ONE,
    ZERO,
    H,
    K,
    T,
    add,
    apply,
    at,
    ell,
    given,
    i,
    j,
    k,
    m,
    model,
    mul,
    number,
    over_time,
    r,
    rnn,
    size,
    sub,
    t,
    tensor,
    total,
    whole,
)

RNN = rnn()
SIZES = {"T": 3, "H": 2, "K": 2, "D": 1}
ALL = frozenset(RNN.definitions)


def real(name: str) -> sp.Symbol:
    return sp.Symbol(name, real=True)


def softmax() -> Model:
    exponent = sub(at("q", k), n.Reduce("logsumexp", ell, af.ZERO, af.last(size(K)), at("q", ell)))
    return model([given("q", K)], [tensor("p", [(k, K)], apply("exp", exponent))])


def test_sums_are_written_out_over_symbols() -> None:
    made = Entries(RNN, SIZES).expression(at("q", 1, 0), {}, frozenset({"q"}))
    expected = real("V[0,0]") * real("s[1,0]") + real("V[0,1]") * real("s[1,1]")
    assert made == expected


def test_only_unfolded_names_are_expanded() -> None:
    entries = Entries(RNN, SIZES)
    assert entries.expression(at("yhat", t, k), {t: 0, k: 1}) == real("yhat[0,1]")
    assert entries.expression(at("ds/dW", 2, 0, 1, 1), {}) == real("ds/dW[2,0,1,1]")
    assert entries.symbols[real("ds/dW[2,0,1,1]")] == ("ds/dW", (2, 0, 1, 1))
    chosen = entries.expression(at("s", 0, 1), {}, lambda name: name == "s")
    assert chosen == entries.expression(at("s", 0, 1), {}, frozenset({"s"}))
    inner = real("U[1,0]") * real("x[0,0]")
    inner += real("W[1,0]") * real("s0[0]") + real("W[1,1]") * real("s0[1]")
    assert chosen == sp.tanh(inner)


def test_softmax_is_rational_in_exp_at_construction() -> None:
    made = Entries(softmax(), {"K": 3}).expression(at("p", 1), {}, frozenset({"p"}))
    q = [real(f"q[{position}]") for position in range(3)]
    assert made == sp.exp(q[1]) / sum(map(sp.exp, q))
    assert not made.has(sp.log)


def test_facts_of_inputs() -> None:
    entries = Entries(model([given("a", K, facts=(Fact("positive"),)), given("b", K)], []), SIZES)
    assert entries.expression(at("a", 0), {}).is_positive
    assert entries.expression(at("b", 0), {}).is_real
    assert entries.expression(at("b", 0), {}).is_positive is None


def test_integer_inputs_are_looked_up() -> None:
    whole_numbers = given("tok", T, facts=(Fact("integer", None, size(K)),))
    made = model([whole_numbers, given("C", K, H)], [])
    looked_up = at("C", n.Affine(0, ((at("tok", t), 1),)), j)
    entries = Entries(made, SIZES, {"tok": np.array([1, 0, 1])})
    assert entries.expression(looked_up, {t: 2, j: 0}) == real("C[1,0]")
    assert entries.expression(at("tok", 1), {}) == 0
    assert Entries(made, SIZES).expression(at("tok", 1), {}) == real("tok[1]")
    with pytest.raises(EvaluationError, match="E601"):
        Entries(made, SIZES).expression(looked_up, {t: 2, j: 0})
    with pytest.raises(EvaluationError, match="E602"):
        Entries(made, SIZES, {"tok": np.array([1])}).expression(looked_up, {t: 0, j: 0})
    with pytest.raises(EvaluationError, match="E607"):
        Entries(made, SIZES, {"tok": np.full(3, 0.5)}).expression(looked_up, {t: 0, j: 0})


def test_cases_over_indices_are_decided_and_lazy() -> None:
    early = n.Compare("<=", n.Value(af.of(t)), n.Value(af.of(0)))
    read = n.Cases(((early, at("x", t, 0)),), at("x", af.shift(af.of(t), -1), 0))
    entries = Entries(RNN, SIZES)
    assert entries.expression(read, {t: 0}) == real("x[0,0]")
    assert entries.expression(read, {t: 2}) == real("x[1,0]")
    both = n.And((n.Not(early), n.Compare(">", at("x", af.shift(af.of(t), -1), 0), ZERO)))
    assert entries.expression(n.Cases(((both, ONE),), ZERO), {t: 0}) == 0
    either = n.Or((early, n.Compare(">", at("x", af.shift(af.of(t), -1), 0), ZERO)))
    assert entries.expression(n.Cases(((either, ONE),), ZERO), {t: 0}) == 1


def test_conditions_on_values_become_a_piecewise() -> None:
    cond = n.Compare(">", at("x", t, 0), ZERO)
    made = Entries(RNN, SIZES).expression(n.Cases(((cond, at("y", t, 0)),), ONE), {t: 1})
    x, y = real("x[1,0]"), real("y[1,0]")
    assert made == sp.Piecewise((y, x > 0), (1, True))


def test_reductions() -> None:
    entries = Entries(RNN, SIZES)
    empty = {
        op: entries.expression(n.Reduce(op, k, af.ONE, af.ZERO, at("s0", k)), {})
        for op in ("sum", "prod", "max", "min", "logsumexp")
    }
    assert empty == {"sum": 0, "prod": 1, "max": -sp.oo, "min": sp.oo, "logsumexp": -sp.oo}
    a, b = real("s0[0]"), real("s0[1]")
    full = n.Reduce("max", k, af.ZERO, af.ONE, at("s0", k))
    assert entries.expression(full, {}) == sp.Max(a, b)
    product = n.Reduce("prod", k, af.ZERO, af.ONE, at("s0", k))
    assert entries.expression(product, {}) == a * b


@pytest.mark.parametrize("rows", [1, 2, 3])
def test_matrix_functions(rows: int) -> None:
    made = model([given("A", H, H)], [])
    entries = Entries(made, {"H": rows})
    oracle = sp.Matrix(rows, rows, lambda a, b: real(f"A[{a},{b}]"))

    def matrix(op: n.MatrixOp, exponent: int, *where: int) -> sp.Expr:
        places = tuple(af.of(position) for position in where)
        node = n.Matrix(op, i, j, size(H), at("A", i, j), af.of(exponent), places)
        return entries.expression(node, {})

    last = rows - 1
    assert is_zero(matrix("det", 1) - oracle.det(), 5) is True
    assert is_zero(matrix("inv", 1, 0, last) - oracle.inv()[0, last], 5) is True
    assert is_zero(matrix("matpow", 3, last, 0) - (oracle**3)[last, 0], 5) is True
    assert is_zero(matrix("matpow", -1, 0, 0) - oracle.inv()[0, 0], 5) is True
    assert is_zero(matrix("logdet", 1) - sp.log(oracle.det()), 5) is True


def opaque(at_: int, *by: int) -> n.Expr:
    """Entry at_ of g(u[h], v) with u[h] = a[h] r and v = r^2, as a function of r."""
    arguments = (
        n.Argument((m,), (size(H),), mul(at("a", m), at("rho"))),
        n.Argument((), (), mul(at("rho"), at("rho"))),
    )
    partials = tuple((0, (af.of(h),)) if h < 2 else (1, ()) for h in by)
    return n.Opaque("g", (af.of(at_),), arguments, partials)


def test_the_chain_rule_of_an_opaque_function_holds() -> None:
    made = model([given("a", H), given("rho")], [])
    entries = Entries(made, {"H": 2})
    chain = add(
        *(mul(opaque(0, h), at("a", h)) for h in range(2)),
        mul(opaque(0, 2), number(2), at("rho")),
    )
    ours = entries.expression(chain, {})
    # the same with a concrete g, differentiated by sympy
    a0, a1, rho = real("a[0]"), real("a[1]"), real("rho")
    u0, u1, v = sp.symbols("u0 u1 v")
    g = sp.sin(u0) * u1**2 + sp.exp(u0 * v)
    point = {u0: a0 * rho, u1: a1 * rho, v: rho**2}
    calls = {call.label(): call for call in entries.calls.values()}
    for applied in ours.atoms(sp.core.function.AppliedUndef):
        call = calls[applied.func.__name__]
        inner = g
        for entry in call.by:
            inner = sp.diff(inner, (u0, u1, v)[entry])
        ours = ours.subs(applied, inner.subs(point))
    assert sp.simplify(ours - sp.diff(g.subs(point), rho)) == 0


def test_opaque_functions_at_equal_arguments_are_equal() -> None:
    entries = Entries(model([given("a", H), given("rho")], []), {"H": 2})
    left = entries.expression(opaque(0, 1, 0), {})
    right = entries.expression(opaque(0, 0, 1), {})
    assert left == right
    assert left != entries.expression(opaque(1, 0, 1), {})
    assert entries.calls["∂g[0]/∂(0,1)"].by == (0, 1)


@pytest.mark.parametrize("where", [(0, 1), (1, 1)])
def test_an_unfolded_derived_tensor_is_what_sympy_differentiates(where: tuple[int, int]) -> None:
    entries = Entries(RNN, SIZES)
    weight = entries.symbol("W", where)
    state = entries.expression(at("s", 2, 1), {}, ALL)
    derived = entries.expression(at("ds/dW", 2, 1, *where), {}, ALL)
    assert is_zero(sp.diff(state, weight) - derived, 5) is True
    loss = entries.expression(at("L"), {}, ALL)
    gradient = entries.expression(at("dL/dW", *where), {}, ALL)
    assert is_zero(sp.diff(loss, weight) - gradient, 5) is True
    assert is_zero(sp.diff(loss, weight) + gradient, 5) is False


def test_boundary_clauses_win() -> None:
    first = Clause((af.of(0),), {}, number(7))
    general = Clause((af.of(t),), {t: whole(T)}, at("f", af.shift(af.of(t), -1)))
    made = model([], [Definition("f", (whole(T),), (first, general))])
    assert Entries(made, {"T": 4}).expression(at("f", 3), {}, frozenset("f")) == 7


def _circular() -> Model:
    return model([], [tensor("f", [(t, T)], add(at("f", t), ONE))])


def _gap() -> Model:
    half = Clause((af.of(t),), {t: Range(af.ONE, af.last(size(T)))}, ONE)
    return model([], [Definition("f", (whole(T),), (half,))])


@pytest.mark.parametrize(
    ("made", "expr", "code"),
    [
        (RNN, at("x", 3, 0), "E603"),
        (RNN, at("x", 0), "E603"),
        (RNN, at("s", -2, 0), "E603"),
        (RNN, at("nowhere"), "E609"),
        (RNN, at("x", r, 0), "E612"),
        (model([given("A", n.Dim("Q"))], []), at("A", 0), "E610"),
        (_gap(), at("f", 0), "E604"),
        (_circular(), at("f", 0), "E605"),
        (RNN, n.Matrix("inv", i, j, size(H), ONE, af.ONE, (af.ZERO, af.ZERO)), "E606"),
        (RNN, n.Matrix("det", i, j, af.of(5), ONE, af.ONE, ()), "E613"),
        (RNN, n.Derivative("total", ONE, "x", ()), "E900"),
    ],
)
def test_failures_have_codes(made: Model, expr: n.Expr, code: str) -> None:
    with pytest.raises(EinrnnError, match=code):
        Entries(made, SIZES).expression(expr, {}, frozenset({"f"}))


def test_a_failure_leaves_no_trace() -> None:
    entries = Entries(_gap(), SIZES)
    with pytest.raises(EvaluationError):
        entries.expression(add(at("f", 1), at("f", 0)), {}, frozenset({"f"}))
    assert entries.expression(at("f", 1), {}, frozenset({"f"})) == 1


def test_a_thousand_unfolded_steps_and_five_thousand_terms() -> None:
    body = apply("tanh", mul(at("w"), at("s", af.shift(af.of(t), -1))))
    made = model([given("w")], [over_time("s", [], at("w"), body)])
    entries = Entries(made, {"T": 1000})
    assert isinstance(entries.expression(at("s", 999), {}, frozenset({"s"})), sp.tanh)
    many = total(t, af.of(5000), at("v", t))
    wide = Entries(model([given("v", T)], []), {"T": 5000})
    assert len(wide.expression(many, {}).args) == 5000
