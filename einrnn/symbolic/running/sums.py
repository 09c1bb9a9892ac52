"""Sums up to an index, or from one on, as recurrences, where all summands grow alike.

``v[t] = sum[s=0..t] mu^(t-s) g[s]`` is ``R[q] = mu R[q-1] + g[q]`` at ``q = t``. Its derivative by
``mu`` as a sum is one of ``(t-s) mu^(t-s-1) g[s]`` for each pair of places; of the recurrence it is
an adjoint that goes back one step at a time. Summands may grow by powers, by products over the
places between, ``prod[r=s+1..t] a[r]``, or by exponentials of sums, and ``logsumexp`` adds where a
sum multiplies.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import NamedTuple

from einrnn.core import affine as af
from einrnn.core.build import ZERO, neg
from einrnn.core.model import Clause, Definition, Model, Range
from einrnn.core.nodes import Element, Expr, Index, Matrix, Mul, Reduce
from einrnn.core.reach import reached
from einrnn.core.running import running
from einrnn.core.traverse import fresh, substitute, walk
from einrnn.symbolic import simplify as s
from einrnn.symbolic.ranges import Ranges
from einrnn.symbolic.running.ends import Ended, ended
from einrnn.symbolic.running.growth import difference, growth
from einrnn.symbolic.running.mixing import Beside, Mixing, mixed
from einrnn.symbolic.running.places import Found, with_own_definitions


def with_running_sums(model: Model) -> Model:
    """The model with such sums of its definitions as definitions of their own."""
    return with_own_definitions(model, "sum", _taken_out)


class _Parts(NamedTuple):
    """What stands around a sum; by what its summands grow, ONE where they stay; what they are at
    their own places; and the sums that are done afterwards."""

    outside: tuple[Expr, ...]
    step: Expr
    own: Expr
    inner: tuple[Reduce, ...]
    mixing: Mixing | None = None


def _taken_out(model: Model, node: Reduce, clause: Clause, name: str) -> Found | None:
    if node.op not in ("sum", "logsumexp"):
        return None
    for form in _forms(model, node):
        found = ended(form, clause.ranges)
        if found is None or (form.op == "logsumexp" and found.empty):
            continue
        parts = _terms(found, clause.ranges) if form.op == "logsumexp" else _factors(found, clause)
        if parts is not None:
            return _recurrence(form, found, parts, clause, name)
    return None


def _recurrence(
    node: Reduce, found: Ended, parts: _Parts, clause: Clause, name: str
) -> Found | None:
    ranges = {**clause.ranges, **{one.index: Range(one.lo, one.hi) for one in parts.inner}}
    mixing = parts.mixing
    free = (parts.own.free | parts.step.free) - {found.of.place}
    free |= frozenset() if mixing is None else {mixing.kept}
    others = {index: span for index, span in ranges.items() if index in free}
    if free != others.keys() or any(span.lo.free | span.hi.free for span in others.values()):
        return None
    new, own = _summands(found, parts.own, others, name)
    letter, step = found.of.place, parts.step

    def following(earlier: Element) -> Expr:
        if node.op == "sum":
            moved = earlier if mixing is None else mixing.moved(earlier)
            return s.add((s.mul((step, moved)), own))
        grown = s.add((earlier, step))
        return s.add((grown, s.apply("softplus", (s.add((own, neg(grown))),))))

    # what the first summand is multiplied by may not be there
    begins = own if node.op == "logsumexp" or letter in step.free else None
    start = ZERO if found.empty or begins is None else None
    new = (*new, running(name, found.places, others, start, following, begins))
    entry: Expr = Element(name, (found.of.end, *map(af.of, others)))
    entry = Mul((*parts.outside, entry)) if parts.outside else entry
    for one in parts.inner:
        entry = Reduce("sum", one.index, one.lo, one.hi, entry)
    return new, entry


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
    of, ranges = found.of, dict(clause.ranges)
    waiting = s.flat((found.body,), Mul)
    for factor in waiting:  # which grows by those of a sum inside
        if of.at not in factor.free:
            own.append(factor)
        elif of.place not in factor.free:
            outside.append(factor)
        elif isinstance(factor, Reduce) and factor.op == "sum":
            if factor.lo.free | factor.hi.free:
                return None
            one = _renamed(factor, frozenset(ranges) | {of.place})
            ranges[one.index] = Range(one.lo, one.hi)
            inner.append(one)
            waiting += s.flat((one.body,), Mul)
        elif isinstance(factor, Matrix) and factor.op == "matpow":
            powers.append(factor)
        else:
            found_growth = growth(factor, of, {**ranges, of.place: _span(found)})
            if found_growth is None:
                return None
            steps.append(found_growth.step)
            own.append(found_growth.first)
    step = s.mul(steps)
    if not powers:
        return _Parts(tuple(outside), step, s.mul(own), tuple(inner))
    if len(powers) > 1:
        return None
    split = mixed(powers[0], of, Beside(outside, own, inner), ranges)
    return split and _Parts(split.outside, step, split.own, split.inner, split.mixing)


def _span(found: Ended) -> Range:
    return Range(found.places.low, found.places.high)


def _renamed(node: Reduce, taken: frozenset[Index]) -> Reduce:
    """The same sum over an index that is none of those taken."""
    if node.index not in taken:
        return node
    index = fresh(node.index, taken | node.body.free)
    body = substitute(node.body, {node.index: af.of(index)})
    return Reduce(node.op, index, node.lo, node.hi, body)


def _forms(model: Model, node: Reduce) -> Iterator[Reduce]:
    """The reduction as it is, counted from its end, and counted from what its end is counted from;
    each also with its kernel written out."""
    for form in (node, *_recounted(node)):
        yield form
        opened = _opened(model, form)
        if opened is not form:
            yield opened


def _recounted(node: Reduce) -> Iterator[Reduce]:
    """``sum[k=0..t] x[t-k]`` as ``sum[s=0..t] x[s]``, and ``sum[k=0..T-t] x[t+k]`` as
    ``sum[s=t..T] x[s]``."""
    for at in sorted(node.lo.free | node.hi.free, key=lambda index: index.name):
        new = fresh(node.index, node.free | node.body.free)
        for way in (-1, 1):
            place = af.plus(af.scale(af.of(at), -way), af.of(new), way)
            ends = [af.plus(af.scale(end, way), af.of(at)) for end in (node.lo, node.hi)]
            lo, hi = ends if way == 1 else reversed(ends)
            yield Reduce(node.op, new, lo, hi, substitute(node.body, {node.index: place}))


def _opened(model: Model, node: Reduce) -> Reduce:
    """The reduction with what the definitions say of the entries that it reads at two letters, its
    own among them, as it does of a kernel ``k[t,s]`` or ``k[t-s]``."""
    factors = s.flat((node.body,), Mul)
    opened = [_said(model, f, node.index) for f in factors]
    if all(new is old for new, old in zip(opened, factors, strict=True)):
        return node
    return Reduce(node.op, node.index, node.lo, node.hi, s.mul(opened))


def _said(model: Model, factor: Expr, place: Index) -> Expr:
    definition = model.definitions.get(factor.tensor) if isinstance(factor, Element) else None
    if not isinstance(factor, Element) or definition is None or len(definition.clauses) != 1:
        return factor
    if place not in factor.free or len(factor.free) < 2:
        return factor
    (clause,) = definition.clauses
    letters = [af.letter(arg) for arg in clause.args]
    if None in letters or definition.name in reached(model, (clause.body,)):
        return factor
    pairs = zip(letters, factor.args, strict=True)
    return substitute(clause.body, {index: arg for index, arg in pairs if index is not None})
