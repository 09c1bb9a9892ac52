"""Numbers by way of sympy, against small numpy formulas."""

import math
import time

import numpy as np
import pytest
import sympy as sp
from hypothesis import given as for_all
from hypothesis import settings
from hypothesis import strategies as st

from einrnn.core import affine as af
from einrnn.core import nodes as n
from einrnn.core.functions import FUNCTIONS
from einrnn.core.model import Fact
from einrnn.errors import EinrnnError
from einrnn.sympy_backend.evaluate import SympyValues
from tests.sympy_backend.documents import (
    ONE,
    H,
    K,
    T,
    add,
    apply,
    at,
    div,
    given,
    i,
    j,
    m,
    model,
    mul,
    number,
    over_time,
    power,
    rnn,
    size,
    t,
    tensor,
    total,
)

SIZES = {"T": 5, "H": 3, "K": 4, "D": 2}


def arrays(seed: int) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    shapes = {"U": (3, 2), "W": (3, 3), "V": (4, 3), "x": (5, 2), "y": (5, 4), "s0": (3,)}
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def forward(data: dict[str, np.ndarray]) -> tuple[np.ndarray, float]:
    state, states, loss = data["s0"], [], 0.0
    for x, y in zip(data["x"], data["y"], strict=True):
        state = np.tanh(data["U"] @ x + data["W"] @ state)
        q = data["V"] @ state
        loss -= y @ (q - np.log(np.exp(q).sum()))
        states.append(state)
    return np.array(states), loss


@settings(max_examples=3, deadline=None)
@for_all(st.integers(0, 10**6))
def test_an_rnn_and_its_gradient(seed: int) -> None:
    data = arrays(seed)
    values = SympyValues(rnn(), SIZES, data)
    states, loss = forward(data)
    assert values.entry("L", ()) == pytest.approx(loss, rel=1e-12)
    assert values.entry("s", (4, 2)) == pytest.approx(states[4, 2], rel=1e-12)
    assert values.entry("s", (-1, 2)) == data["s0"][2]
    for place in ((0, 1), (2, 2)):
        moved = []
        for step in (1e-6, -1e-6):
            changed = {**data, "W": data["W"].copy()}
            changed["W"][place] += step
            moved.append(forward(changed)[1])
        slope = (moved[0] - moved[1]) / 2e-6
        assert values.entry("dL/dW", place) == pytest.approx(slope, rel=1e-5, abs=1e-8)


def test_an_expression_with_free_indices() -> None:
    data = arrays(1)
    values = SympyValues(rnn(), SIZES, data)
    expr = total(j, size(H), mul(at("W", i, j), at("s0", j)))
    assert values.value(expr, {i: 2}) == pytest.approx(float(data["W"][2] @ data["s0"]))


@pytest.mark.parametrize("name", sorted(name for name, row in FUNCTIONS.items() if row.arity == 1))
@pytest.mark.parametrize("x", [-2.5, -0.4, 0.0, 0.3, 1.7])
def test_functions(name: str, x: float) -> None:
    values = SympyValues(model([given("a")], []), {}, {"a": np.array(x)})
    with np.errstate(all="ignore"):
        expected = FUNCTIONS[name].value(x)
    found = values.value(apply(name, at("a")), {})
    assert found == pytest.approx(expected, rel=1e-13, nan_ok=True)


@pytest.mark.parametrize(
    ("expr", "expected"),
    [
        (apply("exp", mul(number(1000), at("a"))), math.inf),
        (apply("log", at("zero")), -math.inf),
        (apply("log", mul(number(-1), at("a"))), math.nan),
        (div(ONE, at("zero")), math.inf),
        (apply("sqrt", mul(number(-1), at("a"))), math.nan),
        (power(mul(number(10**9), at("a")), 60), math.inf),
        (power(mul(number(-(10**9)), at("a")), 61), -math.inf),
        (apply("undefined"), math.nan),
        (apply("inf"), math.inf),
        (number(10**400), math.inf),
        (mul(apply("exp", mul(number(1000), at("a"))), at("zero")), math.nan),
        (n.Pow(at("a"), apply("pi")), 1.0),
        (apply("sin", apply("exp", mul(number(1000), at("a")))), math.nan),
        (apply("sinh", mul(number(-1000), at("a"))), -math.inf),
    ],
)
def test_nothing_is_raised(expr: n.Expr, expected: float) -> None:
    made = model([given("a"), given("zero")], [])
    values = SympyValues(made, {}, {"a": np.array(1.0), "zero": np.array(0.0)})
    assert values.value(expr, {}) == pytest.approx(expected, nan_ok=True)


