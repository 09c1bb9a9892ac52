"""Both sides of a statement rewritten until they meet: one chain of equal expressions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from einrnn.core.build import ONE, ZERO
from einrnn.core.model import Model
from einrnn.core.nodes import Add, Apply, Cases, Derivative, Element, Expr, Node, Pow, Reduce
from einrnn.core.traverse import canonical, rebuild, walk
from einrnn.dataclass import dataclass
from einrnn.symbolic.match import match
from einrnn.symbolic.narrate.opening import spliced, with_ranges
from einrnn.symbolic.narrate.reasons import functions
from einrnn.symbolic.narrate.scene import Line, Scene
from einrnn.symbolic.narrate.side import LEVELS, Plan, Side

_MOST = 18
REORDERED = "reordered"


@dataclass(frozen=True)
class Start:
    """The sides as they are written, and how they are with their derivatives carried out."""

    left: Expr
    right: Expr


def chain(
    scene: Scene, plan: Plan, reverse: bool, written: Start | None, method: str
) -> list[Line]:
    """The left side, what it is equal to, and so on to the right side.

    ``written`` are the sides as a person wrote them. ``method`` says why the sides are
    equal where no step in between shows it.
    """
    first, second = scene.statement.left, scene.statement.right
    ends = written or Start(first, second)
    left = Side(scene, plan, reverse, _begun(scene, ends.left, first))
    right = Side(scene, plan, reverse, _begun(scene, ends.right, second))
    meeting = _met(scene, left, right)
    if meeting is None:
        meeting = (len(left.lines) - 1, 0, method)
    at, other, reason = meeting
    return _shorter(_joined(scene, left.lines[: at + 1], right.lines[: other + 1], reason))


def _begun(scene: Scene, written: Expr, carried: Expr) -> list[Line]:
    written, carried = _with_names(scene.model, written), spliced(carried)
    if scene.text(written) == scene.text(carried):
        return [Line(carried)]
    by_rules = any(isinstance(node, Derivative) for node in walk(written))
    reason = "derivatives carried out" if by_rules else "simplified"
    return [Line(written), Line(carried, reason)]


def _with_names(model: Model, expr: Expr) -> Expr:
    """The expression with derivatives of entries as entries of what they are called."""

    def change(node: Node) -> Node:
        match node:
            case Derivative(kind, Element(of, args), wrt, by):
                mark = "d" if kind == "total" else "∂"
                name = f"{mark}{of}/{mark}{wrt}"
                return Element(name, (*args, *by)) if name in model.derived else node
            case _:
                return node

    return rebuild(expr, change)


def _met(scene: Scene, left: Side, right: Side) -> tuple[int, int, str] | None:
    """Where the sides meet, with the reason: the left side is rewritten first, then the
    right one; with what else may be unfolded only where that is not enough."""
    for level in LEVELS:
        while True:
            for at, line in enumerate(left.lines):
                if scene.same(line.expr, right.lines[0].expr):
                    return at, 0, _why_same(scene, line.expr, right.lines[0].expr)
            if left.advance(level, right.last) is None:
                break
        while True:
            last = len(right.lines) - 1
            for at, line in enumerate(left.lines):
                if scene.same(line.expr, right.last):
                    return at, last, _why_same(scene, line.expr, right.last)
            if right.advance(level, left.last) is None:
                break
    return _forced(scene, left, right)


def _forced(scene: Scene, left: Side, right: Side) -> tuple[int, int, str] | None:
    """Where the sides are equal by more than their normal forms."""
    pairs = [(left.last, 0), (left.last, len(right.lines) - 1)]
    for expr, other in pairs:
        if scene.equal(expr, right.lines[other].expr, granted=False):
            return len(left.lines) - 1, other, _why_equal(expr, right.lines[other].expr)
    for expr, other in pairs:
        if scene.equal(expr, right.lines[other].expr, granted=True):
            names = ", ".join(f"[{given.name}]" for given in scene.granted)
            return len(left.lines) - 1, other, f"by {names}"
    return None


def _why_same(scene: Scene, left: Expr, right: Expr) -> str:
    """Why sides with one normal form are equal."""
    if match(left, right, frozenset()) is not None:
        return REORDERED
    first, second = (with_ranges(side, scene.ranges) for side in (left, right))
    if match(first, second, frozenset()) is not None:
        return "the condition as a range"
    if left is ZERO or right is ZERO:
        return "nothing is left"
    if isinstance(right, Cases) and right.branches[0][1] is not ONE:
        return "case by case"
    if _dependent(left) and _dependent(right) and _dependent(left) != _dependent(right):
        return "sums exchanged"
    return _rules(left, right) or "multiplied out and collected"


def _why_equal(left: Expr, right: Expr) -> str:
    """Why sides with different normal forms are equal."""
    by_rules = _rules(left, right)
    if by_rules is not None:
        return by_rules
    nodes = list(walk(left, right))
    if any(isinstance(node, Pow) and isinstance(node.base, Add) for node in nodes):
        return "over a common denominator"
    if any(isinstance(node, Reduce) and node.lo.free | node.hi.free for node in nodes):
        return "sums split at their ends"
    return "in normal form"


def _rules(left: Expr, right: Expr) -> str | None:
    """Functions whose rules make sides equal: those of which the sides have different values."""
    mine, theirs = (
        {canonical(node) for node in walk(side) if isinstance(node, Apply) and node.args}
        for side in (left, right)
    )
    names = dict.fromkeys(
        name for node in sorted(mine ^ theirs, key=_key) for name in functions(node)
    )
    return f"rules of {', '.join(sorted(names))}" if names else None


def _key(node: Expr) -> bytes:
    return node.key


def _dependent(expr: Expr) -> frozenset[str]:
    """At which ends sums depend on the index of a sum outside them."""
    found: set[str] = set()
    for node in walk(expr):
        if isinstance(node, Reduce):
            found |= {"low"} if node.lo.free - expr.free else set()
            found |= {"high"} if node.hi.free - expr.free else set()
    return frozenset(found)


def _joined(scene: Scene, left: list[Line], right: list[Line], reason: str) -> list[Line]:
    """The left lines, and the right ones from the last to the first."""
    lines = list(left)
    if reason == REORDERED and len(left) > 1:
        # the same in other letters: one of the two is enough
        reason = lines.pop().reason
    reasons = [reason, *(line.reason for line in reversed(right[1:]))]
    for line, why in zip(reversed(right), reasons, strict=True):
        if scene.text(line.expr) == scene.text(lines[-1].expr):
            continue
        lines.append(Line(line.expr, why))
    return lines


def _shorter(lines: Sequence[Line]) -> list[Line]:
    """At most a page: of lines in between, what is least worth reading is left out."""
    kept = list(lines)
    while len(kept) > _MOST:
        middle = range(1, len(kept) - 1)
        longest = max(middle, key=lambda n: sum(1 for _ in walk(kept[n].expr)))
        after = kept[longest + 1]
        joined = "; ".join(dict.fromkeys((kept[longest].reason, after.reason)))
        kept[longest + 1] = replace(after, reason=joined)
        del kept[longest]
    return kept
