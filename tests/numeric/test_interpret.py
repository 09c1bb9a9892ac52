from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from einrnn.core.nodes import Add, Index, Pow
from einrnn.errors import EvaluationError
from einrnn.numeric.interpret import Interpreter
from tests.numeric.building import (
    argument,
    both,
    built,
    cases,
    cmp,
    dims,
    ex,
    fn,
    letters,
    lookup,
    matrix,
    opaque,
    red,
    tanh,
    tensors,
    total,
)
from tests.numeric.networks import lstm, rnn, rnn_arrays

i, j, k, t, n = letters("i j k t n")
H, N, TT = dims("H N T")
EMPTY = built().model


def value(expression, env=None, model=EMPTY, sizes=None, arrays=None):
    found = Interpreter(model, sizes or {}, arrays or {})
    return found.value(ex(expression), {Index(a): b for a, b in (env or {}).items()})


def rnn_by_hand(a, sizes):
    s = np.zeros((sizes["T"] + 1, sizes["H"]))
    for step in range(sizes["T"]):
        s[step + 1] = np.tanh(a["U"] @ a["x"][step] + a["W"] @ s[step])
    q = s[1:] @ a["V"].T
    yhat = np.exp(q) / np.exp(q).sum(1, keepdims=True)
    return s, yhat, -(a["y"] * np.log(yhat)).sum() / sizes["N"]


def test_the_rnn_agrees_with_numpy_by_hand():
    sizes = {"D": 2, "H": 3, "K": 4, "T": 5, "N": 5}
    arrays = rnn_arrays(np.random.default_rng(0), sizes)
    s, yhat, loss = rnn_by_hand(arrays, sizes)
    found = Interpreter(rnn(), sizes, arrays)
    np.testing.assert_allclose(found.tensor("s"), s, rtol=1e-13)
    np.testing.assert_allclose(found.tensor("yhat"), yhat, rtol=1e-13)
    assert found.entry("L", ()) == pytest.approx(loss, rel=1e-13)
    assert found.entry("s", (-1, 2)) == 0


def test_hand_written_gradients_agree_with_finite_differences_of_the_loss():
    sizes = {"D": 2, "H": 2, "K": 3, "T": 5, "N": 5}
    arrays = rnn_arrays(np.random.default_rng(1), sizes)
    gradient = Interpreter(rnn(), sizes, arrays).tensor("dL/dW")
    for place in np.ndindex(2, 2):
        losses = []
        for h in (1e-5, -1e-5):
            shifted = {("W", place): arrays["W"][place] + h}
            losses.append(Interpreter(rnn(), sizes, arrays, overrides=shifted).entry("L", ()))
        assert gradient[place] == pytest.approx((losses[0] - losses[1]) / 2e-5, rel=1e-6)


def test_a_disturbed_state_moves_everything_downstream():
    sizes = {"D": 2, "H": 2, "K": 3, "T": 5, "N": 5}
    arrays = rnn_arrays(np.random.default_rng(2), sizes)
    plain = Interpreter(rnn(), sizes, arrays)
    h = 1e-6
    start = plain.entry("s", (1, 0))
    moved = Interpreter(rnn(), sizes, arrays, overrides={("s", (1, 0)): start + h})
    for step, m in np.ndindex(5, 2):
        slope = (moved.entry("s", (step, m)) - plain.entry("s", (step, m))) / h
        assert slope == pytest.approx(plain.entry("ds/ds", (step, m, 1, 0)), abs=1e-5)
    assert moved.own_value("s", (1, 0)) == start
    assert moved.entry("s", (1, 0)) == start + h


def test_the_derivative_by_way_of_all_earlier_times_agrees_with_the_recurrence():
    sizes = {"D": 2, "H": 2, "K": 3, "T": 5, "N": 5}
    found = Interpreter(rnn(), sizes, rnn_arrays(np.random.default_rng(3), sizes))
    np.testing.assert_allclose(found.tensor("ds/dW")[1:], found.tensor("dsdW20"), rtol=1e-12)


