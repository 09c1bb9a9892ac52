"""Recurrences that add something at each time, as sums: ``S[t] := S[t-1] + f(t)`` is
``S[-1] + Σ_{r=0..t} f(r)``."""

from __future__ import annotations

from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import sub
from einrnn.core.model import Clause, Definition, Model
from einrnn.core.nodes import Add, Affine, Element, Expr, Index, Reduce
from einrnn.core.traverse import fresh, substitute, tensors, walk
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import at_least_zero, known_from
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Poly, Term, TooLarge
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import UP, Clock, Time
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Lemma, Proof, Statement, noting
from einrnn.symbolic.proof.trace import ByLemmas


def by_accumulation(opener: Opener, statement: Statement) -> Proof | None:
    """Equal once what only adds up over time is a sum."""
    named = tensors(statement.left) | tensors(statement.right)
    needed = named.union(*(opener.clock.reach(name) for name in named))
    lemmas = tuple(lemma for name in sorted(needed) if (lemma := as_sum(opener, name)) is not None)
    if not lemmas:
        return None
    fired: dict[str, None] = {}
    work = opener.normaliser(
        statement, tuple(noting(lemma.name, lemma.rule, fired) for lemma in lemmas)
    )
    try:
        left = opener.without(work, sub(statement.left, statement.right), opener.any)
        if not fired or not is_zero(work, work.poly(left)):
            return None
    except TooLarge:
        return None
    used = tuple(lemma for lemma in lemmas if lemma.name in fired)
    words = ", ".join(lemma.name for lemma in used)
    return Proof("normal form", (f"with {words}",), ByLemmas(used))


def as_sum(opener: Opener, name: str) -> Lemma | None:
    """The statement that a definition is a sum over time, if it is one."""
    clock = opener.clock
    kept: dict[str, Lemma | None] = clock.sums
    if name not in kept:
        kept[name] = _as_sum(opener.model, clock, name)
    return kept[name]


def _as_sum(model: Model, clock: Clock, name: str) -> Lemma | None:
    when = clock.time(name)
    if when is None or len(clock.component(name)) != 1:
        return None
    definition = model.definitions[name]
    clause = definition.clauses[-1]
    time = af.letter(clause.args[when.axis])
    letters = [af.letter(arg) for arg in clause.args]
    if (
        time is None
        or None in letters
        or any(time in r.lo.free | r.hi.free for r in clause.ranges.values())
    ):
        return None
    try:
        poly = Normaliser(known_from(clause.ranges)).poly(clause.body)
    except TooLarge:
        return None
    split = _added(poly, clause, name, when, time)
    if split is None:
        return None
    guarded, added = split
    start = _start(definition, when, clause, time, guarded)
    if start is None:
        return None
    span = clause.ranges[time]
    index = fresh(
        Index("r"), clause.body.free | frozenset(i for n in walk(clause.body) for i in n.free)
    )
    here = af.of(time)
    lo, hi = (span.lo, here) if when.direction == UP else (here, span.hi)
    body = substitute(expression(added), {time: af.of(index)})
    total = Reduce("sum", index, lo, hi, body)
    right: Expr = total if start is tm.NOTHING else Add((expression(start), total))
    return Lemma(f"{name} as a sum", Statement(Element(name, clause.args), right, clause.ranges))


def _added(
    poly: Poly, clause: Clause, name: str, when: Time, time: Index
) -> tuple[bool, Poly] | None:
    """What is added at each time, and whether that before is left out at the first one."""
    before = list(clause.args)
    before[when.axis] = af.shift(af.of(time), -when.direction)
    last = Element(name, tuple(before))
    span = clause.ranges[time]
    first = (
        af.minus(before[when.axis], span.lo)
        if when.direction == UP
        else af.minus(span.hi, before[when.axis])
    )
    forms = {
        Term((), (), ((last, Fraction(1)),)): False,
        Term((), (at_least_zero(first),), ((last, Fraction(1)),)): True,
    }
    found = [term for term in poly if term in forms]
    if len(found) != 1 or poly[found[0]] != 1:
        return None
    rest = {term: times for term, times in poly.items() if term is not found[0]}
    if any(name in tensors(atom) for term in rest for atom, _ in term.factors):
        return None
    return forms[found[0]], rest


def _start(
    definition: Definition, when: Time, clause: Clause, time: Index, guarded: bool
) -> Poly | None:
    """The value before the first time; None where it is not what one clause says."""
    others = definition.clauses[:-1]
    if guarded:
        return tm.NOTHING if not others else None
    if len(others) != 1:
        return None
    (boundary,) = others
    span = clause.ranges[time]
    place = af.shift(span.lo if when.direction == UP else span.hi, -when.direction)
    if boundary.args[when.axis] is not place:
        return None
    mapping: dict[Index, Affine] = {}
    for axis, (own, arg) in enumerate(zip(boundary.args, clause.args, strict=True)):
        letter, theirs = af.letter(own), af.letter(arg)
        if axis == when.axis:
            continue
        if letter is None or theirs is None or boundary.ranges[letter] != clause.ranges[theirs]:
            return None
        mapping[letter] = arg
    poly = Normaliser(known_from(clause.ranges)).poly(substitute(boundary.body, mapping))
    return poly or tm.NOTHING
