"""Small edits of a sum: its ends, its condition, its index."""

from __future__ import annotations

from collections.abc import Iterator

from einrnn.check.mend.edit import Change
from einrnn.check.mend.places import Place, Ranges, factors_of, product, weight
from einrnn.check.mend.setting import Dimension, dimension
from einrnn.core import affine as af
from einrnn.core.build import ZERO
from einrnn.core.nodes import Affine, Cases, Compare, Dim, Index, Reduce, Relation, Value
from einrnn.core.traverse import substitute

RELATIONS: tuple[Relation, ...] = ("!=", "<", "<=", ">", ">=")


def changed_sums(place: Place, node: Reduce) -> Iterator[Change]:
    """Other ranges of a sum, conditions on its index, and what it may not be summed over."""
    words = f"the range of {node.index.name} should be {{}} to {{}}"
    letters = [i for i in place.ranges if i is not node.index]
    kind = dimension(node.hi, place.ranges)
    ends = [af.of(i) for i in letters if dimension(place.ranges[i].hi, place.ranges) == kind]
    lows = [af.shift(node.lo, -1), af.shift(node.lo, 1), af.ZERO, *ends]
    highs = [af.shift(node.hi, -1), af.shift(node.hi, 1), *ends]
    if not isinstance(kind, int):
        highs.append(af.shift(af.affine(0, {Dim(name): 1 for name in kind}), -1))
    for low in dict.fromkeys(lows):
        if low is not node.lo:
            yield _bounded(node, low, node.hi, words)
    for high in dict.fromkeys(highs):
        if high is not node.hi:
            yield _bounded(node, node.lo, high, words)
    for low in ends:
        if highs[-1] is not node.hi and highs[-1] is not low:
            yield _bounded(node, low, highs[-1], words)
    yield from _unsummed(place, node)
    yield from _restricted(node, letters, kind, place.ranges)


def _restricted(
    node: Reduce, letters: list[Index], kind: Dimension, ranges: Ranges
) -> Iterator[Change]:
    """``sum[k] f`` to ``sum[k: k != l] f``."""
    if node.op != "sum":
        return
    for letter in letters:
        if dimension(ranges[letter].hi, ranges) == kind:
            for op in RELATIONS:
                condition = Compare(op, Value(af.of(node.index)), Value(af.of(letter)))
                body = Cases(((condition, node.body),), ZERO)
                words = f"the sum over {node.index.name} lacks the condition {{}}"
                new = Reduce("sum", node.index, node.lo, node.hi, body)
                yield Change(new, 1.5, words, (condition,))


def _bounded(node: Reduce, low: Affine, high: Affine, words: str) -> Change:
    moved = (low is not node.lo) + (high is not node.hi)
    elsewhere = low.terms != node.lo.terms or high.terms != node.hi.terms
    cost = 1.7 if low is high else 0.3 + 0.7 * moved + 0.25 * elsewhere
    return Change(
        Reduce(node.op, node.index, low, high, node.body), cost, words, (Value(low), Value(high))
    )


def _unsummed(place: Place, node: Reduce) -> Iterator[Change]:
    """A sum that should be one entry, or whose index comes in with a factor too many."""
    kind = dimension(node.hi, place.ranges)
    for letter in place.ranges:
        if dimension(place.ranges[letter].hi, place.ranges) == kind:
            new = substitute(node.body, {node.index: af.of(letter)})
            words = f"{node.index.name} is not summed: it should be {letter.name}"
            yield Change(new, 1.6, words)
    if node.op != "sum":
        return
    factors = factors_of(node.body)
    kept = tuple(factor for factor in factors if node.index not in factor.free)
    gone = tuple(factor for factor in factors if node.index in factor.free)
    if kept and gone:
        cost = 1.3 + 0.1 * weight(product(gone))
        words = f"the factor {{}} and its sum over {node.index.name} are too much"
        yield Change(product(kept), cost, words, (product(gone),))
