"""What a search for repairs works with: a claim, its model, and the values of its left side."""

from __future__ import annotations

import time
from collections.abc import Iterable, Mapping
from dataclasses import field

import numpy as np

from einrnn.check.claims import Prepared, Ready
from einrnn.check.mend.places import has_derivative
from einrnn.check.mend.values import Array, NotEvaluated, Values
from einrnn.check.points import Point
from einrnn.check.verdict import Counterexample
from einrnn.core import affine as af
from einrnn.core.model import Model, Range
from einrnn.core.nodes import Affine, Derivative, Dim, Element, Expr, Index, Node
from einrnn.core.traverse import elements, rebuild, substitute, walk
from einrnn.dataclass import dataclass
from einrnn.errors import EinrnnError
from einrnn.symbolic.derived import complete, forward

CLOSE = 1e-8
_SHORTEST_PROOF = 0.15
# for a proof of one of several candidates
ONE_OF_SEVERAL = 0.7
Ranges = Mapping[Index, Range]
Dimension = tuple[str, ...] | int


@dataclass(eq=False)
class Derivatives:
    """Carries out derivatives; each by its name once, whatever its indices are."""

    model: Model
    _known: dict[tuple[str, str, str], tuple[tuple[Index, ...], Expr]] = field(
        default_factory=dict[tuple[str, str, str], tuple[tuple[Index, ...], Expr]]
    )

    def carried(self, expr: Expr, ranges: Ranges) -> Expr:
        """The expression without derivatives, over tensors of the growing model.

        Raises:
            NotEvaluated: a derivative cannot be carried out.
        """
        if not has_derivative(expr):
            return expr
        try:
            written = [node for node in walk(expr) if isinstance(node, Derivative)]
            if all(isinstance(node.body, Element) for node in written):
                return rebuild(expr, self._change)
            known = self.model.inputs.keys() | self.model.definitions.keys()
            if not known >= {e.tensor for e in elements(expr)} - self.model.derived.keys():
                raise NotEvaluated  # values without a definition, which have no derivative
            self.model, (done,) = complete(self.model, [(expr, ranges)], forward)
        except EinrnnError:
            raise NotEvaluated from None
        return done

    def _change(self, node: Node) -> Node:
        if not isinstance(node, Derivative):
            return node
        assert isinstance(node.body, Element)
        letters, expr = self._general(node.kind, node.body.tensor, node.tensor, node)
        args = (*node.body.args, *node.args)
        return substitute(expr, dict(zip(letters, args, strict=True)))

    def _general(
        self, kind: str, of: str, wrt: str, node: Derivative
    ) -> tuple[tuple[Index, ...], Expr]:
        key = (kind, of, wrt)
        if key not in self._known:
            axes = (*self.model.axes(of), *self.model.axes(wrt))
            letters = tuple(Index(f"·d{number}") for number in range(len(axes)))
            rank = len(self.model.axes(of))
            args = tuple(af.of(letter) for letter in letters)
            body = Element(of, args[:rank])
            general = Derivative(node.kind, body, wrt, args[rank:])
            ranges = dict(zip(letters, axes, strict=True))
            self.model, (done,) = complete(self.model, [(general, ranges)], forward)
            self._known[key] = letters, done
        return self._known[key]


@dataclass(frozen=True, eq=False)
class Target:
    """One point: the evaluator there, and the left side over the claim's free indices, in
    the order of their names. ``known`` tells where it has a value; and the point ``tells``
    something if that is not 0 everywhere and the claim fails."""

    values: Values
    scope: Mapping[Index, tuple[int, int]]
    left: Array
    known: Array
    tells: bool


