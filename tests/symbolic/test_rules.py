"""Every rule of differentiation and of simplification, each against numbers."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO, compare, delta, iverson, number, power, total
from einrnn.core.functions import FUNCTIONS
from einrnn.core.model import Input, Model, Range
from einrnn.core.nodes import (
    Add,
    And,
    Apply,
    Cases,
    Compare,
    Derivative,
    Expr,
    Matrix,
    Mul,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.show import show
from einrnn.core.traverse import walk
from einrnn.numeric.interpret import Interpreter
from einrnn.symbolic import simplify as s
from einrnn.symbolic.derived import complete
from einrnn.symbolic.ranges import at_least_zero, decide
from einrnn.symbolic.tidy import tidy
from tests.builders import LETTERS, at, entry, size, whole

I, J, K, L, T = (LETTERS[i] for i in "ijklt")
N = size("N")
VECTOR = Model({"N": None}, {n: Input(n, (N,)) for n in "xyw"} | {"A": Input("A", (N, N))})


def vector(seed: int, count: int = 3) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    data = {name: rng.uniform(0.2, 0.9, count) for name in "xyw"}
    return data | {"A": rng.normal(size=(count, count)) + 2 * np.eye(count)}


def matrix(op: str, *where: str, exponent: int = 1) -> Matrix:
    body = entry("A", "i", "j")
    return Matrix(op, I, J, N, body, af.of(exponent), tuple(at(p) for p in where))


SCALARS: dict[str, Expr] = {
    name: Apply(name, (entry("x", "1"),)) for name, row in FUNCTIONS.items() if row.arity == 1
}
SCALARS |= {
    "larger": Apply("max", (entry("x", "0"), entry("y", "1"))),
    "smaller": Apply("min", (entry("x", "0"), entry("y", "1"))),
    "quotient": Mul((entry("x", "0"), power(entry("x", "1"), -1))),
    "power of a variable": Pow(entry("x", "1"), entry("x", "2")),
    "sum": total(K, N, Mul((entry("x", "k"), entry("x", "k"), entry("y", "k")))),
    "product": Reduce("prod", K, af.ZERO, af.last(N), entry("x", "k")),
    "largest": Reduce("max", K, af.ZERO, af.last(N), entry("x", "k")),
    "smallest": Reduce("min", K, af.ZERO, af.last(N), entry("x", "k")),
    "logsumexp": Reduce("logsumexp", K, af.ZERO, af.last(N), power(entry("x", "k"), 3)),
    "cases": Cases(
        ((Compare(">", entry("x", "1"), entry("y", "1")), power(entry("x", "1"), 2)),),
        entry("x", "0"),
    ),
    "dummy of the same name": total(J, N, Mul((entry("x", "j"), entry("y", "j")))),
}
MATRICES: dict[str, Expr] = {
    "inv": matrix("inv", "0", "2"),
    "det": matrix("det"),
    "logdet": Apply("log", (power(matrix("det"), 2),)),
    "matpow": matrix("matpow", "1", "2", exponent=3),
    "matpow 0": matrix("matpow", "1", "1", exponent=0),
    "of a product": Matrix(
        "det",
        I,
        J,
        N,
        total(K, N, Mul((entry("A", "i", "k"), entry("A", "j", "k")))),
        af.ONE,
        (),
    ),
}


def slope(expr: Expr, data, name: str, where: tuple[int, ...], step: float = 1e-4) -> float:
    def value(by: float) -> float:
        moved = {**data, name: data[name].copy()}
        moved[name][where] += by
        return float(Interpreter(VECTOR, {"N": 3}, moved).value(expr, {}))

    near, far = value(step) - value(-step), value(2 * step) - value(-2 * step)
    return (8 * near - far) / (12 * step)


@pytest.mark.parametrize("name", SCALARS)
def test_derivatives_by_a_vector(name: str):
    data = vector(1)
    expr = SCALARS[name]
    root = Derivative("total", expr, "x", (at("j"),))
    closed, (done,) = complete(VECTOR, [(root, {J: whole("N")})])
    for position in range(3):
        found = Interpreter(closed, {"N": 3}, data).value(done, {J: position})
        expected = slope(expr, data, "x", (position,))
        assert found == pytest.approx(expected, abs=1e-8), position


@pytest.mark.parametrize("name", MATRICES)
def test_derivatives_by_a_matrix(name: str):
    data = vector(2)
    expr = MATRICES[name]
    root = Derivative("total", expr, "A", (at("k"), at("l")))
    closed, (done,) = complete(VECTOR, [(root, {K: whole("N"), L: whole("N")})])
    for where in np.ndindex(3, 3):
        env = dict(zip((K, L), where, strict=True))
        found = Interpreter(closed, {"N": 3}, data).value(done, env)
        assert found == pytest.approx(slope(expr, data, "A", where), rel=1e-7, abs=1e-8)


def value_of(expr: Expr, env=None, seed: int = 5) -> float:
    return float(Interpreter(VECTOR, {"N": 3}, vector(seed)).value(expr, env or {}))


SIMPLIFIED = [
    (s.add([entry("x", "0"), entry("x", "0")]), "(* 2 x[0])"),
    (s.add([entry("x", "0"), Mul((number(-1), entry("x", "0")))]), "0"),
    (s.mul([entry("x", "0"), entry("x", "0"), number(3)]), "(* 3 (^ x[0] 2))"),
    (s.mul([entry("x", "0"), power(entry("x", "0"), -1)]), "1"),
    (s.mul([number(0), entry("x", "0")]), "0"),
    (s.pow_(Mul((number(2), entry("x", "0"))), number(-1)), "(* 1/2 (^ x[0] -1))"),
    (s.pow_(Pow(entry("x", "0"), number(3)), number(2)), "(^ x[0] 6)"),
    (s.apply("log", (Apply("exp", (entry("x", "0"),)),)), "x[0]"),
    (s.apply("exp", (ZERO,)), "1"),
    (s.total(K, whole("N"), Mul((delta(at("k"), at("0")), entry("x", "k"))), {}), "x[0]"),
    (s.total(K, whole("N"), number(2), {}), "(* 2 <N>)"),
    (s.cases([(compare("<", at("0"), at("1")), entry("x", "0"))], ONE, {}), "x[0]"),
    (s.guard(compare("==", at("0"), at("1")), entry("x", "0"), {}), "0"),
]


@pytest.mark.parametrize(("built", "expected"), SIMPLIFIED)
def test_builders_simplify(built: Expr, expected: str):
    assert show(built) == expected


def test_a_delta_outside_the_range_keeps_its_guard():
    found = s.total(K, whole("N"), Mul((delta(at("k"), at("j+1")), entry("x", "k"))), {})
    assert "(<= <j+1> <N-1>)" in show(found)
    ranges = {J: whole("N")}
    found = s.total(K, whole("N"), Mul((delta(at("k"), at("j+1")), entry("x", "k"))), ranges)
    assert show(found) == "{x[j+1] if (<= <j+1> <N-1>); 0}"


def test_even_coefficients_are_not_solved():
    double = af.scale(af.of(K), 2)
    body = Mul((iverson(Compare("==", Value(double), Value(at("j")))), entry("x", "k")))
    assert isinstance(s.total(K, whole("N"), body, {J: whole("N")}), Reduce)


def test_signs_of_index_expressions():
    ranges = {T: whole("T"), K: Range(af.ZERO, at("t"))}
    assert at_least_zero(af.minus(af.of(T), af.of(K)), ranges)
    assert not at_least_zero(at("t-1"), ranges)
    assert decide(And((compare("<=", at("k"), at("t")),)), ranges) is True
    assert decide(compare("<", at("t"), at("k")), ranges) is False
    assert decide(compare("==", at("t"), at("0")), ranges) is None


ATOMS = st.sampled_from(
    [entry("x", "i"), entry("y", "i"), entry("x", "0"), number(2), number(Fraction(-1, 3)), ZERO]
)


def _grow(below: st.SearchStrategy[Expr]) -> st.SearchStrategy[Expr]:
    pairs = st.lists(below, min_size=2, max_size=3).map(tuple)
    return st.one_of(
        pairs.map(Add),
        pairs.map(Mul),
        below.map(lambda e: Pow(e, number(2))),
        below.map(lambda e: Apply("tanh", (e,))),
        below.map(lambda e: Mul((delta(at("i"), at("j")), e))),
        below.map(lambda e: total(I, N, e)),
        below.map(lambda e: Cases(((compare("<", at("i"), at("j")), e),), ONE)),
    )


EXPRESSIONS = st.recursive(ATOMS, _grow, max_leaves=12)


@settings(max_examples=150, deadline=None)
@given(EXPRESSIONS)
def test_simplification_keeps_the_value(expr: Expr):
    ranges = {I: whole("N"), J: whole("N")}
    simple = tidy(expr, ranges)
    for env in ({I: 0, J: 0}, {I: 1, J: 2}, {I: 2, J: 0}):
        assert value_of(simple, env) == pytest.approx(value_of(expr, env), rel=1e-9, abs=1e-9)


@settings(max_examples=80, deadline=None)
@given(EXPRESSIONS)
def test_simplification_is_idempotent(expr: Expr):
    ranges = {I: whole("N"), J: whole("N")}
    once = tidy(expr, ranges)
    assert tidy(once, ranges) is once


@settings(max_examples=60, deadline=None)
@given(EXPRESSIONS)
def test_random_derivatives_agree_with_differences(expr: Expr):
    data = vector(5)
    ranges = {I: whole("N"), J: whole("N"), K: whole("N")}
    root = Derivative("total", expr, "x", (at("k"),))
    closed, (done,) = complete(VECTOR, [(root, ranges)])
    assert not any(isinstance(node, Derivative) for node in walk(done))
    env = {I: 1, J: 2, K: 1}

    def value(by: float) -> float:
        moved = {**data, "x": data["x"] + by * np.eye(3)[1]}
        return float(Interpreter(VECTOR, {"N": 3}, moved).value(expr, env))

    step = 1e-4
    near, far = value(step) - value(-step), value(2 * step) - value(-2 * step)
    expected = (8 * near - far) / (12 * step)
    found = float(Interpreter(closed, {"N": 3}, data).value(done, env))
    assert found == pytest.approx(expected, rel=1e-6, abs=1e-6 * (1 + abs(value(0))))
