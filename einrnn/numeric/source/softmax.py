"""``logsumexp(q)``, what is less by it, and ``exp(q - logsumexp(q))`` with one exponential of the
whole of q."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from einrnn.dataclass import dataclass
from einrnn.numeric.steps import Align, Fold, Loop, Map, Register, Step


def softmax(steps: Sequence[Step], registers: list[Register]) -> tuple[Step, ...]:
    """With ``top = max q`` and ``e = exp(q - top)``, the logsumexp is ``top + log Σ e`` and
    the softmax ``e / Σ e``; neither overflows. What is less by a logsumexp is so by ``top`` first:
    else the digits of ``log Σ e`` would be lost where ``top`` is large. Registers are added for
    what is new."""
    made = {step.out: step for step in steps if isinstance(step, (Align, Fold, Map))}
    less = {step.out: match for step in made.values() if (match := _match(step, made))}
    folds = {match.fold.out for match in less.values()}
    parts: dict[int, Opened] = {}
    rows: list[Step] = []
    for step in steps:
        if isinstance(step, Fold) and step.out in folds:
            parts[step.out] = opened(step, registers)
            rows += parts[step.out].rows
        elif isinstance(step, Map) and (match := less.get(step.out)) and match.fold.out in parts:
            rows += _less(step, match, parts[match.fold.out], registers)
        elif isinstance(step, Map) and (match := _exponentiated(step, less, registers)):
            rows += _quotient(step.out, match, parts[match.fold.out], registers)
        elif isinstance(step, Loop):
            rows.append(replace(step, body=softmax(step.body, registers)))
        else:
            rows.append(step)
    return tuple(rows)


@dataclass(frozen=True)
class _Match:
    """``of`` less a logsumexp, which is aligned with it."""

    of: int
    fold: Fold
    align: Align | None


@dataclass(frozen=True)
class Opened:
    """The steps of a logsumexp; the registers of ``top``, of ``q - top``, of its exponential, of
    their sum and of the logarithm of that."""

    rows: list[Step]
    top: int
    shifted: int
    e: int
    total: int
    logarithm: int


def _match(step: Step, made: Mapping[int, Step]) -> _Match | None:
    if not isinstance(step, Map) or step.function != "-":
        return None
    of, right = step.args
    align = made.get(right)
    fold = made.get(align.source) if isinstance(align, Align) else align
    if not isinstance(fold, Fold) or fold.op != "logsumexp":
        return None
    return _Match(of, fold, align if isinstance(align, Align) else None)


def _exponentiated(
    step: Map, less: Mapping[int, _Match], registers: Sequence[Register]
) -> _Match | None:
    """``exp(q - logsumexp q)`` over the axes of q."""
    match = less.get(step.args[0]) if step.function == "exp" else None
    if match is None or match.of != match.fold.source:
        return None
    return match if registers[step.out].shape == registers[match.of].shape else None


def _less(step: Map, match: _Match, parts: Opened, registers: list[Register]) -> list[Step]:
    rows: list[Step] = []
    if match.of == match.fold.source and registers[step.out].shape == registers[match.of].shape:
        left = parts.shifted
    else:
        top = _aligned(parts.top, match, registers, rows)
        left = _new(registers, registers[step.out].shape)
        rows.append(Map(left, "-", (match.of, top)))
    logarithm = _aligned(parts.logarithm, match, registers, rows)
    return [*rows, Map(step.out, "-", (left, logarithm))]


def _aligned(source: int, match: _Match, registers: list[Register], rows: list[Step]) -> int:
    """A register aligned as the logsumexp is."""
    if match.align is None:
        return source
    across = _new(registers, registers[match.align.out].shape)
    rows.append(Align(across, source, match.align.order))
    return across


def opened(fold: Fold, registers: list[Register]) -> Opened:
    """The steps of a logsumexp."""
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
    return Opened(rows, safe, shifted, e, total, logarithm)


def _quotient(out: int, match: _Match, parts: Opened, registers: list[Register]) -> list[Step]:
    inverse = _new(registers, registers[parts.total].shape)
    rows: list[Step] = [Map(inverse, "reciprocal", (parts.total,))]
    across = _aligned(inverse, match, registers, rows)
    return [*rows, Map(out, "*", (parts.e, across))]


def _new(registers: list[Register], shape: tuple[int, ...]) -> int:
    registers.append(Register(shape, "number", ()))
    return len(registers) - 1
