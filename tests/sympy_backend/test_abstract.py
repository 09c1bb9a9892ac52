"""Core to abstract sympy, against expressions written with sympy directly."""

import time

import pytest
import sympy as sp

from einrnn.core import affine as af
from einrnn.core import nodes as n
from einrnn.core.model import Model
from einrnn.sympy_backend.abstract import Comprehension, abstract
from tests.sympy_backend.documents import (
    ONE,
    ZERO,
    H,
    K,
    T,
    add,
    apply,
    at,
    div,
    ell,
    i,
    is_delta,
    j,
    k,
    m,
    mul,
    number,
    power,
    size,
    sub,
    t,
    total,
)

EMPTY = Model()
II, J, KK, L, M, TT = (sp.Symbol(name, integer=True) for name in "ijklmt")
DIM_H, DIM_K = (sp.Symbol(name, integer=True, positive=True) for name in "HK")


def indexed(name: str, *args: object) -> sp.Expr:
    return sp.IndexedBase(sp.Symbol(name))[args]


def test_a_contraction_is_a_sum_of_indexed() -> None:
    made = abstract(total(m, size(H), mul(at("V", ell, m), at("s", t, m))), EMPTY)
    assert made == sp.Sum(indexed("V", L, M) * indexed("s", TT, M), (M, 0, DIM_H - 1))


def test_a_derived_tensor_keeps_its_name() -> None:
    made = abstract(at("ds/dW", af.shift(af.of(t), -1), 0, i, j), EMPTY)
    assert made == indexed("ds/dW", TT - 1, 0, II, J)
    assert made.base.label.name == "ds/dW"


def test_a_tensor_without_axes_is_a_symbol() -> None:
    assert abstract(at("L"), EMPTY) == sp.Symbol("L")


def test_deltas_and_iverson_brackets() -> None:
    assert abstract(is_delta(i, ell), EMPTY) == sp.KroneckerDelta(II, L)
    differ = n.Compare("!=", n.Value(af.of(i)), n.Value(af.of(ell)))
    assert abstract(n.Cases(((differ, ONE),), ZERO), EMPTY) == 1 - sp.KroneckerDelta(II, L)
    below = n.Compare("<", n.Value(af.of(i)), n.Value(af.of(ell)))
    made = abstract(n.Cases(((below, ONE),), ZERO), EMPTY)
    assert made.subs({II: 1, L: 2}) == 1
    assert made.subs({II: 2, L: 2}) == 0


def test_cases_with_lazy_values_are_a_piecewise() -> None:
    same = n.Compare("==", n.Value(af.of(i)), n.Value(af.of(ell)))
    made = abstract(n.Cases(((same, at("x", i)),), apply("undefined")), EMPTY)
    assert made.subs({II: 3, L: 3}) == indexed("x", 3)
    assert made.subs({II: 3, L: 4}) is sp.nan


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("sigmoid", lambda x: 1 / (1 + sp.exp(-x))),
        ("softplus", lambda x: sp.log(1 + sp.exp(x))),
        ("relu", lambda x: sp.Max(0, x)),
        ("tanh", sp.tanh),
        ("erf", sp.erf),
        ("abs", sp.Abs),
        ("sign", sp.sign),
        ("sqrt", sp.sqrt),
        ("asin", sp.asin),
    ],
)
def test_functions(name: str, value: object) -> None:
    assert abstract(apply(name, at("a")), EMPTY) == value(sp.Symbol("a"))


def test_step_is_zero_at_zero() -> None:
    made = abstract(apply("step", at("a")), EMPTY)
    assert [made.subs(sp.Symbol("a"), value) for value in (-1, 0, 2)] == [0, 0, 1]
    assert not made.has(sp.Heaviside)


def test_constants_and_sizes() -> None:
    assert abstract(apply("pi"), EMPTY) is sp.pi
    assert abstract(apply("undefined"), EMPTY) is sp.nan
    assert abstract(div(ONE, n.Value(size(K))), EMPTY) == 1 / DIM_K
    assert abstract(n.Value(size(K)), Model(dims={"K": 3})) == 3


def test_logsumexp_is_log_of_a_sum() -> None:
    made = abstract(n.Reduce("logsumexp", k, af.ZERO, af.last(size(K)), at("q", t, k)), EMPTY)
    assert made == sp.log(sp.Sum(sp.exp(indexed("q", TT, KK)), (KK, 0, DIM_K - 1)))


