"""Claims in which a derivative stands inside a sum: what it must be for them to hold is read off,
and proved by itself."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from einrnn.core import affine as af
from einrnn.core.model import Range
from einrnn.core.nodes import Affine, Cond, Element, Expr, Index
from einrnn.core.traverse import fresh, substitute
from einrnn.symbolic.match import Binding, match
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.domain import follows, inequalities, side
from einrnn.symbolic.normal.rebuild import expression, term_expression
from einrnn.symbolic.normal.replace import candidates
from einrnn.symbolic.normal.settle import span
from einrnn.symbolic.normal.terms import Poly, Term
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Lemma, Proof, Statement, as_rule
from einrnn.symbolic.proof.trace import ByLemmas

Prove = Callable[[Statement], Proof | None]


def by_needed(opener: Opener, statement: Statement, difference: Poly, prove: Prove) -> Proof | None:
    """``Σ_m c[m] (X[m] - Y[m])`` is 0 if ``X[m] = Y[m]`` for all m, where X recurs.

    What is beside X in one term is looked for in the terms without it; what is left of them has
    to be what X is. With that as a rule everything has to vanish, and then it is proved.
    """
    for needed in _needed(opener, statement, difference):
        if opener.expired():
            return None
        if not opener.defined.may_replace(needed):
            continue
        with_it = opener.normaliser(statement, (as_rule(needed),))
        if not is_zero(with_it, with_it.poly(expression(difference))):
            continue
        proof = prove(needed)
        if proof is None:
            continue
        assert isinstance(needed.left, Element)
        name = f"{needed.left.tensor} as a sum"
        steps = (f"with {name}, which is proved by itself", *proof.steps)
        return Proof(proof.method, steps, ByLemmas((Lemma(name, needed),)))
    return None


def _needed(opener: Opener, statement: Statement, difference: Poly) -> Iterator[Statement]:
    """What recurrent derivatives in sums have to be."""
    tried: set[tuple[Element, Expr]] = set()
    for term, coefficient in difference.items():
        for atom, exponent in term.factors:
            if exponent != 1 or not _is_derivative(opener, atom):
                continue
            assert isinstance(atom, Element)
            dummies = frozenset(term.bound)
            others = [pair for pair in term.factors if pair[0] is not atom]
            beside = tuple(pair for pair in others if pair[0].free & dummies)
            outside = tuple((base, -e) for base, e in others if not base.free & dummies)
            ranges = _ranges(statement, term, atom)
            nothing = not term.bound and not others
            if ranges is None or nothing or any(e != 1 for _, e in beside):
                continue
            for order in (1, -1):
                value = _quotient(difference, term, atom, beside, order)
                divided = {
                    Term(t.bound, t.conds, tm.merged(t.factors, outside)): -c / coefficient
                    for t, c in value.items()
                }
                right = expression(divided)
                if value and (atom, right) not in tried:
                    tried.add((atom, right))
                    yield _in_letters(opener, Statement(atom, right, ranges), statement)


def _in_letters(opener: Opener, needed: Statement, statement: Statement) -> Statement:
    """A statement with the letters of the definition for indices that are summed over in what
    it was read off."""
    left = needed.left
    assert isinstance(left, Element)
    own = opener.model.definitions[left.tensor].clauses[-1].args
    taken = set(statement.ranges)
    mapping: dict[Index, Affine] = {}
    for arg, given in zip(own, left.args, strict=True):
        index, letter = af.letter(given), af.letter(arg)
        if index is None or index in statement.ranges:
            continue
        name = fresh(letter or Index("k"), taken)
        taken.add(name)
        mapping[index] = af.of(name)
    ranges = {
        next(iter(mapping[i].free)) if i in mapping else i: r for i, r in needed.ranges.items()
    }
    return Statement(substitute(left, mapping), substitute(needed.right, mapping), ranges)


def _is_derivative(opener: Opener, atom: Expr) -> bool:
    """Whether an atom is an entry of a derived recurrence with an index at each position."""
    if not isinstance(atom, Element) or not opener.derived_only(atom):
        return False
    letters = [af.letter(arg) for arg in atom.args]
    apart = None not in letters and len(set(letters)) == len(letters)
    return apart and opener.clock.time(atom.tensor) is not None


def _ranges(statement: Statement, term: Term, atom: Element) -> dict[Index, Range] | None:
    """The ranges of the indices of an entry, which are free or summed over in a term; None where
    one depends on another: tactics that go from one time to the next take ranges to stay."""
    found: dict[Index, Range] = {}
    for index in sorted(atom.free, key=lambda i: i.name):
        if index in statement.ranges:
            found[index] = statement.ranges[index]
            continue
        ends = span(term, index)
        if ends is None or ends[0].free or ends[1].free:
            return None
        found[index] = Range(*ends)
    return found


def _quotient(difference: Poly, term: Term, atom: Element, beside: tm.Factors, order: int) -> Poly:
    """What is left of the terms that have all that is beside an atom, without that: over the
    atom's own indices. Where a dummy may stand for one of several they are tried in an order."""
    rows: list[Poly] = []
    for other, times in difference.items():
        if any(a is atom or _same(a, atom) for a, _ in other.factors):
            continue
        for rest, binding in _found(term, beside, other, order):
            left = _left(term, atom, other, rest, binding)
            if left is not None:
                rows.append({left: times})
                break
    return tm.plus(rows)


def _found(
    term: Term, beside: tm.Factors, other: Term, order: int
) -> Iterator[tuple[Term, Binding]]:
    """Where in another term there is what is beside an atom: the rest of it, and what the dummies
    mean there. Where nothing is, any dummy may be that of the atom's sum."""
    if not beside:
        if not term.bound:
            yield other, {}
        for index in other.bound[::order] if len(term.bound) == 1 else ():
            yield other, {term.bound[0]: af.of(index)}
        return
    pattern = term_expression(Term((), (), beside))
    variables = frozenset(term.bound) & pattern.free
    for whole, rest in candidates(other, pattern):
        binding = match(pattern, whole, variables)
        if binding is not None:
            yield rest, binding


def _same(one: Expr, atom: Element) -> bool:
    return isinstance(one, Element) and one.tensor == atom.tensor


def _left(term: Term, atom: Element, other: Term, rest: Term, binding: Binding) -> Term | None:
    """The rest of a term whose dummies mean those of the pattern; None where they do not, or
    where what is left depends on more than the atom does."""
    mine: dict[Index, Index] = {}
    for index, value in binding.items():
        letter = af.letter(value)
        if letter is None or letter not in other.bound or letter in mine:
            return None
        mine[letter] = index
    back = {theirs: af.of(index) for theirs, index in mine.items() if theirs is not index}
    stay = [index for index in other.bound if index not in mine]
    clash = {i: af.of(Index(f"·q{n}")) for n, i in enumerate(stay)}
    moved = tm.rename(Term(tuple(stay), other.conds, rest.factors), {**clash, **back})
    known = inequalities(moved.conds)
    if not all(cond in moved.conds or _implied(known, cond) for cond in term.conds):
        return None
    conds = tuple(cond for cond in moved.conds if cond not in term.conds)
    left = Term(moved.bound, conds, moved.factors)
    summed = frozenset(term.bound) - atom.free
    return None if (left.indices - frozenset(left.bound)) & summed else left


def _implied(known: tuple[Affine, ...], cond: Cond) -> bool:
    """Whether a bound follows from others: it is left out beside them."""
    parts = side(cond)
    return parts is not None and parts[0] == "<=" and follows(known, parts[1])
