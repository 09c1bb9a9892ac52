"""The evaluator against the naive interpreter: exact rationals reduced, and floats."""

from __future__ import annotations

from fractions import Fraction
from itertools import product
from pathlib import Path

import numpy as np
import pytest

import einrnn
from einrnn.check.claims import prepare
from einrnn.check.sizes import trial_sizes
from einrnn.core.model import Model
from einrnn.core.nodes import Opaque
from einrnn.core.reach import reached
from einrnn.core.traverse import walk
from einrnn.errors import EvaluationError
from einrnn.exact.evaluate import Evaluator, run
from einrnn.exact.field import PRIMES
from einrnn.exact.floats import FloatPoint
from einrnn.exact.modular import Modular
from einrnn.exact.places import Stored
from einrnn.exact.tensors import Groups, Tensors
from einrnn.exact.values import UNDEFINED
from einrnn.numeric.interpret import Interpreter
from einrnn.numeric.sample import sample, small_values

SPECS = Path(__file__).parents[2] / "specs"

RATIONAL = """
dim N, T, P
index t : T
input A[N,N] invertible, B[N,N], x[N], w[P], u[T], tok[T] integer in N

conv[i] := sum[p=0..P-1] w[p] { x[i+p] if i + p < N ; x[i] if i == 0 ; 2 otherwise }
h[t]    := u[t] h[t-1] + x[tok[t]]  with h[-1] := 3
back[t] := u[t] back[t+1] + h[t]    with back[T-1] := 1/2
grid[t,r] := grid[t-1,r] + grid[t,r-1] u[r]  with grid[-1,r] := 1, grid[t,-1] := 2
tri[t]  := sum[r=0..t] h[r] / (1 + r)
gap[t]  := sum[r: r > t] prod[s=t..r] u[s]
inverse[i,j] := inv(A)[i,j] + matpow(B, 3)[j,i] + delta[i,j] det(A)
moved[i] := sum[j: j != i and not (j < 1)] B[i,j] x[j]^2
top     := max[t](tok[t]) - min[t](tok[t])
both    := sum[i,j] A[i,j] B[j,i] x[i] - N^2/3
"""
SETS = [{"N": 3, "T": 4, "P": 2}, {"N": 4, "T": 2, "P": 3}, {"N": 1, "T": 1, "P": 1}]


def residue(value: Fraction) -> int:
    return value.numerator * pow(value.denominator, -1, PRIMES[0]) % PRIMES[0]


def modular(model: Model, sizes: dict[str, int], arrays: dict[str, np.ndarray]) -> Evaluator:
    def given(name: str, level: int) -> np.ndarray:
        flat = [residue(Fraction(value)) for value in arrays[name].reshape(-1)]
        return np.array(flat, dtype=np.uint64).reshape(1, *arrays[name].shape)

    return Evaluator(model, sizes, Modular(model), Tensors(Groups(model), sizes, given, np.uint64))


@pytest.mark.parametrize("sizes", SETS, ids=str)
def test_rational_expressions_are_the_interpreters_fractions_reduced(sizes: dict[str, int]) -> None:
    model = einrnn.parse(RATIONAL).model
    arrays = small_values(model, sizes, np.random.default_rng(3))
    arrays["tok"] = np.array([int(v) for v in arrays["tok"]], dtype=np.int64)
    interpreter = Interpreter(model, sizes, arrays)
    evaluator = modular(model, sizes, arrays)
    compared = 0
    for name, definition in model.definitions.items():
        stored = _whole(evaluator, name)
        spans = [(evaluator.number(a.lo), evaluator.number(a.hi)) for a in definition.axes]
        for place in product(*(range(lo, hi + 1) for lo, hi in spans)):
            where = (0, *(at - lo for at, (lo, _) in zip(place, spans, strict=True)))
            value = attempted(interpreter, name, place)
            if value is None:
                assert stored.flags is not None
                assert stored.flags[where] & UNDEFINED
            else:
                assert int(stored.data[where]) == residue(value), (name, place)
                compared += 1
    assert compared > 10


def attempted(interpreter: Interpreter, name: str, place: tuple[int, ...]) -> Fraction | None:
    """An entry, or None where it has no value."""
    try:
        value = interpreter.entry(name, place)
    except EvaluationError:
        return None
    return Fraction(value) if np.isfinite(float(value)) else None


def _whole(evaluator: Evaluator, name: str) -> Stored:
    return run(evaluator.tensors(evaluator, name, 0))


@pytest.mark.parametrize("file", ["rnn.ein", "lstm.ein", "attention.ein", "corpus/hmm.ein"])
def test_floats_are_the_interpreters(file: str) -> None:
    model = einrnn.load(str(SPECS / file)).model
    ready = prepare(model)
    sizes = dict(trial_sizes(model)[1])
    arrays = sample(model, sizes, np.random.default_rng(0))
    interpreter = Interpreter(ready.forward, sizes, arrays)
    point = FloatPoint(ready.forward, sizes, arrays)
    unknown = {
        name
        for name, definition in ready.forward.definitions.items()
        if any(isinstance(node, Opaque) for c in definition.clauses for node in walk(c.body))
    }
    compared = 0
    for item in ready.claims:
        sides = item.forward
        found = point.compare(sides.left, sides.right, item.claim.ranges, item.claim.condition)
        used = reached(ready.forward, (sides.left, sides.right))
        if found.at is None or used & unknown:
            continue  # unknown functions are others here than there
        left = interpreter.value(sides.left, found.at)
        right = interpreter.value(sides.right, found.at)
        np.testing.assert_allclose([found.left, found.right], [left, right], rtol=1e-9, atol=1e-12)
        compared += 1
    assert compared >= 3


def test_unknown_functions_and_their_partials_fit_together_in_floats() -> None:
    ready = prepare(einrnn.load(str(SPECS / "rnn.ein")).model)
    model = ready.forward
    name = next(n for n, d in model.derived.items() if (d.of, d.wrt) == ("f", "c"))
    sizes = dict(trial_sizes(model)[0])
    values: list[float] = []
    step = 1e-5
    for moved in (0.0, step, -step):
        arrays = {"c": np.array(0.3 + moved)}
        point = FloatPoint(model, sizes, arrays)
        which = "f" if moved else name
        values.append(float(_whole(point.evaluator, which).data.reshape(-1)[0]))
    exact, up, down = values
    assert abs(exact) > 1e-6
    assert abs(exact - (up - down) / (2 * step)) < 1e-7
