"""``einrnn.paths`` for documents: steps, times, limits, several outputs, ways through time."""

from __future__ import annotations

import re
from itertools import product

import numpy as np
import pytest

import einrnn
from einrnn.numeric.calibrate import calibrated
from einrnn.numeric.predict import predicted
from einrnn.pathfinder.recurrence import Recurrence, ways

SIZES = {"T": 20, "H": 4, "D": 3, "K": 5}


@pytest.fixture(scope="module")
def rnn() -> einrnn.Document:
    return einrnn.load("specs/rnn.ein")


def test_the_steps_add_up_to_the_program(rnn: einrnn.Document) -> None:
    found = einrnn.paths(rnn, "L", "dL/dW", sizes=SIZES, finder="einrnn")
    (ours,) = found.rows
    compiled = rnn.compile("L", "dL/dW").cost(**SIZES)
    assert ours.flops == compiled.flops == sum(step.flops for step in found.steps)
    assert ours.peak == compiled.peak
    assert ours.predicted > 0
    assert ours.measured > 0
    kernels = {step.kernel for step in found.steps}
    assert {"loop", "matrix times vector", "matrix product"} <= kernels
    assert re.search(r"<table>.*dL/dW\[i,j\] = .*<p>together", found._repr_html_(), re.DOTALL)


def test_several_outputs_cost_less_together(rnn: einrnn.Document) -> None:
    outputs = ("L", "dL/dW", "dL/dU")
    found = einrnn.paths(rnn, *outputs, sizes=SIZES, finder="einrnn", measure=False)
    alone = tuple(rnn.compile(one).cost(**SIZES).flops for one in outputs)
    assert found.together.alone == alone
    assert found.together.joint < max(alone) + 0.3 * sum(alone)
    assert found.as_json()["together"]["separate"] == sum(alone)


def test_a_product_that_an_output_has_is_used_by_the_next() -> None:
    sizes = {"I": 30, "J": 40, "K": 50, "L": 6}
    texts = ("C[i,k] = A[i,j] B[j,k]", "D[i,l] = A[i,j] B[j,k] E[k,l]")
    found = einrnn.paths(*texts, sizes=sizes, finder="einrnn", measure=False)
    # alone the second is cheaper with B E first; with A B there it is not made
    assert found.together.alone == (2 * 30 * 40 * 50, 2 * 40 * 50 * 6 + 2 * 30 * 40 * 6)
    assert found.together.joint == 2 * 30 * 40 * 50 + 2 * 30 * 50 * 6


def test_loss_and_gradients_of_a_chain_compile_to_reverse_mode() -> None:
    steps, size = 12, 8
    names = [f"J{at}" for at in range(1, steps + 1)]
    factors = " ".join(f"{name}[a{at},a{at + 1}]" for at, name in enumerate(names))
    inputs = "".join(f"input {name}[H,H]\n" for name in names)
    text = f"input v[H], w[H]\n{inputs}L := v[a0] {factors} w[a{steps}]\n"
    program = einrnn.parse(text).compile("L", *(f"dL/d{name}[i,j]" for name in names))
    by_hand = steps * 2 * size**2 + 2 * size + (steps - 1) * 2 * size**2 + steps * size**2
    assert program.cost(H=size).flops <= 1.05 * by_hand


def test_a_limit_chooses_a_way_that_keeps_it(rnn: einrnn.Document) -> None:
    free = einrnn.paths(rnn, "dL/dW", sizes=SIZES, finder="einrnn", measure=False)
    peaks = {one.name: one.costs[0][2] for one in free.strategies}
    limit = peaks["reverse scan"]
    assert limit < peaks["forward scan"]
    found = einrnn.paths(
        rnn, "dL/dW", sizes=SIZES, finder="einrnn", measure=False, memory=limit
    ).limited
    assert found.way in ("reverse scan", "as compiled")
    assert found.peak <= limit