def test_cases_on_values_and_maxima() -> None:
    made = model([given("v", K)], [])
    values = SympyValues(made, SIZES, {"v": np.array([0.5, -1.0, 2.0, 1.5])})
    best = n.Reduce("max", j, af.ZERO, af.last(size(K)), at("v", j))
    assert values.value(best, {}) == 2.0
    cond = n.And((n.Compare(">", at("v", i), number(0)), n.Not(n.Compare("==", at("v", i), best))))
    chosen = n.Cases(((cond, number(7)),), div(ONE, at("v", i)))
    assert [values.value(chosen, {i: position}) for position in range(4)] == [7.0, -1.0, 0.5, 7.0]


def test_matrices() -> None:
    data = np.random.default_rng(3).normal(size=(3, 3))
    values = SympyValues(model([given("A", H, H)], []), SIZES, {"A": data})

    def matrix(op: n.MatrixOp, exponent: int, *where: int) -> float:
        places = tuple(map(af.of, where))
        node = n.Matrix(op, i, j, size(H), at("A", i, j), af.of(exponent), places)
        return values.value(node, {})

    assert matrix("inv", 1, 0, 2) == pytest.approx(np.linalg.inv(data)[0, 2])
    assert matrix("det", 1) == pytest.approx(np.linalg.det(data))
    power_ = np.linalg.matrix_power(data, 5)
    assert matrix("matpow", 5, 2, 1) == pytest.approx(power_[2, 1])


def test_opaque_functions_come_from_outside() -> None:
    """g(u) = u0^2 u1 at u = (a, 3a), and its derivatives."""

    def value(name: str, where: tuple[int, ...], point: object, by: object) -> float:
        assert (name, where) == ("g", (4,))
        u0, u1 = sp.symbols("u0 u1")
        g = u0**2 * u1
        for entry in by:
            g = sp.diff(g, (u0, u1)[entry])
        return float(g.subs(dict(zip((u0, u1), point, strict=True))))

    body = mul(add(n.Value(af.of(m)), n.Value(af.of(m)), ONE), at("a"))
    argument = n.Argument((m,), (af.of(2),), body)
    values = SympyValues(model([given("a")], []), {}, {"a": np.array(2.0)}, value)
    plain = n.Opaque("g", (af.of(4),), (argument,), ())
    twice = n.Opaque("g", (af.of(4),), (argument,), ((0, (af.of(0),)), (0, (af.of(1),))))
    assert values.value(plain, {}) == 2.0**2 * 6.0
    assert values.value(twice, {}) == 4.0
    with pytest.raises(EinrnnError, match="E900"):
        SympyValues(model([given("a")], []), {}, {"a": np.array(2.0)}).value(plain, {})


def test_look_ups() -> None:
    token = given("tok", T, facts=(Fact("integer", None, size(K)),))
    made = model([token, given("C", K)], [])
    data = {"tok": np.array([3, 0, 1, 1, 2]), "C": np.array([10.0, 11.0, 12.0, 13.0])}
    expr = at("C", n.Affine(0, ((at("tok", t), 1),)))
    values = SympyValues(made, SIZES, data)
    assert [values.value(expr, {t: time_}) for time_ in range(3)] == [13.0, 10.0, 11.0]
    assert values.value(at("tok", 0), {}) == 3.0


def test_long_recurrences_do_not_recurse() -> None:
    body = mul(at("w"), at("s", af.shift(af.of(t), -1)))
    made = model([given("w")], [over_time("s", [], ONE, body)])
    values = SympyValues(made, {"T": 3000}, {"w": np.array(0.999)})
    assert values.entry("s", (2999,)) == pytest.approx(0.999**3000)


@pytest.mark.parametrize(
    ("name", "place", "data", "code"),
    [
        ("f", (0,), {}, "E605"),
        ("v", (0,), {}, "E601"),
        ("v", (0,), {"v": np.zeros(3)}, "E602"),
        ("v", (9,), {"v": np.zeros(5)}, "E603"),
        ("g", (0,), {}, "E605"),
    ],
)
def test_failures_have_codes(
    name: str, place: tuple[int, ...], data: dict[str, np.ndarray], code: str
) -> None:
    made = model(
        [given("v", T)],
        [
            tensor("f", [(t, T)], add(at("f", t), ONE)),
            tensor("g", [(t, T)], at("h", t)),
            tensor("h", [(t, T)], at("g", t)),
        ],
    )
    with pytest.raises(EinrnnError, match=code):
        SympyValues(made, SIZES, data).entry(name, place)


def test_an_entry_takes_a_fraction_of_a_millisecond_to_evaluate() -> None:
    values = SympyValues(rnn(), SIZES, arrays(2))
    values.entry("dL/dW", (0, 0))
    order = values._order("ds/dW", (4, 0, 0, 1))
    for key in values._read(order):
        values._demand(key)
    start = time.process_time()
    for _ in range(200):
        values._number(order)
    assert (time.process_time() - start) / 200 < 1e-1
