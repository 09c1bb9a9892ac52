"""``Σ_t Σ_{r<=t} c[t,m] ds[t,m]/ds[r,n] P[r,n]`` as one sweep over ``r``.

The sums over t and r are exchanged; the recurrence of ``ds[t,m]/ds[r,n]`` contracted with
the cotangent ``c`` is a recurrence for ``Σ_tm c[t,m] ds[t,m]/ds[r,n]``, which has one time
index. Nothing here knows of a document or of derivatives: any linear recurrence that
carries indices along (parameters) is contracted over those that a sum runs over.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.build import compare
from einrnn.core.model import Clause, Definition, Model, Range
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Apply,
    Compare,
    Cond,
    Element,
    Expr,
    Index,
    Mul,
    Node,
    Number,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.traverse import (
    canonical,
    elements,
    fresh,
    rebuild,
    substitute,
    tree_size,
    walk,
)
from einrnn.dataclass import dataclass
from einrnn.symbolic import simplify as s
from einrnn.symbolic.match import fold
from einrnn.symbolic.ranges import Ranges, refined
from einrnn.symbolic.sweep.contract import Cotangent, NotLinear, contracted_system, entry_of
from einrnn.symbolic.sweep.facts import with_facts
from einrnn.symbolic.sweep.lookups import at_lookups
from einrnn.symbolic.sweep.system import System, Systems, vanishes
from einrnn.symbolic.sweep.terms import Term, entry, opened, pinned, product_of, widened
from einrnn.symbolic.tidy import tidy
from einrnn.symbolic.unfold import plain, unfoldings

_ROUNDS = 100
# how much larger an expression may be that divides by fewer values, which may be 0
_STABLE = 2
# how much larger an expression may be on the way to a smaller one
_GROWN = 8
# and how much longer, written without sharing
_LONGER = 16


def swept(model: Model, roots: Sequence[tuple[Expr, Ranges]]) -> tuple[Model, list[Expr]]:
    """The roots, and the definitions they need, with contracted recurrences in them.

    Values are the same; the model gains a definition for each contracted tensor.
    """
    work = _Sweep(model)
    exprs = [at_lookups(work.rewritten(expr, ranges)) for expr, ranges in roots]
    work.definitions(exprs)
    exprs = work.read_back(exprs, roots)
    return work.model, exprs


@dataclass(frozen=True)
class _Choice:
    """A factor of a term, the cotangent it is contracted with, and what is left beside it."""

    system: System
    element: Element
    cotangent: Cotangent
    rest: Term


class _Sweep:
    def __init__(self, model: Model) -> None:
        self.model = model
        self._systems = Systems(model)
        self._known: dict[object, Mapping[str, str]] = {}
        self._plain = plain(model)

    def definitions(self, roots: Sequence[Expr]) -> None:
        """Rewrite every definition that the roots need."""
        pending = [e.tensor for root in roots for e in elements(root)]
        seen: set[str] = set()
        while pending:
            name = pending.pop(0)
            if name in seen or name not in self.model.definitions:
                continue
            seen.add(name)
            old = self.model.definitions[name]
            once = name in self.model.derived and not self._systems.recurs(name)
            shorter = self._shorter if once else self._as_is
            clauses = tuple(
                replace(clause, body=at_lookups(self.rewritten(shorter(clause), clause.ranges)))
                for clause in old.clauses
            )
            if clauses != old.clauses:
                self._add({name: replace(old, clauses=clauses)})
            pending += [e.tensor for clause in clauses for e in elements(clause.body)]

    def _as_is(self, clause: Clause) -> Expr:
        found = with_facts(self.model, clause.body)
        return clause.body if found is clause.body else tidy(found, clause.ranges)

    def _shorter(self, clause: Clause) -> Expr:
        """The right side with derivatives written out in it, where that makes it smaller:
        ``-y / yhat`` times ``yhat`` is ``-y``, also where ``yhat`` is too small to divide by."""
        before = _size(clause.body)
        written = self._written_out(clause, before * _GROWN)
        if written is None:
            return self._as_is(clause)
        found = tidy(with_facts(self.model, written), clause.ranges)
        if _divisions(found):
            found = _multiplied_out(found, clause.ranges)
        after = _size(found)
        if _divisions(found) < max(_divisions(clause.body), _divisions(written)):
            before *= _STABLE
        return found if after < before else self._as_is(clause)

    def _written_out(self, clause: Clause, most: int) -> Expr | None:
        """The right side with derivatives written out; None where it grows beyond a size on the
        way, as it does in the lower layers of a deep network. Of layers that are read twice the
        parts are few, but what is made of them doubles with each."""
        written, longest = clause.body, tree_size(clause.body) * _LONGER
        for written in unfoldings(self.model, self._plain, clause.body, clause.ranges):
            if _size(written) > most or tree_size(written) > longest:
                return None
        return written

    def rewritten(self, expr: Expr, ranges: Ranges) -> Expr:
        """An equal expression in which no contraction of a parameter is left to do."""
        expr = pinned(expr, ranges)
        for _ in range(_ROUNDS):
            if not self._wanted(expr):
                break
            changed = False
            done: list[Expr] = []
            for term in opened(expr, ranges, self._wanted):
                new = self._step(term, ranges)
                changed |= new is not None
                done.append(term.expression(ranges) if new is None else new)
            if not changed:
                break
            expr = pinned(tidy(s.add(done), ranges), ranges)
        return expr

    def read_back(self, exprs: Sequence[Expr], roots: Sequence[tuple[Expr, Ranges]]) -> list[Expr]:
        """The roots, and what they need outside contracted recurrences, reading from those
        what they compute."""
        inside = {name for names in self._known.values() for name in names.values()}
        changed: dict[str, Definition] = {}
        for name, old in self.model.definitions.items():
            if name not in inside:
                bodies = [self._folded(c.body, c.ranges) for c in old.clauses]
                if any(new is not c.body for new, c in zip(bodies, old.clauses, strict=True)):
                    pairs = zip(old.clauses, bodies, strict=True)
                    clauses = tuple(replace(clause, body=body) for clause, body in pairs)
                    changed[name] = replace(old, clauses=clauses)
        if changed:
            self._add(changed)
        return [self._folded(e, ranges) for e, (_, ranges) in zip(exprs, roots, strict=True)]

    def _folded(self, expr: Expr, ranges: Ranges) -> Expr:
        """With what contracted recurrences compute read from them, not computed again: what
        stands beside an entry may have come after the entry."""
        read = {element.tensor for element in elements(expr)}
        for names in self._known.values():
            if read.isdisjoint(names.values()):
                continue
            for name in names.values():
                definition = self.model.definitions[name]
                expr = fold(expr, definition, ranges, products=True)
        return expr

    def _wanted(self, node: Node) -> bool:
        names = {e.tensor for e in elements(node)}
        return any(self._systems.carries(name) or self._systems.diagonal(name) for name in names)

    def _add(self, new: Mapping[str, Definition]) -> None:
        self.model = self.model.with_definitions(new)
        self._systems = Systems(self.model)

    def _step(self, term: Term, outside: Ranges) -> Expr | None:
        """The term after one contraction, or with a definition written out; None if neither."""
        ranges = term.ranges(outside)
        inlined = self._inlined(term, ranges)
        if inlined is not None:
            return inlined.expression(outside)
        for factor in term.factors:
            if isinstance(factor, Element):
                choice = self._choice(term, factor, outside)
                result = None if choice is None else self._contracted(choice, outside)
                if result is not None:
                    return result
        return None

    def _inlined(self, term: Term, ranges: Ranges) -> Term | None:
        """The term with a definition written out that a sum of the term runs over."""
        summed = {index for index, _ in term.sums}
        ranges = refined(ranges, And(term.conds))
        for number, factor in enumerate(term.factors):
            if not isinstance(factor, Element) or not factor.free & summed:
                continue
            name = factor.tensor
            apart = self._systems.diagonal(name) or self._systems.carries(name)
            if not apart or self._systems.recurs(name):
                continue
            body = entry(self.model.definitions[name], factor, ranges)
            if body is not None:
                factors = (*term.factors[:number], body, *term.factors[number + 1 :])
                return replace(term, factors=factors)
        return None

    # --- what to contract -----------------------------------------------------------------

    def _choice(self, term: Term, element: Element, outside: Ranges) -> _Choice | None:
        system = self._systems.of(element.tensor)
        if system is None:
            return None
        term, element = _at_letters(self.model, term, system, element, outside)
        letters = _contracted_letters(term, system, element)
        if not letters:
            return None
        term = widened(term, letters, outside)
        return _split(self.model, term, system, element, letters, outside)

    def _contracted(self, choice: _Choice, outside: Ranges) -> Expr | None:
        key = _key(choice)
        if key not in self._known:
            number = len(self._known) + 1
            names = {name: f"({name})·{number}" for name in choice.system.members}
            try:
                new = contracted_system(self.model, choice.system, names, choice.cotangent)
            except NotLinear:
                return None
            self._known[key] = names
            self._add(new)
        names = self._known[key]
        found = entry_of(choice.system, names, choice.cotangent, choice.element)
        rest = replace(choice.rest, factors=(*choice.rest.factors, found))
        result = tidy(rest.expression(outside), outside)
        for name in names.values():
            result = fold(result, self.model.definitions[name], outside)
        return result


def _multiplied_out(expr: Expr, ranges: Ranges) -> Expr:
    """Sums that divide by something multiplied out: ``(y/p - (1-y)/(1-p)) p (1-p)`` divides by
    nothing then."""

    def change(node: Node) -> Node:
        if not isinstance(node, Mul):
            return node
        sums = (f for f in node.factors if isinstance(f, Add) and _divisions(f))
        inner = next(sums, None)
        if not isinstance(inner, Add):
            return node
        others = [factor for factor in node.factors if factor is not inner]
        return s.add([s.mul((term, *others)) for term in inner.terms])

    return tidy(rebuild(expr, change), ranges)


def _divisions(expr: Expr) -> int:
    """How many values of tensors are divided by."""
    return sum(
        isinstance(node, Pow)
        and isinstance(node.exponent, Number)
        and node.exponent.value < 0
        and bool(elements(node.base))
        for node in walk(expr)
    )


def _size(expr: Expr) -> int:
    """How many entries are read and how many functions and sums are computed."""
    kinds = (Element, Reduce, Apply)
    return sum(isinstance(node, kinds) for node in walk(expr)) + sum(
        isinstance(node, Pow) and bool(elements(node.base)) for node in walk(expr)
    )


def _at_letters(
    model: Model, term: Term, system: System, element: Element, outside: Ranges
) -> tuple[Term, Element]:
    """A term, and an entry of it, with a sum over each parameter that is read at a fixed position:
    what ``ds[T-1,m]/ds[r,n]`` is ``Σ_t [t == T-1] ds[t,m]/ds[r,n]``."""
    args, taken = list(element.args), set(term.ranges(outside))
    sums, conds = list(term.sums), list(term.conds)
    for axis in system.parameters:
        if element.args[axis].free:
            continue
        letter = fresh(Index("t"), taken)
        taken.add(letter)
        sums.append((letter, model.axes(element.tensor)[axis]))
        conds.append(compare("==", af.of(letter), element.args[axis]))
        args[axis] = af.of(letter)
    if len(sums) == len(term.sums):
        return term, element
    there = Element(element.tensor, tuple(args))
    factors = list(term.factors)
    factors[factors.index(element)] = there
    return Term(tuple(sums), tuple(conds), tuple(factors)), there


def _contracted_letters(term: Term, system: System, element: Element) -> dict[Index, int]:
    """Summed letters that stand alone at a parameter's axis, and nowhere else in the entry."""
    ranges = dict(term.sums)
    found: dict[Index, int] = {}
    for axis in system.parameters:
        letter = af.letter(element.args[axis])
        others = [arg for at, arg in enumerate(element.args) if at != axis]
        if letter in ranges and not any(letter in arg.free for arg in others):
            found[letter] = axis
    return found