def test_an_equation_with_a_limit_is_sliced_as_an_einsum_string_is() -> None:
    letters = "abcdef"
    equation = "s = P[a,b,c] Q[a,d,e] R[b,d,f] S[c,e,f]"
    sizes = dict.fromkeys(letters, 8)
    by_string = einrnn.paths("abc,ade,bdf,cef->", sizes=sizes, memory=4000, measure=False)
    dims = {letter.upper(): 8 for letter in letters}
    by_equation = einrnn.paths(equation, sizes=dims, memory=4000, measure=False)
    assert by_equation.limited.flops == by_string.limited.flops
    assert by_equation.limited.peak <= 4000


def test_reverse_is_shown_beside_associative_scans(rnn: einrnn.Document) -> None:
    sizes = {"T": 16, "H": 4, "D": 3, "K": 5}
    found = einrnn.paths(rnn, "dL/dW", sizes=sizes, finder="einrnn", measure=False)
    flops = {one.name: one.costs[0][1] for one in found.strategies}
    # T-1 steps of the adjoint: 2H² + H each against products of H × H matrices
    recurring = Recurrence(15, 4)
    scan, _, blelloch, hillis = ways(recurring)
    reverse = flops["reverse scan"]
    assert flops["reverse scan, unrolled"] == reverse
    for name, way in (("2T", blelloch), ("T log T", hillis)):
        assert flops[f"reverse, associative scan ({name})"] > reverse
        more = flops[f"reverse, associative scan ({name})"] - reverse
        assert more == pytest.approx(way.flops - scan.flops, rel=0.25)


class _Counted:
    """A pair (A, b) of ``s = A s + b`` that counts the FLOPs of combining it with the next."""

    flops = 0

    def __init__(self, matrix: np.ndarray, vector: np.ndarray) -> None:
        self.matrix, self.vector = matrix, vector

    def then(self, after: _Counted) -> _Counted:
        state, carried = self.vector.shape
        _Counted.flops += 2 * state**3 + 2 * state**2 * carried + state * carried
        matrix, vector = after.matrix @ self.matrix, after.matrix @ self.vector + after.vector
        return _Counted(matrix, vector)


def _scanned(pairs: list[_Counted]) -> list[_Counted]:
    """All prefixes, by combining neighbours."""
    if len(pairs) == 1:
        return pairs
    halves = [pairs[at].then(pairs[at + 1]) for at in range(0, len(pairs) - 1, 2)]
    inner = _scanned(halves)
    result = [pairs[0]]
    for at in range(1, len(pairs)):
        half = inner[(at - 1) // 2]
        result.append(half if at % 2 else half.then(pairs[at]))
    return result


@pytest.mark.parametrize(
    ("steps", "state", "carried"), list(product((1, 2, 5, 8, 13), (1, 3), (1, 4)))
)
def test_an_associative_scan_costs_what_one_that_is_run_does(
    steps: int, state: int, carried: int
) -> None:
    rng = np.random.default_rng(steps)
    pairs = [
        _Counted(rng.normal(size=(state, state)), rng.normal(size=(state, carried)))
        for _ in range(steps)
    ]
    _Counted.flops = 0
    prefixes = _scanned(pairs)
    assert ways(Recurrence(steps, state, carried))[2].flops == _Counted.flops
    value = np.zeros((state, carried))
    for pair, prefix in zip(pairs, prefixes, strict=True):
        value = pair.matrix @ value + pair.vector
        np.testing.assert_allclose(prefix.vector, value, rtol=1e-9, atol=1e-12)


def test_predictions_are_ordered_as_the_work_is(rnn: einrnn.Document) -> None:
    machine = calibrated()
    program = rnn.compile("L", "dL/dW")
    times = [
        predicted(program.plan(T=T, H=H, D=H, K=H), machine)
        for T, H in ((5, 8), (50, 8), (50, 128), (50, 512))
    ]
    assert times == sorted(times)
    assert times[1] > 5 * times[0]
    assert times[3] > 5 * times[2]
