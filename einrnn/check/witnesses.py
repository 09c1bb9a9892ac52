"""Other engines asked for the same values: compiled programs, the naive interpreter, sympy,
and finite differences for the derivatives. They share no code with one another."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import field
from typing import Any

import numpy as np
import numpy.typing as npt

from einrnn.check.certain import sure_values
from einrnn.check.claims import Prepared, Ready, has_opaque
from einrnn.check.compare import Both, Compiled, Position, all_positions, interpreted, span
from einrnn.check.differences import largest_error, positions
from einrnn.check.numbers import Numbers
from einrnn.check.points import Point
from einrnn.check.tolerance import relative
from einrnn.check.witness import Witness
from einrnn.core.nodes import Element, Index
from einrnn.core.reach import reached
from einrnn.core.traverse import elements
from einrnn.dataclass import dataclass
from einrnn.errors import EinrnnError
from einrnn.exact.exact import sides
from einrnn.numeric.interpret import Interpreter
from einrnn.numeric.strict import error_of

_CROSS = 1e-8
_DIFFERENCES = 1e-6
# how many times the bound on what rounding does counts
_ROUNDINGS = 100.0

Engine = Callable[[Point, Ready, Sequence[Position]], list[tuple[float, float]]]


# a matrix has no inverse there: the claim says nothing of the point, if the evaluator agrees
_NO_VALUE = "E606"
_OUT_OF_RANGE = "E603"
# what an engine is not made for: ranges and exponents that are looked up in data, definitions
# whose order of computation depends on it, determinants that are too large to be written out
_UNASKED = frozenset(("E605", "E612", "E613"))


@dataclass()
class Witnesses:
    """The engines for the claims of one document; what claims share is computed once."""

    prepared: Prepared
    seed: int
    _compiled: Compiled = field(init=False)
    _differences: dict[str, float] = field(default_factory=dict[str, float])

    def __post_init__(self) -> None:
        self._compiled = Compiled(self.prepared)

    def said(self, ready: Ready, numbers: Numbers) -> Witness:
        """What the engines say of a claim at the point of a few entries, where there is one."""
        point = numbers.small_point(ready)
        return Witness() if point is None else self.of(ready, point)

    def of(self, ready: Ready, point: Point) -> Witness:
        """What the engines say of both sides of a claim at a point.

        An engine that finds a singular matrix is believed only where the evaluator, which
        judges by the condition of the matrix, has no value either. Only the program may find
        one in an entry that the claim does not need; the interpreter then finds it too.
        """
        floats = evaluated(point, ready)
        try:
            both = self._compiled.both(point, ready)
        except EinrnnError as problem:
            if problem.code in _UNASKED or (
                problem.code == _OUT_OF_RANGE and self._looks_up(ready)
            ):
                return Witness()
            if problem.code == _NO_VALUE and (floats is None or not floats.defined.all()):
                return Witness()
            if problem.code != _NO_VALUE or floats is None or not self._is_singular(point, ready):
                return Witness(0.0, (f"the program cannot evaluate it: {problem.message}",))
            both = floats
        worst, defects = 0.0, list[str]()
        if floats is not None and both is not floats and not has_opaque(self.prepared, ready):
            worst, defects = _against_floats(point, ready, floats, both)
        for name, most, engine in (("the interpreter", 3, interpreted), ("sympy", 1, in_sympy)):
            error, found = _at_some(point, ready, (both, floats), name, most, engine)
            worst = max(worst, error)
            defects += found
        return Witness(worst, (*defects, *self._derivatives(ready, point)))

    def _looks_up(self, ready: Ready) -> bool:
        """Whether a claim reads entries at positions that are looked up in data: those of random
        inputs may be off the ends."""
        model, pair = self.prepared.reverse, ready.reverse
        names = reached(model, (pair.left, pair.right)) & model.definitions.keys()
        bodies = [clause.body for name in names for clause in model.definitions[name].clauses]
        read = elements(pair.left, pair.right, *bodies)
        return any(
            isinstance(atom, Element) for e in read for arg in e.args for atom, _ in arg.terms
        )

    def _is_singular(self, point: Point, ready: Ready) -> bool:
        """Whether the interpreter finds a singular matrix anywhere in the definitions that a
        program for the claim computes."""
        model, pair = self.prepared.reverse, ready.reverse
        interpreter = Interpreter(model, point.sizes, point.arrays)
        for name in sorted(reached(model, (pair.left, pair.right)) & model.definitions.keys()):
            for position in positions(interpreter, model, name):
                try:
                    interpreter.entry(name, position)
                except EinrnnError as problem:
                    if problem.code == _NO_VALUE:
                        return True
        return False

    def _derivatives(self, ready: Ready, point: Point) -> list[str]:
        """The derivatives a claim mentions, against finite differences; each once a document."""
        model = self.prepared.forward
        found = elements(ready.forward.left, ready.forward.right)
        defects: list[str] = []
        for name in dict.fromkeys(e.tensor for e in found if e.tensor in model.derived):
            if name not in self._differences:
                found_here = self._difference(name, point)
                if found_here is None:
                    continue
                self._differences[name] = found_here
            if self._differences[name] > _DIFFERENCES:
                error = self._differences[name]
                defects.append(f"{name} and finite differences differ by {error:.1e}")
        return defects

    def _difference(self, name: str, point: Point) -> float | None:
        """The error of a derivative; None where another point may tell more."""
        rng = np.random.default_rng(self.seed)
        try:
            return largest_error(self.prepared.forward, point.sizes, point.arrays, name, rng)
        except EinrnnError as problem:
            return None if problem.code == _NO_VALUE else 0.0


def evaluated(point: Point, ready: Ready) -> Both | None:
    """The evaluator's values of both sides at all positions; None where a range is empty."""
    pair = ready.forward
    found = sides(point.forward.evaluator, pair.left, pair.right, ready.claim.ranges, None)
    if found is None:
        return None
    shape = tuple(len(values) for values in span(point, ready))
    wanted = tuple(ready.claim.ranges)
    left, right = (
        np.broadcast_to(_in_order(side[0], found.order, wanted), shape)
        for side in (found.left, found.right)
    )
    return Both(left, right)