def test_mutual_recursion():
    rng = np.random.default_rng(4)
    sizes = {"D": 2, "H": 3, "T": 6}
    arrays = {"x": rng.normal(size=(6, 2)), "w": rng.normal(size=3)}
    for g in "ifog":
        arrays[f"A{g}"] = rng.normal(size=(3, 2))
        arrays[f"B{g}"] = rng.normal(size=(3, 3))
    h, c = np.sin(arrays["w"]), np.zeros(3)
    for step in range(6):
        z = {g: arrays[f"A{g}"] @ arrays["x"][step] + arrays[f"B{g}"] @ h for g in "ifog"}
        sigmoid = {g: 1 / (1 + np.exp(-z[g])) for g in "ifo"}
        c = sigmoid["f"] * c + sigmoid["i"] * np.tanh(z["g"])
        h = sigmoid["o"] * np.tanh(c)
    np.testing.assert_allclose(Interpreter(lstm(), sizes, arrays).tensor("h")[-1], h, rtol=1e-12)


def test_rational_operations_on_fractions_are_exact():
    A = tensors("A")
    b = built().input("A", H, H)
    b.define("B", [H, H], ((i, j), {i: H, j: H}, matrix("inv", k, n, H, A[k, n], (i, j))))
    b.define("d", [], ((), {}, matrix("det", k, n, H, A[k, n])))
    b.define("m", [], ((), {}, red("max", k, 0, H - 1, A[k, 0] / 3)))
    rows = np.array([[Fraction(1, 2), 2, 0], [3, Fraction(1, 3), 1], [0, 1, 5]], dtype=object)
    found = Interpreter(b.model, {"H": 3}, {"A": rows})
    inverse = found.tensor("B")
    assert (inverse @ rows == np.eye(3, dtype=int)).all()
    assert all(isinstance(entry, Fraction) for entry in inverse.ravel())
    exact = Fraction(1, 2) * (Fraction(5, 3) - 1) - 2 * (15 - 0)
    assert found.entry("d", ()) == exact
    assert found.entry("m", ()) == 1
    assert isinstance(found.value(ex(fn("exp", 0)), {}), float)


@pytest.mark.parametrize(
    ("op", "neutral"), [("sum", 0), ("prod", 1), ("max", -math.inf), ("logsumexp", -math.inf)]
)
def test_empty_ranges_have_the_neutral_element(op, neutral):
    assert value(red(op, i, 0, -1, i)) == neutral


def test_domain_errors_are_ieee_values():
    zero = ex(0)
    assert value(1 / fn("abs", zero)) == math.inf
    assert math.isnan(value(fn("abs", zero) / zero))
    assert math.isnan(value(fn("sqrt", -1)))
    assert value(fn("log", zero)) == -math.inf
    assert value(fn("exp", 10**6)) == math.inf
    assert math.isnan(value(fn("relu", fn("undefined"))))
    assert math.isnan(value(fn("abs", -2) * -1 / 2 * fn("undefined")))
    assert math.isnan(value(Pow(ex(-2), ex(Fraction(1, 2)))))


def test_only_the_chosen_branch_is_looked_at():
    x = tensors("x")
    b = built().input("x", N)
    arrays = {"x": np.array([1.0, 2.0])}
    guarded = cases((both(cmp(">=", i, 1), cmp("==", x[i - 1], 1)), 7), (cmp(">=", i, 1), x[i - 1]))
    assert value(guarded, {"i": 0}, b.model, {"N": 2}, arrays) == 0
    assert value(guarded, {"i": 1}, b.model, {"N": 2}, arrays) == 7
    assert value(guarded, {"i": 2}, b.model, {"N": 2}, arrays) == 2


def test_positions_may_be_looked_up():
    tok, C = tensors("tok C")
    b = built().input("tok", N).input("C", 5, N)
    arrays = {"tok": np.array([3, 0]), "C": np.arange(10.0).reshape(5, 2)}
    assert value(C[lookup(tok[0]), 1], {}, b.model, {"N": 2}, arrays) == 7
    arrays["tok"] = np.array([0.5, 0])
    with pytest.raises(EvaluationError, match="E607"):
        value(C[lookup(tok[0]), 1], {}, b.model, {"N": 2}, arrays)


