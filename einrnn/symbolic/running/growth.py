"""How a factor that depends on where a sum ends grows when the sum goes one place further."""

from __future__ import annotations

from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO, neg, number
from einrnn.core.nodes import Add, Affine, Apply, Expr, Mul, Pow, Reduce, Value
from einrnn.core.traverse import substitute
from einrnn.symbolic import simplify as s
from einrnn.symbolic.ranges import Ranges
from einrnn.symbolic.running.ends import Stretch, with_ends

_MOST_AT_FIRST = 4


class Growth(NamedTuple):
    """A factor is ``first`` where the sum ends at its place; it is multiplied by ``step`` when the
    sum goes on to ``place``."""

    step: Expr
    first: Expr


def growth(factor: Expr, of: Stretch, ranges: Ranges) -> Growth | None:
    """How a factor grows; None where that depends on how far the sum goes already."""
    match factor:
        case Pow(base, Value(exponent)):
            return None if base.free & {of.at, of.place} else _of_power(base, exponent, of)
        case Reduce("prod"):
            return _of_range(factor, of, ranges, ONE)
        case Apply("exp", (exponent,)):
            found = difference(exponent, of, ranges)
            return found and Growth(s.apply("exp", (found.step,)), s.apply("exp", (found.first,)))
        case _:
            return None


def _of_power(base: Expr, exponent: Affine, of: Stretch) -> Growth | None:
    found = steps_of(exponent, of)
    if found is None:
        return None
    step, first = found
    return Growth(s.pow_(base, s.value(af.of(step))), s.pow_(base, s.value(first)))


def steps_of(value: Affine, of: Stretch) -> tuple[int, Affine] | None:
    """By how much an index expression grows with each place, and what it is at first."""
    step = af.coefficient(value, of.at)
    if step == 0 or af.coefficient(value, of.place) != -step:
        return None
    first = substitute(value, {of.at: of.here})
    return (step * of.way, first) if of.place not in first.free else None


def _of_range(node: Reduce, of: Stretch, ranges: Ranges, neutral: Expr) -> Growth | None:
    """Of a product, or sum, over the places between."""
    whole = with_ends(node, ranges)
    if whole is None or whole.body.free & {of.at, of.place}:
        return None
    moving, other = (whole.hi, whole.lo) if of.way == 1 else (whole.lo, whole.hi)
    ahead, behind = af.minus(moving, af.of(of.at)), af.minus(other, af.of(of.place))
    if ahead.free | behind.free:
        return None
    place = substitute(moving, {of.at: of.here})
    first = af.number(af.scale(af.minus(place, other), of.way))
    if first is None or not -1 <= first < _MOST_AT_FIRST:
        return None
    step = substitute(whole.body, {whole.index: place})
    ahead = (af.shift(other, of.way * k) for k in range(first + 1))
    own = [substitute(whole.body, {whole.index: at}) for at in ahead]
    return Growth(step, (s.mul if neutral is ONE else s.add)(own))


def difference(value: Expr, of: Stretch, ranges: Ranges) -> Growth | None:
    """The same of what a step is added to."""
    if of.at not in value.free:
        return Growth(ZERO, value)
    match value:
        case Add(terms):
            return _combined(terms, of, ranges)
        case Mul(factors):
            moving = [factor for factor in factors if of.at in factor.free]
            if len(moving) > 1 or any(of.place in f.free for f in factors if f not in moving):
                return _apart(value, of)
            found = difference(moving[0], of, ranges)
            rest = tuple(factor for factor in factors if factor is not moving[0])
            return found and Growth(s.mul((*rest, found.step)), s.mul((*rest, found.first)))
        case Value(index):
            steps = steps_of(index, of)
            if steps is not None:
                return Growth(number(steps[0]), s.value(steps[1]))
        case Reduce("sum"):
            found = _of_range(value, of, ranges, ZERO)
            if found is not None:
                return found
        case _:
            pass
    return _apart(value, of)


def _combined(terms: tuple[Expr, ...], of: Stretch, ranges: Ranges) -> Growth | None:
    found = [difference(term, of, ranges) for term in terms]
    known = [one for one in found if one is not None]
    if len(known) < len(found):
        return None
    return Growth(s.add(k.step for k in known), s.add(k.first for k in known))


def _apart(value: Expr, of: Stretch) -> Growth | None:
    """Of what does not depend on the place: the difference of two neighbours."""
    if of.place in value.free:
        return None
    here = substitute(value, {of.at: of.here})
    before = substitute(value, {of.at: af.shift(of.here, -of.way)})
    return Growth(s.add((here, neg(before))), here)
