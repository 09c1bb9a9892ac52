"""Whether a polynomial is 0: what is tried, cheapest first."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Dim, Expr, Index, Node
from einrnn.core.traverse import rebuild
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.bysign import vanishes_by_signs
from einrnn.symbolic.normal.determinants import vanishes_with_determinants
from einrnn.symbolic.normal.domain import follows, side
from einrnn.symbolic.normal.domain import is_zero as holds_at
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.finish import aligned, exponentials, listed, peeled, windows
from einrnn.symbolic.normal.inverses import vanishes_with_inverses
from einrnn.symbolic.normal.matpow import few_powers, lowered
from einrnn.symbolic.normal.orders import ordered
from einrnn.symbolic.normal.products import factor_by_factor
from einrnn.symbolic.normal.quotients import cleared, vanishes_cleared
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.reflect import counted, reflected
from einrnn.symbolic.normal.resolvents import vanishes_by_resolvent
from einrnn.symbolic.normal.sampled import surely_differs
from einrnn.symbolic.normal.segments import cut, first_empty
from einrnn.symbolic.normal.stretched import stretched
from einrnn.symbolic.normal.strides import by_places, by_strides
from einrnn.symbolic.normal.swapped import swapped
from einrnn.symbolic.normal.telescoped import telescoped
from einrnn.symbolic.normal.terms import Poly, Term, TooLarge
from einrnn.symbolic.normal.weights import vanishes_unweighted

_MOST_VALUES = 8
_MOST_SPLITS = 4


@dataclass(frozen=True)
class Case:
    """What is at least zero in a case, what a free index is replaced by, and a size that is 1."""

    known: tuple[Affine, ...] = ()
    moved: Mapping[Index, Affine] | None = None
    one: Dim | None = None


def is_zero(work: Normaliser, difference: Poly, splits: int = _MOST_SPLITS) -> bool:
    """Whether a normal form can be shown to be 0.

    Raises:
        TooLarge: the budget ran out.
    """
    ended = _with_ends(work, difference)
    if not ended:
        return True
    if surely_differs(work, ended):
        return False
    if _vanishes_whole(work, ended):
        return True
    if splits == 0:
        return False
    # each case has ends of its own
    cases = _cases(work.known, difference)
    if cases is None:  # summands that are split off are there under conditions
        difference = _of_one_length(work, _aligned(work, difference))
        difference = work.canonical(difference)
        cases = _cases(work.known, difference)
    return cases is not None and all(_in_case(work, difference, c, splits - 1) for c in cases)


def _vanishes_whole(work: Normaliser, difference: Poly) -> bool:
    """Whether a polynomial is 0 without a split into cases."""
    if work.symmetric:
        # a matrix may have been found symmetric after terms with its inverse were ordered
        difference = work.canonical(difference)
        if not difference:
            return True
    if _vanishes_turned(work, difference) or _vanishes_peeled(work, difference):
        return True
    beside = _aligned(work, difference)
    if beside != difference and _vanishes_peeled(work, beside):
        return True
    whole = stretched(work, beside)
    if whole != beside and not work.canonical(whole):
        return True
    moved = few_powers(windows(difference))
    if moved != difference and not work.canonical(moved):
        return True
    apart = (
        listed(difference),
        factor_by_factor(work, difference),
        lowered(work, difference),
        by_places(difference),
        *by_strides(difference),
    )
    if any(split != difference and not work.canonical(split) for split in apart):
        return True
    if vanishes_cleared(work, difference):
        return True
    pairs = swapped(work, difference)
    if pairs != difference and not work.canonical(pairs):
        return True
    if _vanishes_counted(work, difference):
        return True
    written = expression(difference)
    opened = work.ends.opened(written)
    if opened is not written and not work.poly(opened):
        return True
    whole = cleared(work, difference)
    if whole != difference and _vanishes_turned(work, whole):
        return True
    plain = work.poly(exponentials(expression(difference)))
    again = exponentials(written := expression(plain))
    if again is not written:  # squares of sines have come up
        plain = work.poly(again)
    if not plain or vanishes_cleared(work, plain):
        return True
    return (
        vanishes_with_inverses(work, difference)
        or vanishes_unweighted(work, difference)
        or vanishes_by_resolvent(work, difference)
        or vanishes_with_determinants(work, difference)
        or vanishes_by_signs(work, plain)
    )


def _vanishes_counted(work: Normaliser, difference: Poly) -> bool:
    """Whether it is 0 once its sums are counted from one place; not where that is too much."""
    try:
        same = counted(difference)
        return same != difference and _vanishes_peeled(work, work.canonical(same))
    except TooLarge:
        return False


def _aligned(work: Normaliser, difference: Poly) -> Poly:
    beside = aligned(difference)
    return difference if beside == difference else work.canonical(beside)


def _vanishes_turned(work: Normaliser, difference: Poly) -> bool:
    """Whether it is 0 once its sums are counted from one place, and over one order."""
    turned = ordered(reflected(work, difference), work.known, work.interchangeable)
    return turned != difference and _vanishes_peeled(work, work.canonical(turned))


def _with_ends(work: Normaliser, difference: Poly) -> Poly:
    """The difference with ``[t <= T-3] S[t+2]`` as ``S[t+2] - [t == T-2] S[T]`` where ``t <= T-2``
    is known and ``S[T]`` has a value."""
    found = {term: _up_to_the_end(work, term) for term in difference if term.conds}
    if not any(poly is not None for poly in found.values()):
        return difference
    rows: list[Poly] = []
    for term, coefficient in difference.items():
        poly = found.get(term)
        rows.append(tm.scale({term: Fraction(1)} if poly is None else poly, coefficient))
    return work.canonical(tm.plus(rows))


def _up_to_the_end(work: Normaliser, term: Term) -> Poly | None:
    """A term under a condition that holds but at one time, at which an entry has a value."""
    for cond in term.conds:
        parts = side(cond)
        if parts is None or parts[0] != "<=" or cond.free & frozenset(term.bound):
            continue
        beyond = af.shift(parts[1], 1)
        solved = _solved(beyond) if follows(work.known, beyond) else None
        if solved is None:
            continue
        if work.facts.total.product_lacks(term.factors, work.known):
            return None  # without the condition it would be computed at that time too
        rest = Term(term.bound, tuple(c for c in term.conds if c is not cond), term.factors)
        there = expression({tm.rename(rest, solved): Fraction(1)})
        opened = work.ends.opened(there)
        if opened is not there:
            at_end = work.times(Term((), (holds_at(beyond),), ()), work.poly(opened))
            return tm.plus(({rest: Fraction(1)}, tm.scale(at_end, Fraction(-1))))
    return None


def _vanishes_peeled(work: Normaliser, difference: Poly) -> bool:
    """Whether it is 0 once sums are brought to one length."""
    if not difference:
        return True
    short = peeled(difference)
    pieces = cut(work, short)
    ways = (short,) if pieces == short else (short, pieces)
    return any(_vanishes_shortened(work, difference, telescoped(work, way)) for way in ways)


def _vanishes_shortened(work: Normaliser, difference: Poly, shorter: Poly) -> bool:
    if shorter == difference:
        return False
    shorter = work.canonical(shorter)
    # products inside shorter sums may split off factors that they could not before, and
    # summands that are split off may be at ends
    return not shorter or not work.poly(work.ends.opened(expression(shorter)))


def _of_one_length(work: Normaliser, difference: Poly) -> Poly:
    return telescoped(work, cut(work, peeled(difference)))


def _in_case(work: Normaliser, difference: Poly, case: Case, splits: int) -> bool:
    inside = work.inside(*case.known)
    if case.one is not None:
        written = _of_size_one(expression(difference), case.one)
        difference = inside.poly(work.ends.opened(written))
    if case.moved is not None:
        difference = tm.plus({tm.rename(t, case.moved): c} for t, c in difference.items())
        written = expression(difference)
        opened = work.ends.opened(written)
        if opened is not written:
            difference = inside.poly(opened)
    return is_zero(inside, inside.canonical(difference), splits)


def _cases(known: tuple[Affine, ...], difference: Poly) -> list[Case] | None:
    """Cases that exhaust all values: the values of an index that has few, or that a condition
    on free indices holds or does not."""
    small = _few_values(known, difference)
    if small is not None:
        index, values = small
        return [Case(moved={index: af.of(value)}) for value in values]
    for op, value in _free_conditions(difference):
        below, above = af.shift(af.scale(value, -1), -1), af.shift(value, -1)
        if op == "<=":
            return [_where(known, value), _where(known, below)]
        solved = _solved(value)
        if solved is not None:
            others = [case for case in (below, above) if not _impossible(known, case)]
            return [Case(moved=solved), *(Case((case,)) for case in others)]
    size = next(_perhaps_one(difference), None)
    if size is not None:
        return [Case((af.shift(af.of(size), -2),)), Case((af.affine(1, {size: -1}),), one=size)]
    room = first_empty(difference, known)
    empty = None if room is None else _solved(af.shift(room, 1))
    return None if room is None or empty is None else [Case(moved=empty), Case((room,))]


def _perhaps_one(difference: Poly) -> Iterator[Dim]:
    """The sizes of which a condition says that they are 1, or more, or which of two ends of a
    sum that depends on."""
    for value in dict.fromkeys(room for term in difference for room in _rooms(term)):
        for size in af.dims(value)[:1]:
            if value is af.shift(af.of(size), -2) or value is af.affine(1, {size: -1}):
                yield size


def _rooms(term: Term) -> Iterator[Affine]:
    """What conditions say of sizes alone, and how far apart two ends of one sum are."""
    ends: dict[tuple[Index, int], Affine] = {}
    for cond in term.conds:
        parts = side(cond)
        if parts is None or parts[0] != "<=":
            continue
        value = parts[1]
        if not cond.free:
            yield value
        for index in term.bound:
            times = af.coefficient(value, index)
            if abs(times) == 1:
                other = ends.setdefault((index, times), value)
                yield af.minus(value, other)
                yield af.minus(other, value)


def _of_size_one(expr: Expr, size: Dim) -> Expr:
    """The expression where a size is 1."""

    def change(node: Node) -> Node:
        times = af.coefficient(node, size) if isinstance(node, Affine) else 0
        if not times:
            return node
        assert isinstance(node, Affine)
        return af.shift(af.plus(node, af.of(size), -times), times)

    return rebuild(expr, change)


def _where(known: tuple[Affine, ...], value: Affine) -> Case:
    """The case that a value is at least zero; where it cannot be more, it is."""
    solved = _solved(value) if follows(known, af.scale(value, -1)) else None
    return Case((value,)) if solved is None else Case(moved=solved)


def _impossible(known: tuple[Affine, ...], value: Affine) -> bool:
    """Whether a value that is to be at least zero is known to be below."""
    return follows(known, af.shift(af.scale(value, -1), -1))


def _free_conditions(difference: Poly) -> Iterator[tuple[str, Affine]]:
    """The conditions without bound indices, in a fixed order, each once."""
    found = {
        cond.key: parts
        for term in difference
        for cond in term.conds
        if cond.free and not cond.free & frozenset(term.bound) and (parts := side(cond)) is not None
    }
    for key in sorted(found):
        yield found[key]


def _solved(value: Affine) -> Mapping[Index, Affine] | None:
    """One index in terms of the rest, where the value is 0."""
    for atom, times in value.terms:
        if isinstance(atom, Index) and abs(times) == 1:
            rest = af.plus(value, af.of(atom), -times)
            if atom not in rest.free:
                return {atom: af.scale(rest, -times)}
    return None


def _few_values(known: Iterable[Affine], difference: Poly) -> tuple[Index, range] | None:
    """A free index that occurs in conditions and has a few values only, with the values."""
    low: dict[Index, int] = {}
    high: dict[Index, int] = {}
    for value in known:
        if len(value.terms) == 1 and isinstance(index := value.terms[0][0], Index):
            if value.terms[0][1] == 1:
                low[index] = max(-value.constant, low.get(index, -value.constant))
            elif value.terms[0][1] == -1:
                high[index] = min(value.constant, high.get(index, value.constant))
    free = {i for t in difference for c in t.conds for i in c.free if i not in t.bound}
    for index in sorted(free, key=lambda i: i.name):
        if index in low and index in high and high[index] - low[index] < _MOST_VALUES:
            return index, range(low[index], high[index] + 1)
    return None