def test_opaque_functions_have_the_derivatives_they_claim():
    x, y = tensors("x y")
    b = built().input("x", 2).input("y", 2, 2)
    args = [argument([i], [2], x[i]), argument([i, j], [2, 2], y[i, j])]
    arrays = {"x": np.array([0.3, -1.0]), "y": np.array([[1.0, 2.0], [0.1, 0.7]])}
    h = 1e-6
    for partials in [(), ((0, (1,)),)]:
        low, high = (
            Interpreter(b.model, {}, arrays, overrides={("y", (1, 0)): 0.1 + d}).value(
                ex(opaque("f", (1,), args, partials)), {}
            )
            for d in (-h, h)
        )
        slope = opaque("f", (1,), args, (*partials, (1, (1, 0))))
        assert value(slope, {}, b.model, {}, arrays) == pytest.approx(
            (high - low) / 2 / h, rel=1e-6
        )
    assert value(opaque("f", (1,), args), {}, b.model, {}, arrays) != value(
        opaque("f", (0,), args), {}, b.model, {}, arrays
    )


def test_long_recurrences_and_tall_expressions_do_not_use_up_the_stack():
    s = tensors("s")
    b = built()
    b.define("s", [(-1, TT - 1)], ((-1,), {}, 1), ((t,), {t: TT}, s[t - 1] / 2 + 1))
    assert Interpreter(b.model, {"T": 3000}, {}).entry("s", (2999,)) == pytest.approx(2)
    tall = cases((cmp(">", i, 0), i.value()))
    for _ in range(3000):
        tall = tanh(tall + 1)
    assert value(tall, {"i": 1}) == pytest.approx(0.9611, abs=1e-3)
    assert value(Add(tuple(ex(c) for c in range(5000)))) == 5000 * 4999 / 2


def error(model, sizes, arrays, name, place):
    with pytest.raises(EvaluationError) as caught:
        Interpreter(model, sizes, arrays).entry(name, place)
    return str(caught.value)


def test_errors_name_tensor_axis_and_position():
    x, a, c = tensors("x a c")
    b = built().input("x", N)
    b.define("s", [N], ((i,), {i: N}, x[i - 1]))
    b.define("a", [N], ((i,), {i: N}, c[i]))
    b.define("c", [N], ((i,), {i: N}, a[i]))
    b.define("g", [(-1, N - 1)], ((i,), {i: N}, 1))
    b.define("w", [], ((), {}, matrix("inv", i, j, N, x[i] * x[j], (0, 0))))
    arrays = {"x": np.ones(2)}
    assert "x[-1] is out of range: position -1 on axis 0, which runs from 0 to 1" in error(
        b.model, {"N": 2}, arrays, "s", (0,)
    )
    assert "a[0] → c[0] → a[0]" in error(b.model, {"N": 2}, arrays, "a", (0,))
    assert "no clause of g gives g[-1]" in error(b.model, {"N": 2}, arrays, "g", (-1,))
    assert "singular" in error(b.model, {"N": 2}, arrays, "w", ())
    assert "E610" in error(b.model, {}, arrays, "s", (0,))
    assert "E602" in error(b.model, {"N": 3}, arrays, "s", (1,))
    assert "E601" in error(b.model, {"N": 3}, {}, "s", (1,))
    assert "E609" in error(b.model, {"N": 2}, arrays, "nothing", ())


@given(st.integers(1, 4), st.integers(0, 5), st.integers(0, 2**30))
def test_matrix_powers_agree_with_numpy(size, exponent, seed):
    A = tensors("A")
    b = built().input("A", N, N)
    b.plain("P", (i, j), (N, N), matrix("matpow", k, n, N, A[k, n], (i, j), exponent))
    array = np.random.default_rng(seed).integers(-3, 4, (size, size)).astype(float)
    found = Interpreter(b.model, {"N": size}, {"A": array}).tensor("P")
    np.testing.assert_allclose(found, np.linalg.matrix_power(array, exponent))


def test_a_sum_over_pairs():
    x = tensors("x")
    b = built().input("x", N)
    pairs = total(i, N, red("sum", j, 0, i - 1, x[i] * x[j]))
    found = value(pairs, {}, b.model, {"N": 3}, {"x": np.array([1.0, 2.0, 3.0])})
    assert found == 2 + 3 + 6
