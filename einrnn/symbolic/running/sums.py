"""Sums up to an index, or from one on, as recurrences, where all summands grow alike.

``v[t] = sum[s=0..t] mu^(t-s) g[s]`` is ``R[q] = mu R[q-1] + g[q]`` at ``q = t``. Its derivative by
``mu`` as a sum is one of ``(t-s) mu^(t-s-1) g[s]`` for each pair of places; of the recurrence it is
an adjoint that goes back one step at a time. Summands may grow by powers, by products over the
places between, ``prod[r=s+1..t] a[r]``, or by exponentials of sums, and ``logsumexp`` adds where a
sum multiplies.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import NamedTuple, TypeGuard

from einrnn.core import affine as af
from einrnn.core.build import ZERO, neg
from einrnn.core.model import Clause, Definition, Model, Range
from einrnn.core.nodes import Element, Expr, Index, Matrix, Mul, Reduce
from einrnn.core.reach import reached
from einrnn.core.running import running
from einrnn.core.traverse import binds, fresh, substitute, walk
from einrnn.symbolic import simplify as s
from einrnn.symbolic.ranges import Ranges
from einrnn.symbolic.running.ends import Ended, ended
from einrnn.symbolic.running.growth import Growth, difference, growth
from einrnn.symbolic.running.mixing import Beside, Mixing, mixed
from einrnn.symbolic.running.places import Found, with_own_definitions

# what the definition of an entry that is read at a place says of it
Said = Callable[[Expr, Index], Expr]


def with_running_sums(model: Model, kept: frozenset[str] = frozenset()) -> Model:
    """The model with such sums of its definitions as definitions of their own.

    What is differentiated by, ``kept``, is not looked through: it would have no part in what it
    is a step of.
    """
    return with_own_definitions(model, "sum", partial(_taken_out, kept))


class _Parts(NamedTuple):
    """What stands around a sum; by what its summands grow, ONE where they stay; what they are at
    their own places; the sums that are done afterwards; a matrix that mixes them at each step;
    and a factor that something is added to."""

    outside: tuple[Expr, ...]
    step: Expr
    own: Expr
    inner: tuple[Reduce, ...]
    mixing: Mixing | None = None
    added: Growth | None = None


def _taken_out(
    kept: frozenset[str], model: Model, node: Reduce, clause: Clause, name: str
) -> Found | None:
    if node.op not in ("sum", "logsumexp"):
        return None
    for found_form in _forms(partial(_said, model, kept), node):
        if ended(found_form, clause.ranges) is None:
            continue
        form = _renamed(found_form, _indices(found_form) | clause.ranges.keys())
        found = ended(form, clause.ranges)
        if found is None or (form.op == "logsumexp" and found.empty):
            continue
        parts = _terms(found, clause.ranges) if form.op == "logsumexp" else _factors(found, clause)
        made = None if parts is None else _recurrence(form, found, parts, clause, name)
        if made is not None:
            return made
    return None


def _recurrence(
    node: Reduce, found: Ended, parts: _Parts, clause: Clause, name: str
) -> Found | None:
    ranges = {**clause.ranges, **{one.index: Range(one.lo, one.hi) for one in parts.inner}}
    free = parts.own.free | parts.step.free
    free |= frozenset() if parts.mixing is None else {parts.mixing.kept}
    free |= frozenset() if parts.added is None else parts.added.step.free | parts.added.first.free
    free -= {found.of.place}
    others = {index: span for index, span in ranges.items() if index in free}
    if free != others.keys() or any(span.lo.free | span.hi.free for span in others.values()):
        return None
    new, own = _summands(found, parts.own, others, name)
    if node.op == "logsumexp":
        last = running(name, found.places, others, None, partial(_joined, parts.step, own), own)
        new = (*new, last)
    elif parts.added is None:
        new = (*new, _summed(name, found, others, parts, own))
    else:
        new = (*new, *_with_added(name, found, others, parts, own, parts.added))
    entry: Expr = Element(name, (found.of.end, *map(af.of, others)))
    entry = Mul((*parts.outside, entry)) if parts.outside else entry
    for one in parts.inner:
        entry = Reduce("sum", one.index, one.lo, one.hi, entry)
    return new, entry


def _joined(step: Expr, own: Expr, earlier: Element) -> Expr:
    """The logarithm of what ``earlier`` is that of, grown, and of one summand more."""
    grown = s.add((earlier, step))
    return s.add((grown, s.apply("softplus", (s.add((own, neg(grown))),))))


def _summed(
    name: str, found: Ended, others: Mapping[Index, Range], parts: _Parts, own: Expr
) -> Definition:
    def following(earlier: Element) -> Expr:
        moved = earlier if parts.mixing is None else parts.mixing.moved(earlier)
        return s.add((s.mul((parts.step, moved)), own))

    # what the first summand is multiplied by may not be there
    begins = own if found.of.place in parts.step.free else None
    start = ZERO if found.empty or begins is None else None
    before = max(1, found.empty)
    return running(name, found.places, others, start, following, begins, before)


def _with_added(
    name: str, found: Ended, others: Mapping[Index, Range], parts: _Parts, own: Expr, added: Growth
) -> tuple[Definition, ...]:
    """A sum whose summands have a factor that something is added to at each step: that, as often
    as there are summands without the factor, which are summed by themselves."""
    alone = _summed(f"{name} alone", found, others, parts, own)

    def following(earlier: Element) -> Expr:
        without = Element(alone.name, earlier.args)
        grown = s.mul((parts.step, s.add((earlier, s.mul((added.step, without))))))
        return s.add((grown, s.mul((own, added.first))))

    begins, start = s.mul((own, added.first)), ZERO if found.empty else None
    before = max(1, found.empty)
    return alone, running(name, found.places, others, start, following, begins, before)


def _summands(
    found: Ended, own: Expr, others: Mapping[Index, Range], name: str
) -> tuple[tuple[Definition, ...], Expr]:
    """The summands; those that are sums up to their places, as a definition of their own, which
    may have something to take out in turn."""
    letter, low, high, _ = found.places
    if not any(isinstance(node, Reduce) and letter in node.free for node in walk(own)):
        return (), own
    span = Range(low, high)
    args = (af.of(letter), *map(af.of, others))
    clause = Clause(args, {letter: span, **others}, own)
    label = f"{name} of"
    return (Definition(label, (span, *others.values()), (clause,)),), Element(label, args)


def _terms(found: Ended, ranges: Ranges) -> _Parts | None:
    """How the arguments of a ``logsumexp`` grow: something is added to them."""
    grown = difference(found.body, found.of, ranges)
    return grown and _Parts((), grown.step, grown.first, ())


def _factors(found: Ended, clause: Clause) -> _Parts | None:
    outside: list[Expr] = []
    steps: list[Expr] = []
    own: list[Expr] = []
    inner: list[Reduce] = []
    powers: list[Matrix] = []
    added: list[Growth] = []
    of, ranges = found.of, dict(clause.ranges)
    waiting = s.flat((found.body,), Mul)
    for factor in waiting:  # which grows by those of a sum inside
        if of.at not in factor.free:
            own.append(factor)
        elif of.place not in factor.free:
            outside.append(factor)
        elif _is_inner_sum(factor):
            one = _renamed(factor, _indices(factor) | ranges.keys() | {of.place})
            ranges[one.index] = Range(one.lo, one.hi)
            inner.append(one)
            waiting += s.flat((one.body,), Mul)
        elif isinstance(factor, Matrix) and factor.op == "matpow":
            powers.append(factor)
        else:
            around = {**ranges, of.place: _span(found)}
            grown = growth(factor, of, around)
            plus = difference(factor, of, around) if grown is None else None
            if grown is not None:
                steps.append(grown.step)
                own.append(grown.first)
            elif plus is not None:
                added.append(plus)
            else:
                return None
    step = s.mul(steps)
    if not powers and len(added) < 2:
        extra = added[0] if added else None
        return _Parts(tuple(outside), step, s.mul(own), tuple(inner), None, extra)
    if len(powers) != 1 or added:
        return None
    split = mixed(powers[0], of, Beside(outside, own, inner), ranges)
    return split and _Parts(split.outside, step, split.own, split.inner, split.mixing)


def _is_inner_sum(factor: Expr) -> TypeGuard[Reduce]:
    """Whether a factor is a sum over a range of its own."""
    return isinstance(factor, Reduce) and factor.op == "sum" and not factor.lo.free | factor.hi.free


def _span(found: Ended) -> Range:
    return Range(found.places.low, found.places.high)


def _indices(node: Reduce) -> frozenset[Index]:
    """All indices that occur in a reduction, those that something in it binds too: none may get
    another meaning where it stands in a definition of its own."""
    inside = walk(node)
    return node.free.union(node.body.free, *(binds(part) for part in inside))


def _renamed(node: Reduce, taken: frozenset[Index]) -> Reduce:
    """The same sum over an index that is none of those taken."""
    index = fresh(node.index, taken)
    body = substitute(node.body, {node.index: af.of(index)})
    return Reduce(node.op, index, node.lo, node.hi, body)


def _forms(said: Said, node: Reduce) -> Iterator[Reduce]:
    """The reduction as it is, counted from its end, and counted from what its end is counted from;
    each also with its kernel written out."""
    for form in (node, *_recounted(node)):
        yield form
        opened = _opened(said, form)
        if opened is not form:
            yield opened


def _recounted(node: Reduce) -> Iterator[Reduce]:
    """``sum[k=0..t] x[t-k]`` as ``sum[s=0..t] x[s]``, and ``sum[k=0..T-t] x[t+k]`` as
    ``sum[s=t..T] x[s]``."""
    for at in sorted(node.lo.free | node.hi.free, key=lambda index: index.name):
        new = fresh(node.index, _indices(node))
        for way in (-1, 1):
            place = af.plus(af.scale(af.of(at), -way), af.of(new), way)
            ends = [af.plus(af.scale(end, way), af.of(at)) for end in (node.lo, node.hi)]
            lo, hi = ends if way == 1 else reversed(ends)
            yield Reduce(node.op, new, lo, hi, substitute(node.body, {node.index: place}))


def _opened(said: Said, node: Reduce) -> Reduce:
    """The reduction with what the definitions say of the entries that it reads at two letters, its
    own among them, as it does of a kernel ``k[t,s]`` or ``k[t-s]``."""
    factors = s.flat((node.body,), Mul)
    opened = [said(f, node.index) for f in factors]
    if all(new is old for new, old in zip(opened, factors, strict=True)):
        return node
    return Reduce(node.op, node.index, node.lo, node.hi, s.mul(opened))


def _said(model: Model, kept: frozenset[str], factor: Expr, place: Index) -> Expr:
    definition = model.definitions.get(factor.tensor) if isinstance(factor, Element) else None
    if not isinstance(factor, Element) or definition is None or len(definition.clauses) != 1:
        return factor
    if place not in factor.free or len(factor.free) < 2 or factor.tensor in kept:
        return factor
    (clause,) = definition.clauses
    letters = [af.letter(arg) for arg in clause.args]
    if None in letters or definition.name in reached(model, (clause.body,)):
        return factor
    pairs = zip(letters, factor.args, strict=True)
    return substitute(clause.body, {index: arg for index, arg in pairs if index is not None})