def _split(
    model: Model,
    term: Term,
    system: System,
    element: Element,
    letters: Mapping[Index, int],
    outside: Ranges,
) -> _Choice | None:
    """The factors that depend on the contracted letters apart from the rest."""
    conds = _without_support(model, term, element, letters)
    if conds is None:
        return None
    ranges = term.ranges(outside)
    others = list(term.factors)
    others.remove(element)
    inside = [factor for factor in others if factor.free & letters.keys()]
    rest = [factor for factor in others if not factor.free & letters.keys()]
    conds_inside = [cond for cond in conds if cond.free & letters.keys()]
    conds_rest = [cond for cond in conds if not cond.free & letters.keys()]
    held = _free(rest) | _free(conds_rest) | element.free
    own = [pair for pair in term.sums if pair[0] not in letters and pair[0] not in held]
    weight = product_of(inside, conds_inside, ranges)
    for index, range_ in reversed(own):
        weight = s.total(index, range_, weight, ranges)
    gone = letters.keys() | {index for index, _ in own}
    kept = _kept(system, element, letters, ranges)
    extra = weight.free - letters.keys() - {index for index, _ in kept.values()}
    moving = [arg for at, arg in enumerate(element.args) if at not in system.parameters]
    if extra & _free(moving) or len(extra) >= len(letters):
        return None
    if any(ranges[index].lo.free | ranges[index].hi.free for index in (*letters, *extra)):
        return None
    cotangent = Cotangent(
        weight,
        {axis: (index, ranges[index]) for index, axis in letters.items()},
        kept,
        {index: ranges[index] for index in sorted(extra, key=lambda index: index.name)},
    )
    sums = tuple(pair for pair in term.sums if pair[0] not in gone)
    return _Choice(system, element, cotangent, Term(sums, tuple(conds_rest), tuple(rest)))