@dataclass(eq=False)
class Setting:
    """A refuted claim ready to be repaired; ``deadline`` is a time of the process clock. No repair
    may fail where the claim is known to: at ``failures``, sizes with their inputs."""

    prepared: Prepared
    ready: Ready
    deadline: float
    failures: tuple[Counterexample, ...] = ()
    derivatives: Derivatives = field(init=False)
    targets: list[Target] = field(init=False)

    def __post_init__(self) -> None:
        self.derivatives = Derivatives(self.prepared.forward)
        self.targets = []

    @property
    def model(self) -> Model:
        """The document's model, as expressions are printed over it."""
        return self.prepared.model

    @property
    def ranges(self) -> Ranges:
        """The free indices of the claim."""
        return self.ready.claim.ranges

    @property
    def expired(self) -> bool:
        """Whether nothing new should be begun."""
        return time.process_time() > self.deadline

    def seconds_to_prove(self, most: float) -> float:
        """The time for one more proof: what is left, but enough for a short one."""
        return min(max(self.deadline - time.process_time(), _SHORTEST_PROOF), most)

    def aim(self, rows: Iterable[Iterable[Point | None]]) -> None:
        """Evaluate the left side at a point of each row: the first at which it is not 0 and the
        claim fails, or else the first at which it has a value."""
        for points in rows:
            found: list[Target] = []
            for point in points:
                target = None if point is None else self._target(point)
                if target is not None:
                    found.append(target)
                    if target.tells:
                        break
            told = [target for target in found if target.tells] or found
            self.targets += told[:1]

    def _target(self, point: Point) -> Target | None:
        values = Values(self.derivatives.model, point.sizes, point.arrays)
        try:
            scope = {i: (values.number(r.lo), values.number(r.hi)) for i, r in self.ranges.items()}
            left = np.array(values.over(self.ready.forward.left, scope), dtype=float)
            right = values.over(self.ready.forward.right, scope)
        except (NotEvaluated, EinrnnError):
            return None
        known = np.isfinite(left) & np.isfinite(right)
        if not known.any():
            return None
        gap = np.abs(left[known] - right[known]).max()
        tells = bool(min(gap, np.abs(left[known]).max()) > CLOSE)
        return Target(values, scope, left, known, tells)

    def at(self, expr: Expr, target: Target) -> Array | None:
        """An expression over the claim's indices at a point; None where it has no values."""
        try:
            carried = self.derivatives.carried(expr, self.ranges)
            if target.values.model is not self.derivatives.model:
                target.values.grow(self.derivatives.model)
            return target.values.over(carried, target.scope)
        except (NotEvaluated, EinrnnError):
            return None

    def fits(self, expr: Expr, target: Target) -> bool:
        """Whether an expression equals the left side at a point."""
        found = self.at(expr, target)
        return found is not None and close(found, target)

    def fits_everywhere(self, expr: Expr) -> bool:
        """Whether an expression equals the left side at all points."""
        return all(self.fits(expr, target) for target in self.targets)


def close(found: Array, target: Target) -> bool:
    """Whether values equal the left side wherever that has a value."""
    left, mine = target.left[target.known], found[target.known]
    scale = max(1.0, float(np.abs(left).max(initial=0.0)))
    return bool(np.isfinite(mine).all() and np.abs(mine - left).max(initial=0.0) < CLOSE * scale)


def dimension(value: Affine, ranges: Ranges) -> Dimension:
    """What an upper end counts, whatever is added to it: ``T`` for ``T-1`` and for ``t``."""
    for _ in range(len(ranges) + 1):
        letters = [atom for atom, _ in value.terms if isinstance(atom, Index)]
        inside = {letter: ranges[letter].hi for letter in letters if letter in ranges}
        if not inside:
            break
        value = substitute(value, inside)
    names = tuple(atom.name for atom, _ in value.terms if isinstance(atom, Dim))
    return names or value.constant


def letters_by_dimension(ranges: Ranges) -> dict[Dimension, list[Index]]:
    """The letters in scope by what they count, in the order in which they are bound."""
    found: dict[Dimension, list[Index]] = {}
    for letter, range_ in ranges.items():
        found.setdefault(dimension(range_.hi, ranges), []).append(letter)
    return found
