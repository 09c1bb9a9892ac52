"""A proof written out line by line, each line tried in numbers before it is shown."""

from __future__ import annotations

from collections.abc import Iterator

from einrnn.check.claims import Ready
from einrnn.check.numbers import Numbers
from einrnn.check.points import Point
from einrnn.check.proofs import Proofs
from einrnn.check.sizes import trial_sizes
from einrnn.check.verdict import Derivation
from einrnn.core.nodes import Derivative, Expr
from einrnn.core.traverse import walk
from einrnn.errors import EinrnnError, InternalError
from einrnn.exact.floats import FloatPoint
from einrnn.language.text import left_text
from einrnn.symbolic.narrate.chain import Start
from einrnn.symbolic.narrate.proofs import Part, parts
from einrnn.symbolic.narrate.scene import Scene
from einrnn.symbolic.proof.statement import Proof

_AGREES = 1e-6


def derivation(
    ready: Ready, proof: Proof, proofs: Proofs, numbers: Numbers, seconds: float
) -> tuple[Derivation, ...]:
    """A proof of a claim in parts, each a chain of equal expressions.

    Raises:
        InternalError: E900, two lines of one part differ in numbers.
    """
    scene = proofs.scene(ready, proof.way, seconds)
    written = list(parts(scene, proof, Start(ready.claim.left, ready.claim.right)))
    for point in _points(ready, numbers):
        for part in written:
            _try(part, point.forward if proof.way == "forward" else point.reverse, scene)
    return tuple(_shown(scene, part) for part in written)


def _points(ready: Ready, numbers: Numbers) -> Iterator[Point]:
    for sizes in trial_sizes(numbers.prepared.model)[:2]:
        point = numbers.points.at(sizes, ready.assumptions)
        if point is not None:
            yield point


def _try(part: Part, point: FloatPoint, scene: Scene) -> None:
    """Compare all lines with the first; where they cannot be evaluated, nothing is said."""
    statement = part.statement
    lines = [line.expr for line in part.lines if not _has_derivatives(line.expr)]
    for expr in lines[1:]:
        try:
            found = point.compare(lines[0], expr, statement.ranges, statement.condition)
        except EinrnnError:
            continue
        if found.error > _AGREES:
            text = scene.about(statement).text(expr)
            raise InternalError("E900", f"the line {text} is off by {found.error:.1e}")


def _has_derivatives(expr: Expr) -> bool:
    """Whether derivatives are still to be carried out: the next line has them so."""
    return any(isinstance(node, Derivative) for node in walk(expr))


def _shown(scene: Scene, part: Part) -> Derivation:
    """The part in the notation: the first line is a left side, the others are right sides."""
    inside = scene.about(part.statement)
    first, *others = part.lines
    lines = [(left_text(first.expr, scene.model), first.reason)]
    lines += [(inside.text(line.expr), line.reason) for line in others]
    return Derivation(part.title, tuple(lines))
