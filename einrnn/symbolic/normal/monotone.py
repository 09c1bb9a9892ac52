"""Relations between values of a function that grows, as relations between its arguments."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import TYPE_CHECKING

from einrnn.core.nodes import Apply
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.terms import Poly, Term

if TYPE_CHECKING:
    from einrnn.symbolic.normal.expand import Normaliser

_MOST = 3  # two values of a function and a number
# functions with a value everywhere, as far above that at 0 as below it on the other side, with it
_GROWING = {
    "tanh": Fraction(0),
    "sinh": Fraction(0),
    "atan": Fraction(0),
    "erf": Fraction(0),
    "sigmoid": Fraction(1, 2),
}


def of_growing(
    work: Normaliser, op: str, difference: Poly, relation: Callable[[str, Poly], Poly]
) -> Poly | None:
    """``[f(a) > f(b)] = [a > b]`` and ``[f(a) > f(0)] = [a > 0]``; None for other relations."""
    if not 1 <= len(difference) <= _MOST:
        return None
    found = _of_exponentials(work, difference)
    if found is None:
        found = _of_function(work, difference)
    return None if found is None else relation(op, found)


def _of_exponentials(work: Normaliser, difference: Poly) -> Poly | None:
    """The logarithm of the larger product of exponentials without that of the smaller one."""
    if len(difference) != 2 or sum(difference.values()) != 0:
        return None
    logs: list[Poly] = []
    for term, coefficient in difference.items():
        log = _logarithm(work, term)
        if log is None:
            return None
        logs.append(tm.scale(log, Fraction(1 if coefficient > 0 else -1)))
    return tm.plus(logs)


def _logarithm(work: Normaliser, term: Term) -> Poly | None:
    if term.bound or term.conds:
        return None
    rows: list[Poly] = []
    for atom, exponent in term.factors:
        match atom:
            case Apply("exp", (argument,)):
                rows.append(tm.scale(work.poly(argument), exponent))
            case _:
                return None
    return tm.plus(rows)


def _of_function(work: Normaliser, difference: Poly) -> Poly | None:
    """The arguments of one function, where its values are all that is compared."""
    names: set[str] = set()
    rows: list[Poly] = []
    number, times = Fraction(0), list[Fraction]()
    for term, coefficient in difference.items():
        if term == tm.UNIT:
            number = coefficient
            continue
        found = _single(term)
        if found is None:
            return None
        names.add(found.function)
        times.append(coefficient)
        rows.append(tm.scale(work.poly(found.args[0]), Fraction(1 if coefficient > 0 else -1)))
    if len(names) != 1 or abs(times[0]) != abs(times[-1]):
        return None
    (name,) = names
    return tm.plus(rows) if number == -_GROWING[name] * sum(times) else None


def _single(term: Term) -> Apply | None:
    if term.bound or term.conds or len(term.factors) != 1:
        return None
    ((atom, exponent),) = term.factors
    if exponent != 1 or not isinstance(atom, Apply) or atom.function not in _GROWING:
        return None
    return atom