def test_products_and_maxima() -> None:
    made = abstract(n.Reduce("prod", k, af.ZERO, af.last(size(K)), at("q", k)), EMPTY)
    assert made == sp.Product(indexed("q", KK), (KK, 0, DIM_K - 1))
    short = abstract(n.Reduce("max", k, af.ZERO, af.of(1), at("q", k)), EMPTY)
    assert short == sp.Max(indexed("q", 0), indexed("q", 1))
    long = abstract(n.Reduce("max", k, af.ZERO, af.last(size(K)), at("q", t, k)), EMPTY)
    assert long.func == sp.Function("max")
    assert long.subs(KK, 3) == long
    assert long.subs(TT, 3) == sp.Function("max")(
        Comprehension(indexed("q", 3, KK), (KK, 0, DIM_K - 1))
    )


def test_matrices_and_opaque_functions_are_undefined_functions() -> None:
    inverse = n.Matrix("inv", i, j, size(H), at("A", i, j), af.ONE, (af.of(ell), af.of(m)))
    body = Comprehension(indexed("A", II, J), (II, 0, DIM_H - 1), (J, 0, DIM_H - 1))
    assert abstract(inverse, EMPTY) == sp.Function("inv")(body, L, M)
    scalar = n.Argument((), (), at("a"))
    vector = n.Argument((i,), (size(H),), at("x", i))
    plain = n.Opaque("f", (), (vector, scalar), ())
    by = n.Opaque("f", (), (vector, scalar), ((0, (af.of(ell),)), (1, ())))
    list_x = Comprehension(indexed("x", II), (II, 0, DIM_H - 1))
    assert abstract(plain, EMPTY) == sp.Function("f")(list_x, sp.Symbol("a"))
    assert abstract(by, EMPTY) == sp.Function("∂f/∂(0,1)")(L, list_x, sp.Symbol("a"))


def test_names_are_never_read_as_code() -> None:
    name = "__import__('os').getcwd()"
    assert abstract(at(name), EMPTY) == sp.Symbol(name)
    assert abstract(at(name, i), EMPTY).base.label.name == name


def test_doit_gives_the_entries() -> None:
    made = abstract(total(m, size(H), mul(is_delta(m, ell), at("s", m))), EMPTY)
    assert made.subs(DIM_H, 3).doit().subs(L, 1) == indexed("s", 1)


def test_five_thousand_terms() -> None:
    terms = [mul(number(q), at("x", q)) for q in range(1, 5001)]
    start = time.process_time()
    made = abstract(add(*terms), EMPTY)
    assert len(made.args) == 5000
    assert time.process_time() - start < 120


STEPS = {
    "tanh": lambda e: apply("tanh", add(mul(e, at("w")), ONE)),
    "softplus": lambda e: apply("softplus", e),
    "sigmoid": lambda e: apply("sigmoid", e),
    "relu": lambda e: apply("relu", sub(e, at("w"))),
    "sum": lambda e: total(k, size(K), mul(e, at("x", k))),
    "logsumexp": lambda e: n.Reduce("logsumexp", k, af.ZERO, af.of(1), mul(e, at("x", k))),
    "max": lambda e: n.Reduce("max", k, af.ZERO, af.last(size(K)), mul(e, at("x", k))),
    "power": lambda e: power(sub(e, ONE), 2),
    "quotient": lambda e: div(at("w"), add(e, ONE)),
    "cases": lambda e: n.Cases(((n.Compare(">", e, at("w")), mul(e, at("w"))),), e),
    "det": lambda e: n.Matrix("det", i, j, size(H), add(e, at("A", i, j)), af.ONE, ()),
    "opaque": lambda e: n.Opaque("f", (), (n.Argument((), (), e),), ()),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_thousand_nested_steps(name: str) -> None:
    expr: n.Expr = at("w")
    for _ in range(1000):
        expr = STEPS[name](expr)
    start = time.process_time()
    made = abstract(expr, Model())
    assert isinstance(made, sp.Expr)
    assert time.process_time() - start < 120


def test_tall_sums_bind_their_index() -> None:
    expr: n.Expr = at("w")
    for _ in range(60):
        expr = total(t, size(T), add(expr, at("x", t)))
    made = abstract(expr, EMPTY)
    assert TT not in made.free_symbols