def _against_floats(
    point: Point, ready: Ready, floats: Both, both: Both
) -> tuple[float, list[str]]:
    """The program's values against the evaluator's at all positions."""
    worst = 0.0
    pairs = ((both.left, floats.left), (both.right, floats.right))
    for side, (mine, there) in enumerate(pairs):
        usable = np.isfinite(mine) & np.isfinite(there)
        error = np.zeros(mine.shape)
        error[usable] = relative(mine[usable], there[usable])
        wrong = np.flatnonzero(error > _CROSS)
        everywhere = all_positions(point, ready) if wrong.size else []
        for at in wrong.tolist():
            values = float(mine.reshape(-1)[at]), float(there.reshape(-1)[at])
            if _is_rounding(point, ready, everywhere[at], side, values):
                error.reshape(-1)[at] = 0.0
        worst = max(worst, float(error.max(initial=0.0)))
    if worst > _CROSS:
        return worst, [f"opt_einsum and the evaluator differ by {worst:.1e}"]
    return worst, []


def _is_sure(point: Point, ready: Ready, position: Position) -> bool:
    """Whether both sides surely have values at a position, whatever the rounding."""
    return _sure(point, ready, position) is not None


def _sure(point: Point, ready: Ready, position: Position) -> tuple[Any, Any] | None:
    env = dict(zip(ready.claim.ranges, position, strict=True))
    return sure_values(point.prepared, ready, point, env)


def _is_rounding(
    point: Point, ready: Ready, position: Position, side: int, values: tuple[float, float]
) -> bool:
    """Whether two engines may differ in a side because of rounding, or have no value to give."""
    sure, (mine, theirs) = _sure(point, ready, position), values
    return sure is None or abs(mine - theirs) <= _ROUNDINGS * error_of(sure[side])


def _in_order(
    values: npt.NDArray[np.float64], order: Sequence[Index], wanted: Sequence[Index]
) -> npt.NDArray[np.float64]:
    """The axes as wanted, of size 1 for indices that the values do not have."""
    kept = [order.index(index) for index in wanted if index in order]
    moved = values.transpose(kept)
    return np.expand_dims(moved, [n for n, index in enumerate(wanted) if index not in order])


def _at_some(
    point: Point,
    ready: Ready,
    known: tuple[Both, Both | None],
    name: str,
    most: int,
    engine: Engine,
) -> tuple[float, list[str]]:
    """The largest error of the program's values against another engine's at some entries;
    ``known`` are the values of the program and of the evaluator."""
    both, floats = known
    everywhere = all_positions(point, ready)
    rng = np.random.default_rng(len(everywhere))
    picked = rng.choice(len(everywhere), min(most, len(everywhere)), replace=False)
    chosen = sorted(int(i) for i in picked)
    asked = [everywhere[i] for i in chosen]
    try:
        rows = engine(point, ready, asked)
    except EinrnnError as problem:
        regular = floats is not None and floats.defined.reshape(-1)[chosen].all()
        if problem.code in _UNASKED or (problem.code == _NO_VALUE and not regular):
            return 0.0, []
        if not all(_is_sure(point, ready, position) for position in asked):
            return 0.0, []
        return 0.0, [f"{name} cannot evaluate it: {problem.message}"]
    worst = 0.0
    for side, mine in enumerate((both.left, both.right)):
        theirs = np.array([row[side] for row in rows], dtype=float)
        ours = mine.reshape(-1)[chosen]
        for own, other, position in zip(ours.tolist(), theirs.tolist(), asked, strict=True):
            error = float(relative(np.array([own]), np.array([other]))[0])
            if not np.isfinite([own, other]).all():
                continue
            if error <= _CROSS or not _is_rounding(point, ready, position, side, (own, other)):
                worst = max(worst, error)
    if worst > _CROSS:
        return worst, [f"opt_einsum and {name} differ by {worst:.1e} at {dict(point.sizes)}"]
    return worst, []


def in_sympy(point: Point, ready: Ready, chosen: Sequence[Position]) -> list[tuple[float, float]]:
    """Both sides by the sympy compiler at some positions of the free indices."""
    letters = tuple(ready.claim.ranges)
    rows: list[tuple[float, float]] = []
    for position in chosen:
        env = dict(zip(letters, position, strict=True))
        left = point.sympy_values.value(ready.forward.left, env)
        rows.append((left, point.sympy_values.value(ready.forward.right, env)))
    return rows
