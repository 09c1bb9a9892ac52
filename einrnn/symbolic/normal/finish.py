"""What is tried on a difference that is not 0 at first sight."""

from __future__ import annotations

from collections.abc import Callable

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO, apply, div, iverson, neg, number, power, sub
from einrnn.core.nodes import (
    Add,
    Affine,
    Apply,
    Compare,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Node,
    Number,
    Pow,
    Reduce,
)
from einrnn.core.traverse import rebuild, substitute, walk
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.angles import of_angles
from einrnn.symbolic.normal.domain import at_least_zero, is_zero, side
from einrnn.symbolic.normal.settle import span
from einrnn.symbolic.normal.terms import Poly, Term

_MOST_PEELED = 4
_MOST_COMPARED = 4
_MOST_UNROLLED, _MOST_LISTED = 16, 4
_MOST_WINDOWS = 8


def exponentials(expr: Expr) -> Expr:
    """The same with hyperbolic functions, sigmoid and softplus in terms of exp and log,
    absolute values, signs and the larger of two in terms of brackets, tangents and squares of
    sines in terms of cosines, sines and cosines of sums in terms of those of their parts."""

    def change(node: Node) -> Node:
        if isinstance(node, Pow):
            return _power_of_sine(node)
        if isinstance(node, Apply) and node.function in ("sin", "cos"):
            return of_angles(node.function, node.args[0])
        if isinstance(node, Apply) and node.function in _BY_OTHERS:
            return _BY_OTHERS[node.function](node.args[0])
        if isinstance(node, Apply) and node.function in _BY_CASES:
            return _BY_CASES[node.function](*node.args)
        if isinstance(node, Reduce) and node.op in _BY_CASES:
            return _one_after_the_other(node)
        return node

    return rebuild(expr, change)


def _exp(x: Expr) -> Expr:
    return apply("exp", x)


_BY_OTHERS: dict[str, Callable[[Expr], Expr]] = {
    # sigmoid(x) = 1 / (1 + exp(-x))
    "sigmoid": lambda x: power(Add((ONE, _exp(neg(x)))), -1),
    # tanh(x) = 1 - 2 / (exp(2 x) + 1)
    "tanh": lambda x: sub(ONE, div(number(2), Add((power(_exp(x), 2), ONE)))),
    "sinh": lambda x: div(sub(_exp(x), _exp(neg(x))), number(2)),
    "cosh": lambda x: div(Add((_exp(x), _exp(neg(x)))), number(2)),
    "softplus": lambda x: apply("log", Add((ONE, _exp(x)))),
    # tan(x) = sin(x) / cos(x)
    "tan": lambda x: div(apply("sin", x), apply("cos", x)),
}


def _power_of_sine(node: Pow) -> Expr:
    """sin(x)^(2n + m) = (1 - cos(x)^2)^n sin(x)^m, with m 0 or 1."""
    match node:
        case Pow(Apply("sin", (x,)) as sine, Number(exponent)) if (
            exponent.denominator == 1 and exponent > 1
        ):
            pairs, odd = divmod(int(exponent), 2)
            squared = sub(ONE, power(apply("cos", x), 2))
            return Mul((power(squared, pairs), sine)) if odd else power(squared, pairs)
        case _:
            return node


def _positive(x: Expr) -> Expr:
    return iverson(Compare(">", x, ZERO))


def _absolute(x: Expr) -> Expr:
    """|x| = 2 x [x > 0] - x."""
    return sub(Mul((number(2), x, _positive(x))), x)


def _sign(x: Expr) -> Expr:
    """sign(x) = 2 [x > 0] - 1 + [x == 0]."""
    zero = iverson(Compare("==", x, ZERO))
    return Add((Mul((number(2), _positive(x))), number(-1), zero))


def _larger(a: Expr, b: Expr) -> Expr:
    """max(a, b) = b + (a - b) [a - b > 0]."""
    return Add((b, Mul((sub(a, b), _positive(sub(a, b))))))


