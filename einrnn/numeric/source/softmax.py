"""``logsumexp(q)`` and ``exp(q - logsumexp(q))`` with one exponential of the whole of q."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from einrnn.dataclass import dataclass
from einrnn.numeric.steps import Align, Fold, Map, Register, Step


def softmax(steps: Sequence[Step], registers: list[Register]) -> tuple[Step, ...]:
    """With ``top = max q`` and ``e = exp(q - top)``, the logsumexp is ``top + log Σ e`` and
    the softmax ``e / Σ e``; neither overflows. Registers are added for what is new."""
    made = {step.out: step for step in steps if isinstance(step, (Align, Fold, Map))}
    found = {step.out: match for step in made.values() if (match := _match(step, made, registers))}
    folds = {match.fold.out for match in found.values()}
    parts: dict[int, tuple[int, int]] = {}
    rows: list[Step] = []
    for step in steps:
        if isinstance(step, Fold) and step.out in folds:
            new, parts[step.out] = opened(step, registers)
            rows += new
        elif isinstance(step, Map) and step.out in found and found[step.out].fold.out in parts:
            match = found[step.out]
            rows += _quotient(step.out, match, *parts[match.fold.out], registers)
        else:
            rows.append(step)
    return tuple(rows)


@dataclass(frozen=True)
class _Match:
    fold: Fold
    align: Align | None


def _match(step: Step, made: Mapping[int, Step], registers: Sequence[Register]) -> _Match | None:
    """``exp(q - logsumexp q)`` over the axes of q."""
    if not isinstance(step, Map) or step.function != "exp":
        return None
    inside = made.get(step.args[0])
    if not isinstance(inside, Map) or inside.function != "-":
        return None
    q, right = inside.args
    align = made.get(right)
    fold = made.get(align.source) if isinstance(align, Align) else align
    if not isinstance(fold, Fold) or fold.op != "logsumexp" or fold.source != q:
        return None
    if registers[step.out].shape != registers[q].shape:
        return None
    return _Match(fold, align if isinstance(align, Align) else None)


def opened(fold: Fold, registers: list[Register]) -> tuple[list[Step], tuple[int, int]]:
    """The steps of a logsumexp, and the registers of ``e`` and of its sum."""
    whole, rest = registers[fold.source], registers[fold.out]
    kept = iter(range(len(rest.shape)))
    order = tuple(-1 if at in fold.axes else next(kept) for at in range(len(whole.shape)))
    wide = tuple(1 if at < 0 else size for at, size in zip(order, whole.shape, strict=True))
    top, safe = _new(registers, rest.shape), _new(registers, rest.shape)
    across, shifted = _new(registers, wide), _new(registers, whole.shape)
    e, total, logarithm = (
        _new(registers, whole.shape),
        _new(registers, rest.shape),
        _new(registers, rest.shape),
    )
    rows: list[Step] = [
        Fold(top, "max", fold.source, fold.axes),
        Map(safe, "finite", (top,)),
        Align(across, safe, order),
        Map(shifted, "-", (fold.source, across)),
        Map(e, "exp", (shifted,)),
        Fold(total, "sum", e, fold.axes),
        Map(logarithm, "log", (total,)),
        Map(fold.out, "+", (logarithm, safe)),
    ]
    return rows, (e, total)


def _quotient(out: int, match: _Match, e: int, total: int, registers: list[Register]) -> list[Step]:
    inverse = _new(registers, registers[total].shape)
    rows: list[Step] = [Map(inverse, "reciprocal", (total,))]
    if match.align is not None:
        across = _new(registers, registers[match.align.out].shape)
        rows.append(Align(across, inverse, match.align.order))
        inverse = across
    return [*rows, Map(out, "*", (e, inverse))]


def _new(registers: list[Register], shape: tuple[int, ...]) -> int:
    registers.append(Register(shape, "number", ()))
    return len(registers) - 1
