"""Inputs that satisfy assumptions, by construction.

Random inputs are moved onto the equations where these are linear in the entries of some
inputs: all inputs together, or one of them while the others are held. The coefficients are
found by evaluating at unit steps, and that the equations are linear is checked at one random
step more. Where this fails, an input is replaced by one of a few structures: one-hot,
orthogonal, and so on.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from functools import cached_property

import numpy as np

from einrnn.core.facts import equations
from einrnn.core.model import Assumption, Fact, FactName, Input
from einrnn.core.nodes import Derivative, Expr
from einrnn.core.traverse import elements, walk
from einrnn.dataclass import dataclass
from einrnn.exact.evaluate import Evaluator, order_of
from einrnn.exact.field import FIELDS, Field, Residues
from einrnn.exact.inputs import Inputs, drawn, is_fixed
from einrnn.exact.linear import solve
from einrnn.exact.modular import Modular
from einrnn.exact.tensors import Groups, Tensors
from einrnn.exact.values import Span, align, merged

# more unknown entries than this are not solved for
_MOST = 400
_ABOVE: tuple[FactName, ...] = ("positive", "probability", "spd")


@dataclass()
class Granted:
    """Inputs moved onto the equations of assumptions, level by level when first asked for."""

    groups: Groups
    inputs: Inputs
    assumptions: Sequence[Assumption]
    rules: Modular
    _solved: set[int] = field(default_factory=set[int])
    satisfied: bool = True

    def __call__(self, name: str, level: int) -> Residues:
        """An input at a level."""
        if level not in self._solved:
            self._solved.add(level)
            self.satisfied = self.satisfied and self._solve(level)
        return self.inputs(name, level)

    def prepare(self) -> bool:
        """Solve at the lowest level, replacing an input by a structure where that is needed.

        False where the assumptions were not met.
        """
        if any(isinstance(node, Derivative) for node in walk(*self._read)):
            return False
        self._solved.add(0)
        if self._solve(0):
            return True
        for name in self._movable:
            for values in structures(self.inputs, name):
                self.inputs.hold(name, values)
                if self._solve(0):
                    return True
                self.inputs.release(name)
        return False

    @cached_property
    def touched(self) -> frozenset[str]:
        """The tensors whose values the assumptions may have changed."""
        return self.groups.needing(self._reachable)

    @property
    def _movable(self) -> list[str]:
        return [name for name in self._reachable if self.inputs.movable(name)]

    @property
    def _sides(self) -> list[Expr]:
        return [side for a in self.assumptions for side in (a.left, a.right)]

    @property
    def _read(self) -> list[Expr]:
        """The sides of the assumptions, and what defines all that they need."""
        found = self.inputs.model.definitions
        needed = [found[name] for name in self._needed if name in found]
        return [*self._sides, *(clause.body for one in needed for clause in one.clauses)]

    @cached_property
    def _needed(self) -> list[str]:
        """The tensors that the assumptions need, directly or through definitions."""
        pending = [e.tensor for e in elements(*self._sides)]
        seen = dict.fromkeys(pending)
        while pending:
            for name in self.groups.uses(pending.pop()):
                if name not in seen:
                    seen[name] = None
                    pending.append(name)
        return list(seen)

    @cached_property
    def _reachable(self) -> list[str]:
        """The inputs that the assumptions need."""
        return [name for name in self._needed if name in self.inputs.model.inputs]

    def _solve(self, level: int) -> bool:
        if not self.assumptions:
            return True
        movable = self._movable
        # a residue that is moved is positive no more: it may be no square
        free = [name for name in movable if not self._is_above(name)]
        tries = [(), tuple(free), tuple(movable), *((name,) for name in (*free, *movable))]
        return any(self._move(names, level) for names in dict.fromkeys(tries))

    def _is_above(self, name: str) -> bool:
        """Whether an input is declared to be positive in some way."""
        given = self.inputs.model.inputs[name]
        return any(given.has(fact) for fact in _ABOVE)

    def _move(self, names: tuple[str, ...], level: int) -> bool:
        """Move some inputs so that the equations hold, where they are linear in those."""
        ring = FIELDS[level]
        base = {name: self.inputs(name, level) for name in names}
        points = self.inputs.points
        flat = np.concatenate(
            [
                np.zeros((points, 0), dtype=np.uint64),
                *(b.reshape(points, -1) for b in base.values()),
            ],
            axis=1,
        )
        count = flat.shape[1]
        if count > _MOST:
            return False
        rng = np.random.default_rng((self.inputs.seed, level, count))
        trial = ring.random(rng, (points, count))
        steps = np.concatenate([np.zeros((1, count)), np.eye(count)]).astype(np.uint64)
        probes = np.concatenate(
            [np.broadcast_to(steps, (points, *steps.shape)), trial[:, None, :]], axis=1
        )
        found = self._residuals(ring, base, ring.add((flat[:, None, :], probes)))
        if found is None:
            return False
        start, unit, last = found[:, 0], found[:, 1:-1], found[:, -1]
        rows = ring.sub(unit, start[:, None])
        predicted = start
        for entry in range(count):
            predicted = ring.add((predicted, ring.mul(trial[:, entry, None], rows[:, entry])))
        if (predicted != last).any():
            return False
        moved = self._moved(ring, flat, rows, start)
        if moved is None:
            return False
        for name, place in _places(base).items():
            self.inputs.fix(name, level, moved[:, place].reshape(base[name].shape))
        return True

    def _moved(
        self, ring: Field, flat: Residues, rows: Residues, start: Residues
    ) -> Residues | None:
        """The entries after the steps that solve the equations, point by point."""
        result: list[Residues] = []
        for entries, matrix, residual in zip(flat, rows, start, strict=True):
            step = solve(ring, matrix.T, ring.neg(residual))
            if step is None:
                return None
            result.append(ring.add((entries, step)))
        return np.stack(result)

    def _residuals(
        self, ring: Field, base: Mapping[str, Residues], entries: Residues
    ) -> Residues | None:
        """Left minus right of all equations [points, probes, equations]; None if undefined.

        ``entries`` [points, probes, all entries] take the place of the inputs of ``base``.
        """
        points, probes = entries.shape[:2]
        places = _places(base)

        def given(name: str, level: int) -> Residues:
            if name in base and level == ring.level:
                shape = base[name].shape[1:]
                return entries[:, :, places[name]].reshape(points * probes, *shape)
            source = self.inputs if level == ring.level else self
            return np.repeat(source(name, level), probes, axis=0)

        tensors = Tensors(self.groups, self.inputs.sizes, given, np.uint64)
        ev = Evaluator(self.inputs.model, self.inputs.sizes, self.rules, tensors)
        found: list[Residues] = []
        for assumption in (*self.assumptions, *equations(self.inputs.model, base)):
            one = residual(ev, assumption, ring)
            if one is None:
                return None
            found.append(np.broadcast_to(one, (points * probes, one.shape[1])))
        return np.concatenate(found, axis=1).reshape(points, probes, -1)


def _places(base: Mapping[str, Residues]) -> dict[str, slice]:
    """Where the entries of each input stand among all of them."""
    result: dict[str, slice] = {}
    at = 0
    for name, values in base.items():
        result[name] = slice(at, at + values[0].size)
        at += values[0].size
    return result


def residual(ev: Evaluator, assumption: Assumption, ring: Field) -> Residues | None:
    """Left minus right of an assumption [points, positions]; None where it has no exact value."""
    env = {
        index: Span(ev.number(r.lo), ev.number(r.hi) - ev.number(r.lo) + 1)
        for index, r in assumption.ranges.items()
    }
    if any(span.size < 1 for span in env.values()):
        return np.zeros((1, 0), dtype=np.uint64)
    order = order_of(assumption.left.free | assumption.right.free)
    pair: list[Residues] = []
    flags = None
    for side in (assumption.left, assumption.right):
        value = ev.value(side, env, ring.level)
        pair.append(align(value.data, order_of(side.free), order))
        flags = merged(
            flags, None if value.flags is None else align(value.flags, order_of(side.free), order)
        )
    if flags is not None and flags.any():
        return None
    difference = ring.sub(pair[0], pair[1])
    return difference.reshape(difference.shape[0], -1)


def structures(inputs: Inputs, name: str) -> Iterator[dict[int, Residues]]:
    """Values of an input, level by level, that satisfy equations which are not linear."""
    given = inputs.model.inputs[name]
    shape = inputs(name, 0).shape
    rank = len(shape) - 1
    facts = [Fact("one-hot", axis) for axis in reversed(range(rank))]
    facts.append(Fact("boolean"))
    if rank >= 2 and shape[-1] == shape[-2]:
        facts += [Fact("orthogonal"), Fact("symmetric")]
    for fact in facts:
        made = Input(name, given.axes, (fact, *given.facts))
        rng = np.random.default_rng((inputs.seed, rank))
        if is_fixed(made):
            same = drawn(made, shape, 2, FIELDS[0], rng)
            yield dict.fromkeys(range(len(FIELDS)), same)
        else:
            yield {ring.level: drawn(made, shape, 2, ring, rng) for ring in FIELDS}