def _free(nodes: Sequence[Expr | Cond | Affine]) -> frozenset[Index]:
    return frozenset[Index]().union(*(node.free for node in nodes))


def _kept(
    system: System, element: Element, letters: Mapping[Index, int], ranges: Ranges
) -> dict[int, tuple[Index, Range]]:
    """The parameters that stay and are read at plain letters, with their ranges."""
    found: dict[int, tuple[Index, Range]] = {}
    for axis in system.parameters:
        letter = af.letter(element.args[axis])
        if letter is None or letter in letters:
            continue
        if not (ranges[letter].lo.free | ranges[letter].hi.free):
            found[axis] = letter, ranges[letter]
    return found


def _without_support(
    model: Model, term: Term, element: Element, letters: Mapping[Index, int]
) -> list[Cond] | None:
    """The conditions without those that hold wherever the entry is not 0.

    None if one that joins contracted with other letters does not.
    """
    kept: list[Cond] = []
    for cond in term.conds:
        if not cond.free & letters.keys() or cond.free <= letters.keys():
            kept.append(cond)
        elif not _supports(model, cond, element):
            return None
    return kept


def _supports(model: Model, cond: Cond, element: Element) -> bool:
    """Whether the entry is 0 wherever a condition on its positions does not hold."""
    match cond:
        case Compare("<=", Value(low), Value(high)):
            gap = af.minus(high, low)
        case Compare(">=", Value(high), Value(low)):
            gap = af.minus(high, low)
        case Compare("<", Value(low), Value(high)):
            gap = af.shift(af.minus(high, low), -1)
        case Compare(">", Value(high), Value(low)):
            gap = af.shift(af.minus(high, low), -1)
        case _:
            return False
    axes: dict[Index, int] = {}
    for at, arg in enumerate(element.args):
        letter = af.letter(af.shift(arg, -arg.constant))
        if letter is not None and letter in gap.free and letter not in axes:
            gap = substitute(gap, {letter: af.shift(af.of(letter), -arg.constant)})
            axes[letter] = at
    return gap.free == axes.keys() and vanishes(model, element.tensor, gap, axes)


def _key(choice: _Choice) -> object:
    """What two contractions that are the same one have in common."""
    system, cotangent = choice.system, choice.cotangent
    first = system.members[0]

    def name(axis: int) -> Index:
        return Index(f"·a{system.parameters[axis][first]}")

    summed = {index: af.of(name(axis)) for axis, (index, _) in cotangent.summed.items()}
    kept: dict[Index, Affine] = {}
    groups: dict[Index, list[int]] = {}
    for axis, (index, _) in cotangent.kept.items():
        kept.setdefault(index, af.of(name(axis)))
        groups.setdefault(index, []).append(system.parameters[axis][first])
    weight = canonical(substitute(cotangent.weight, {**summed, **kept}))
    spans = sorted(
        (system.parameters[axis][first], span.lo.key, span.hi.key)
        for axis, (_, span) in cotangent.summed.items()
    )
    extra = tuple((i, span.lo, span.hi) for i, span in cotangent.extra.items())
    together = tuple(map(tuple, groups.values()))
    held = tuple((axis, span.lo, span.hi) for axis, (_, span) in cotangent.kept.items())
    return system.members, weight, tuple(spans), together, held, extra