def _smaller(a: Expr, b: Expr) -> Expr:
    """min(a, b) = a - (a - b) [a - b > 0]."""
    return sub(a, Mul((sub(a, b), _positive(sub(a, b)))))


_BY_CASES: dict[str, Callable[..., Expr]] = {
    "abs": _absolute,
    "sign": _sign,
    "max": _larger,
    "min": _smaller,
}


def _one_after_the_other(node: Reduce) -> Expr:
    """The largest (or smallest) of a few: max_{p=0..1} f(p) = max(f(0), f(1))."""
    first, count = node.lo, af.number(af.minus(node.hi, node.lo))
    if count is None or not 0 <= count < _MOST_COMPARED:
        return node
    found, *others = [
        substitute(node.body, {node.index: af.shift(first, step)}) for step in range(count + 1)
    ]
    for other in others:
        found = _BY_CASES[node.op](found, other)
    return found


def peeled(poly: Poly) -> Poly:
    """Sums over ranges that end at different distances from one place, all brought to the
    shortest of them: the last summands of the longer ones are split off."""
    shortest: dict[Affine, int] = {}
    for term in poly:
        for _, _, place, distance in _ends(term):
            shortest[place] = min(distance, shortest.get(place, distance))
    rows: list[Poly] = []
    for term, coefficient in poly.items():
        rows.append(tm.scale(_peel(term, shortest), coefficient))
    return tm.plus(rows)


def windows(poly: Poly) -> Poly:
    """Sums over windows that move with other indices, ``Σ_{m=2n..2n+K-1} f(m)``, counted from
    where the window begins: ``Σ_{k=0..K-1} f(2n + k)``. So are sums that begin at a number:
    ``Σ_{t=1..T-1} f(t-1) = Σ_{t=0..T-2} f(t)``."""
    return tm.plus({_counted_from_start(term): c} for term, c in poly.items())


def _counted_from_start(term: Term) -> Term:
    for _ in range(_MOST_WINDOWS):
        starts = ((index, _start(term, index)) for index in term.bound)
        found = next(((index, low) for index, low in starts if low is not None), None)
        if found is None:
            break
        index, low = found
        term = tm.rename(term, {index: af.plus(af.of(index), low)})
    return term


def _start(term: Term, index: Index) -> Affine | None:
    """Where the range of an index begins, if that is a number other than 0, or moves with other
    indices and the length of the range does not."""
    ends = span(term, index)
    if ends is None:
        return None
    low, high = ends
    if not low.free:
        return low if af.number(low) else None
    length = af.minus(high, low)
    return low if length.terms and not length.free else None


def aligned(poly: Poly) -> Poly:
    """Sums counted so that the first entry or power that each reads is the one at its index:
    ``Σ_{q=1..t} ph y[q-1] = Σ_{q=0..t-1} ph y[q]``."""
    return tm.plus({_aligned(term): times} for term, times in poly.items())


def _aligned(term: Term) -> Term:
    places: dict[Index, list[int]] = {}
    for node in walk(*(atom for atom, _ in term.factors)):
        at_places = node.args if isinstance(node, Element) else ()
        if isinstance(node, Matrix) and node.op == "matpow":
            at_places = (node.power,)
        for at in at_places:
            letter = af.letter(af.shift(at, -at.constant))
            if letter in term.bound:
                places.setdefault(letter, []).append(at.constant)
    back = {i: af.shift(af.of(i), -min(found)) for i, found in places.items() if min(found)}
    return tm.rename(term, back) if back else term


def unrolled(poly: Poly) -> Poly:
    """Sums over a few numbers written out, one summand for each."""
    rows: list[Poly] = []
    pending = list(poly.items())
    while pending:
        term, coefficient = pending.pop()
        found = next(((i, v) for i in term.bound if (v := _numbers(term, i)) is not None), None)
        if found is None:
            rows.append({term: coefficient})
            continue
        pending += [(t, coefficient) for t in _at_values(term, *found)]
    return tm.plus(rows)


