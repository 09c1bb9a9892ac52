"""Derived tensors against central differences of the naive interpreter."""

from itertools import product

import numpy as np
import pytest

from einrnn.core.model import Model
from einrnn.core.nodes import Derivative
from einrnn.core.show import show
from einrnn.core.verify import problems
from einrnn.numeric.interpret import Interpreter
from einrnn.symbolic.derived import complete, fewer_axes, forward
from tests.builders import at, entry, rnn

SIZES = {"T": 5, "H": 3, "D": 2, "K": 3, "N": 5}


def arrays(model: Model) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(3)
    shapes = {
        name: tuple(SIZES[axis.terms[0][0].name] for axis in given.axes)
        for name, given in model.inputs.items()
    }
    return {name: rng.normal(size=shape) for name, shape in shapes.items()}


def difference(model: Model, data, of, wrt, step: float = 1e-3) -> float:
    centre = Interpreter(model, SIZES, data).entry(*wrt)

    def value(by: float) -> float:
        return Interpreter(model, SIZES, data, overrides={wrt: centre + by}).entry(*of)

    near, far = value(step) - value(-step), value(2 * step) - value(-2 * step)
    return (8 * near - far) / (12 * step)


PAIRS = [("L", "W"), ("L", "U"), ("L", "V"), ("L", "s"), ("s", "s"), ("s", "W"), ("yhat", "q")]


@pytest.mark.parametrize("policy", [forward, fewer_axes])
@pytest.mark.parametrize(("of", "wrt"), PAIRS)
def test_total_derivatives_agree_with_differences(of: str, wrt: str, policy):
    model = rnn()
    above = "tklm"[: len(model.axes(of))]
    below = "abcd"[: len(model.axes(wrt))]
    root = Derivative("total", entry(of, *above), wrt, tuple(at(i) for i in below))
    closed, (done,) = complete(model, [(root, {})], policy)
    assert done.tensor == f"d{of}/d{wrt}"
    assert problems(closed) == []
    data = arrays(model)
    interpreter = Interpreter(closed, SIZES, data)
    spans = [
        range(interpreter.index(a.lo, {}), interpreter.index(a.hi, {}) + 1)
        for a in closed.axes(done.tensor)
    ]
    everywhere = list(product(*spans))
    rng = np.random.default_rng(0)
    chosen = rng.choice(len(everywhere), min(20, len(everywhere)), replace=False)
    split = len(above)
    for position in (everywhere[i] for i in chosen):
        expected = difference(model, data, (of, position[:split]), (wrt, position[split:]))
        assert interpreter.entry(done.tensor, position) == pytest.approx(expected, abs=1e-9)


def test_second_derivatives_agree_with_differences_of_first_ones():
    model = rnn()
    inner = Derivative("total", entry("L"), "W", (at("a"), at("b")))
    root = Derivative("total", inner, "W", (at("c"), at("d")))
    closed, (done,) = complete(model, [(root, {})], fewer_axes)
    assert done.tensor == "d(dL/dW)/dW"
    data = arrays(model)
    interpreter = Interpreter(closed, SIZES, data)
    for position in [(0, 1, 2, 0), (1, 1, 1, 1), (2, 0, 0, 2)]:
        of, wrt = ("dL/dW", position[:2]), ("W", position[2:])
        expected = difference(closed, data, of, wrt)
        assert interpreter.entry(done.tensor, position) == pytest.approx(expected, abs=1e-7)


def test_recurrences_are_derived_as_recurrences_with_their_boundary():
    root = Derivative("total", entry("s", "t", "m"), "W", (at("a"), at("b")))
    closed, _ = complete(rnn(), [(root, {})], forward)
    boundary, general = closed.definitions["ds/dW"].clauses
    assert show(boundary.body) == "0"
    assert show(general.body) == (
        "(* (+ 1 (* -1 (^ s[t,i] 2))) "
        "(+ {s[t-1,j] if (== <i> <i1>); 0} (sum n 0..H-1 (* W[i,n] ds/dW[t-1,n,i1,j]))))"
    )


def test_the_adjoint_of_the_state_runs_backwards():
    root = Derivative("total", entry("L"), "W", (at("i"), at("j")))
    closed, _ = complete(rnn(), [(root, {})], fewer_axes)
    (by_weight,) = closed.definitions["dL/dW"].clauses
    assert show(by_weight.body) == (
        "(sum t 0..T-1 (* dL/ds[t,i] (+ 1 (* -1 (^ s[t,i] 2))) s[t-1,j]))"
    )
    (by_state,) = closed.definitions["dL/ds"].clauses
    assert "dL/ds[t+1," in show(by_state.body)
    assert "(<= <t+1> <T-1>)" in show(by_state.body)


def test_immediate_partials_hold_other_names_fixed():
    root = Derivative("immediate", entry("q", "t", "k"), "W", (at("i"), at("j")))
    closed, (done,) = complete(rnn(), [(root, {})])
    assert show(closed.definitions[done.tensor].clauses[0].body) == "0"


def test_a_dummy_of_the_same_name_is_not_captured():
    """Differentiating by U[i,j] where j is the dummy of the definition."""
    root = Derivative("immediate", entry("s", "t", "i"), "U", (at("i"), at("j")))
    closed, (done,) = complete(rnn(), [(root, {})])
    data = arrays(closed)
    interpreter = Interpreter(closed, SIZES, data)
    for t, i, a, b in product(range(3), range(3), range(3), range(2)):
        slope = 1 - interpreter.entry("s", (t, i)) ** 2
        expected = slope * data["x"][t, b] if i == a else 0.0
        assert interpreter.entry(done.tensor, (t, i, a, b)) == pytest.approx(expected)
