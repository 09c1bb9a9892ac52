"""A sum of ``y (x - a)`` for ``a = log Σ exp(x)`` as that of ``y x`` less that of ``y a``.

The log of a softmax is such a difference, and ``x`` is computed anyway, for its exponential,
which can be put in its place if nothing reads ``x`` later. ``a`` has fewer axes than ``x``: its
part is a product of a matrix and a vector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from einrnn.dataclass import dataclass
from einrnn.numeric.live import lifetimes, pruned
from einrnn.numeric.plan import Plan
from einrnn.numeric.steps import Align, Contract, Fold, Given, Map, Register, Step, reads


def parted(plan: Plan) -> Plan:
    """The plan with such sums in two parts."""
    registers, main = list(plan.registers), list(plan.main)
    found = _matches(plan)
    if not found:
        return plan
    for match in found:
        at = next(n for n, step in enumerate(main) if getattr(step, "out", -1) == match.shifted)
        first, rest = _parts(match, registers)
        place = main.index(match.dot)
        main[place : place + 1] = rest
        main.insert(at + 1, first)
    wanted = set(plan.outputs.values())
    constants, kept = pruned(plan.constants, main, wanted)
    fixed = tuple(registers)
    return Plan(fixed, constants, kept, plan.outputs, lifetimes(fixed, constants, kept, wanted))


@dataclass(frozen=True)
class _Match:
    """``dot`` sums ``other (shifted - a)``; ``order`` aligns ``a`` with what is shifted."""

    dot: Contract
    other: int
    shifted: int
    a: int
    order: tuple[int, ...]


def _matches(plan: Plan) -> list[_Match]:
    made: dict[int, Step] = {getattr(step, "out", -1): step for step in plan.main}
    places = {out: number for number, out in enumerate(made)}
    found: list[_Match] = []
    for step in plan.main:
        if not isinstance(step, Contract) or any((step.shape[0], step.shape[1], step.shape[3])):
            continue
        for own, other in ((step.right, step.left), (step.left, step.right)):
            match = _match(step, own, other, made)
            if match is None or sum(own in reads(s) for s in plan.main) != 1:
                continue
            # what the shifted array is multiplied with is there before it is overwritten
            early = isinstance(made.get(other), Given)
            if early or places.get(other, len(places)) < places[match.shifted]:
                found.append(match)
                break
    return found


def _match(dot: Contract, own: int, other: int, made: Mapping[int, Step]) -> _Match | None:
    step = made.get(own)
    if not isinstance(step, Map) or step.function != "-" or own == other:
        return None
    shifted, aligned = step.args
    align = made.get(aligned)
    if not isinstance(align, Align):
        return None
    match made.get(align.source):
        case Map(a, "log", (total,)):
            fold = made.get(total)
        case _:
            return None
    e = made.get(fold.source) if isinstance(fold, Fold) and fold.op == "sum" else None
    if isinstance(e, Map) and e.function == "exp" and e.args == (shifted,):
        return _Match(dot, other, shifted, a, align.order)
    return None


def _parts(match: _Match, registers: list[Register]) -> tuple[Step, list[Step]]:
    """The sum with what is shifted, and the steps that take the sum with ``a`` from it."""
    dot, order = match.dot, match.order
    own = dot.left if dot.right == match.other else dot.right
    first = _new(registers, ())
    swapped = {own: match.shifted, match.other: match.other}
    whole = replace(dot, out=first, left=swapped[dot.left], right=swapped[dot.right])
    pairs = list(zip(dot.left_order, dot.right_order, strict=True))
    if own == dot.left:
        pairs = [(theirs, mine) for mine, theirs in pairs]
    # axes of the other array that ``a`` has, in the order of that array, and those it has not
    shared = sorted((theirs, order[mine]) for theirs, mine in pairs if order[mine] >= 0)
    rest = tuple(sorted(theirs for theirs, mine in pairs if order[mine] < 0))
    sizes = registers[match.other].shape
    kept, summed = tuple(sizes[at] for at in rest), tuple(sizes[at] for at, _ in shared)
    orders = (*rest, *(at for at, _ in shared)), tuple(at for _, at in shared)
    across, second = _new(registers, kept), _new(registers, ())
    return whole, [
        Contract(across, match.other, match.a, *orders, ((), kept, summed, ())),
        Fold(second, "sum", across, tuple(range(len(kept)))),
        Map(dot.out, "-", (first, second)),
    ]


def _new(registers: list[Register], shape: Sequence[int]) -> int:
    registers.append(Register(tuple(shape), "number", ()))
    return len(registers) - 1