def listed(poly: Poly) -> Poly:
    """Sums of a few summands from wherever they begin written out: ``Σ_{i=n-2..n-1} f(i)``."""
    rows: list[Poly] = []
    pending = list(poly.items())
    while pending:
        term, coefficient = pending.pop()
        found = next(((i, p) for i in term.bound if (p := _few_places(term, i))), None)
        if found is None:
            rows.append({term: coefficient})
            continue
        index, places = found
        others = tuple(other for other in term.bound if other is not index)
        rest = Term(others, term.conds, term.factors)
        pending += [(tm.rename(rest, {index: place}), coefficient) for place in places]
    return tm.plus(rows)


def _few_places(term: Term, index: Index) -> list[Affine]:
    ends = span(term, index)
    length = None if ends is None else af.number(af.minus(ends[1], ends[0]))
    if ends is None or length is None or not 0 <= length < _MOST_LISTED:
        return []
    return [af.shift(ends[0], steps) for steps in range(length + 1)]


def one_by_one(term: Term, index: Index) -> Poly | None:
    """A sum over a few numbers written out; None where the index has other bounds."""
    values = _numbers(term, index)
    return (
        None
        if values is None
        else tm.plus({t: tm.Fraction(1)} for t in _at_values(term, index, values))
    )


def _at_values(term: Term, index: Index, values: range) -> list[Term]:
    others = tuple(other for other in term.bound if other is not index)
    rest = Term(others, term.conds, term.factors)
    return [tm.rename(rest, {index: af.of(value)}) for value in values]


def _numbers(term: Term, index: Index) -> range | None:
    """The values of a bound index that runs from a number to a number, if they are few."""
    lows: list[int] = []
    highs: list[int] = []
    for cond in term.conds:
        parts = side(cond) if cond.free == frozenset((index,)) else None
        if parts is None or parts[0] != "<=" or len(parts[1].terms) != 1:
            continue
        times = parts[1].terms[0][1]
        if times == 1:
            lows.append(-parts[1].constant)
        elif times == -1:
            highs.append(parts[1].constant)
        else:
            return None
    if not lows or not highs or min(highs) - max(lows) >= _MOST_UNROLLED:
        return None
    return range(max(lows), min(highs) + 1)


def _ends(term: Term) -> list[tuple[Index, int, Affine, int]]:
    """The bounds of bound indices: index, sign, where it ends up to a number, that number."""
    rows: list[tuple[Index, int, Affine, int]] = []
    for cond in term.conds:
        parts = side(cond)
        if parts is None or parts[0] != "<=":
            continue
        for index in term.bound:
            sign = af.coefficient(parts[1], index)
            rest = af.plus(parts[1], af.of(index), -sign)
            if abs(sign) == 1 and index not in rest.free and not rest.free & frozenset(term.bound):
                place = af.plus(af.shift(rest, -rest.constant), af.of(_MARK), sign)
                rows.append((index, sign, place, rest.constant))
    return rows


_MARK = Index("·end")


def _peel(term: Term, shortest: dict[Affine, int]) -> Poly:
    """One term with its ranges shortened, and the summands that this splits off."""
    rows: list[Poly] = []
    for index, sign, place, distance in _ends(term):
        excess = distance - shortest[place]
        if not 0 < excess <= _MOST_PEELED:
            continue
        bare = af.plus(af.shift(place, -place.constant), af.of(_MARK), -sign)
        value = af.plus(bare, af.of(index), sign)
        old = at_least_zero(af.shift(value, distance))
        others = tuple(cond for cond in term.conds if cond is not old)
        for step in range(excess):
            pinned = is_zero(af.shift(value, distance - step))
            summand = Term(term.bound, tm.sorted_conds((*others, pinned)), term.factors)
            rows.append(_peel(summand, shortest))
        kept = at_least_zero(af.shift(value, shortest[place]))
        term = Term(term.bound, tm.sorted_conds((*others, kept)), term.factors)
    rows.append({term: tm.Fraction(1)})
    return tm.plus(rows)
