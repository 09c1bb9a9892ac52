"""Expressions multiplied out into polynomials."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import field
from fractions import Fraction
from functools import cached_property

from einrnn.core import affine as af
from einrnn.core import build
from einrnn.core.cputime import passed
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Apply,
    Argument,
    Cases,
    Compare,
    Cond,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Not,
    Number,
    Opaque,
    Or,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import canonical as canonical_binders
from einrnn.core.traverse import elements, substitute
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal import guards
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.absolute import absolutes
from einrnn.symbolic.normal.angles import ANGLED, of_known_angle
from einrnn.symbolic.normal.bits import by_bit
from einrnn.symbolic.normal.brackets import (
    complement,
    exhausted,
    implied,
    index_bracket,
    is_contradicted,
)
from einrnn.symbolic.normal.cancel import cancel_sum
from einrnn.symbolic.normal.domain import at_least_zero
from einrnn.symbolic.normal.dummies import canonical
from einrnn.symbolic.normal.ends import Ends
from einrnn.symbolic.normal.exponents import collected
from einrnn.symbolic.normal.extremes import Binder, extreme
from einrnn.symbolic.normal.facts import Facts
from einrnn.symbolic.normal.parity import EVEN, ODD, with_parity
from einrnn.symbolic.normal.powers import exp_of, exponential, logarithm, power
from einrnn.symbolic.normal.products import product_over, sum_of_logs
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.relations import value_bracket
from einrnn.symbolic.normal.roots import has_whole_number, numbers_folded
from einrnn.symbolic.normal.settle import affine_parts, settle
from einrnn.symbolic.normal.signs import is_positive
from einrnn.symbolic.normal.terms import Fresh, Poly, Term, TooLarge
from einrnn.symbolic.normal.values import counts_unevenly

_MOST_TERMS = 4_000
_MOST_STEPS = 20_000
_MOST_NESTED = 24

Rule = Callable[["Normaliser", Term], "Poly | None"]


@dataclass()
class Normaliser:
    """Turns expressions into polynomials in normal form.

    ``known`` are index expressions that are at least zero wherever the expressions are
    looked at: the ranges of the free indices. ``rules`` are what the user grants and what
    is known of the inputs, applied to every term until none applies; ``ends`` is where definitions
    have values.
    """

    known: tuple[Affine, ...] = ()
    fresh: Fresh = field(default_factory=Fresh)
    rules: tuple[Rule, ...] = ()
    deadline: float = math.inf
    facts: Facts = field(default_factory=lambda: Facts())
    symmetric: set[Expr] = field(default_factory=set["Expr"])
    ends: Ends = Ends()
    _done: dict[tuple[Expr, tuple[Affine, ...]], Poly] = field(
        default_factory=dict["tuple[Expr, tuple[Affine, ...]]", Poly]
    )
    _nested: list[int] = field(default_factory=lambda: [0])
    # brackets that are no normal form, with that form; see guards
    guards: dict[Expr, Poly] = field(default_factory=dict["Expr", Poly])

    def poly(self, expr: Expr) -> Poly:
        """The normal form.

        Raises:
            TooLarge: it would have too many terms, or too symmetric ones.
        """
        key = (expr, self.known)
        if key not in self._done:
            parts = expr.terms if isinstance(expr, Add) else ()
            if parts and not any(isinstance(part, Add) for part in parts):
                # terms have their form one by one: those met before are not done again
                self._done[key] = tm.plus(self.poly(part) for part in parts)
            else:
                self._done[key] = self.canonical(_expand(self, expr))
        return self._done[key]

    def canonical(self, poly: Poly) -> Poly:
        """A polynomial with every term settled and its dummies named."""
        result: list[Poly] = []
        pending = list(poly.items())
        steps = 0
        while pending:
            term, coefficient = pending.pop()
            steps += 1
            if steps > _MOST_STEPS or passed(self.deadline):
                raise TooLarge
            known = self.known_for(term)
            for settled, times in settle(term, known, self.facts.total).items():
                changed = self._rewritten(settled)
                if changed is None:
                    named = canonical(settled, self.interchangeable)
                    # what is known of a free index is not known of a bound one of its name
                    named = tm.apart(named, self.spoken_for)
                    result.append({named: coefficient * times})
                else:
                    pending += tm.scale(changed, coefficient * times).items()
        return tm.plus(result)

    @cached_property
    def spoken_for(self) -> frozenset[Index]:
        """The indices of which something is known: no bound index may have such a name."""
        return frozenset[Index]().union(*(value.free for value in self.known))

    def known_for(self, term: Term) -> tuple[Affine, ...]:
        """What is at least zero, the limits of the look-ups in the conditions included."""
        if not self.facts.limits:
            return self.known
        looked_up = [e for e in elements(*term.conds) if e.tensor in self.facts.limits]
        found = self.known
        for element in looked_up:
            entry = af.of(element)
            found = (*found, entry, af.minus(af.last(self.facts.limits[element.tensor]), entry))
        return found

    def interchangeable(self, atom: Expr) -> bool:
        """Whether the last two positions of an entry may be exchanged."""
        if isinstance(atom, Matrix):
            return len(atom.at) == 2 and atom.body in self.symmetric
        return isinstance(atom, Element) and atom.tensor in self.facts.symmetric

    def _rewritten(self, term: Term) -> Poly | None:
        """The term after one rule, or None where none applies."""
        if has_whole_number(term):
            coefficient, factors = numbers_folded(term.factors)
            return {Term(term.bound, term.conds, factors): coefficient}
        if is_contradicted(term):
            return tm.NOTHING
        for atom, exponent in term.factors:
            if counts_unevenly(atom):
                # a sum over one value has put it in the place of an index
                rest = tuple(pair for pair in term.factors if pair[0] is not atom)
                self._nested[0] += 1
                try:
                    if self._nested[0] > _MOST_NESTED:
                        raise TooLarge
                    power = self.poly(Pow(atom, Number(exponent)))
                finally:
                    self._nested[0] -= 1
                return self.times(Term(term.bound, term.conds, rest), power)
        gathered = collected(self, term) or absolutes(self, term)
        if gathered is not None:
            return gathered
        freed = guards.freed(self, term)
        if freed is not None:
            return freed
        cancelled = cancel_sum(term, self.known_for(term))
        if cancelled is not None:
            return {cancelled: Fraction(1)}
        for atom, exponent in term.factors:
            if exponent >= 1 and (
                isinstance(atom, Add) or (isinstance(atom, Reduce) and atom.op == "sum")
            ):
                return self._multiplied_out(term, atom, exponent)
        # what a rule puts in may call for rules again; assumptions can lead back to themselves
        self._nested[0] += 1
        try:
            if self._nested[0] > _MOST_NESTED:
                raise TooLarge
            for rule in self.rules:
                found = rule(self, term)
                if found is not None:
                    return found
        finally:
            self._nested[0] -= 1
        return None

    def _multiplied_out(self, term: Term, base: Expr, exponent: Fraction) -> Poly:
        """A factor that is a sum, multiplied in once."""
        powers = {**dict(term.factors), base: exponent - 1}
        rest = Term(term.bound, term.conds, tm.sorted_factors(powers.items()))
        return self.times(rest, self.poly(base))

    def product(self, first: Poly, second: Poly) -> Poly:
        """The product, with bound indices kept apart."""
        if first == tm.ONE or second == tm.ONE:
            return second if first == tm.ONE else first
        if len(first) * len(second) > _MOST_TERMS:
            raise TooLarge
        taken = self.spoken_for.union(*(term.indices for term in second))
        return tm.plus(
            tm.scale(self.times(tm.apart(term, taken), second), coefficient)
            for term, coefficient in first.items()
        )

    def times(self, term: Term, poly: Poly) -> Poly:
        """A term times a polynomial that may speak of the term's own bound indices."""
        rows: list[Poly] = []
        taken = self.spoken_for | term.indices
        for other, coefficient in poly.items():
            theirs = tm.apart(other, taken)
            joined = Term(
                term.bound + theirs.bound,
                tm.sorted_conds((*term.conds, *theirs.conds)),
                tm.merged(term.factors, theirs.factors),
            )
            rows.append({joined: coefficient})
        return tm.plus(rows)

    def inside(self, *conds: Affine) -> Normaliser:
        """The same where more is known to be at least zero."""
        return self.where(*self.known, *conds)

    def where(self, *known: Affine) -> Normaliser:
        """The same where this is known to be at least zero, and nothing else."""
        return Normaliser(
            known,
            self.fresh,
            self.rules,
            self.deadline,
            self.facts,
            self.symmetric,
            self.ends,
            self._done,
            self._nested,
            self.guards,
        )

    def simple(self, expr: Expr) -> Expr:
        """The expression rebuilt from its normal form: equal ones become one object."""
        poly = self.poly(expr)
        rebuilt = expression(poly)
        self._done[rebuilt, self.known] = poly
        return rebuilt

    def is_positive(self, expr: Expr) -> bool:
        """Whether a value is positive wherever it is defined, a probability and an empty sum
        apart; see :func:`is_positive`."""
        if expr in self.facts.nonnegative:
            return True
        if isinstance(expr, Matrix) and expr.op == "det":
            return self._is_definite(expr)
        return is_positive(expr, self.facts.signs)

    def _is_definite(self, expr: Matrix) -> bool:
        from einrnn.symbolic.normal.definite import is_definite

        return is_definite(self, expr)

    def is_above(self, expr: Expr) -> bool:
        """Whether a value surely is above 0 wherever it is defined, so that it may divide."""
        if isinstance(expr, Matrix) and expr.op == "det":
            return self._is_definite(expr)
        return self.facts.total.is_above(expr, self.known)

    def as_index(self, expr: Expr) -> Affine | None:
        """The index expression that a value is, if it is one."""
        match expr:
            case Value(index):
                return index
            case Number(value) if value.denominator == 1:
                return af.of(int(value))
            case Element(tensor) if tensor in self.facts.limits:
                return af.of(expr)
            case _:
                return None

    def bracket(self, cond: Cond) -> Poly:
        """1 where a condition holds and else 0, as a polynomial in simple brackets."""
        match cond:
            case Compare(op, left, right):
                first, second = self.as_index(left), self.as_index(right)
                if first is not None and second is not None:
                    return index_bracket(op, first, second)
                return value_bracket(self, op, left, right)
            case And(parts):
                result = tm.ONE
                for part in parts:
                    result = self.product(result, self.bracket(part))
                return result
            case Or(parts):
                result = tm.ONE
                for part in parts:
                    result = self.product(result, complement(self.bracket(part)))
                return complement(result)
            case Not(part):
                return complement(self.bracket(part))


@trampoline
def _expand(work: Normaliser, expr: Expr) -> Steps[Poly]:
    match expr:
        case Number(value):
            return tm.constant(value)
        case Value(index):
            rows = [
                tm.scale(tm.ONE if part is None else tm.atom(part), Fraction(times))
                for part, times in affine_parts(index)
            ]
            return tm.plus(rows)
        case Element():
            return tm.atom(canonical_binders(expr))
        case Opaque():
            handed: list[Argument] = []
            for argument in expr.args:
                handed.append((yield _argument.steps(work, argument)))
            with_args = Opaque(expr.name, expr.at, tuple(handed), expr.partials)
            return tm.atom(tm.in_order(canonical_binders(with_args)))
        case Add(parts):
            polys: list[Poly] = []
            for part in parts:
                polys.append((yield _expand.steps(work, part)))
            return tm.plus(polys)
        case Mul():
            result, factors = guards.guarded(work, expr)
            for part in factors:
                result = work.product(result, (yield _expand.steps(work, part)))
            return result
        case Pow(base, exponent):
            inner = yield _expand.steps(work, base)
            above = yield _expand.steps(work, exponent)
            return power(work, work.canonical(inner), above)
        case Apply():
            return (yield _function(work, expr))
        case Reduce():
            return (yield _reduction(work, expr))
        case Cases():
            return (yield _cases(work, expr))
        case Matrix():
            from einrnn.symbolic.normal.matrices import matrix

            return matrix(work, expr)
        case _:
            raise TooLarge


def _cases(work: Normaliser, expr: Cases) -> Steps[Poly]:
    """Branch by branch: [c1] f1 + (1 - [c1]) [c2] f2 + ..., without what surely does not hold
    and what comes after a branch that surely does."""
    rest = tm.ONE
    rows: list[Poly] = []
    brackets: list[Poly] = []
    failed: tuple[Cond, ...] = ()
    for cond, branch in expr.branches:
        holds = _settled(work, work.bracket(cond))
        if not holds:
            continue
        brackets.append(holds)
        inner = yield _expand.steps(work.inside(*implied(holds)), branch)
        there = _branch(work, work.product(rest, holds), (*failed, cond), branch)
        rows.append(work.product(there, inner))
        rest = work.product(rest, complement(holds))
        failed = (*failed, Not(cond))
        if not rest:
            break
    if rest and not exhausted(work.known, brackets):
        inner = yield _expand.steps(work, expr.otherwise)
        rows.append(work.product(_branch(work, rest, failed, expr.otherwise), inner))
    return tm.plus(rows)


def _branch(work: Normaliser, holds: Poly, conds: tuple[Cond, ...], branch: Expr) -> Poly:
    """The bracket of a branch, as a guard where that may have no value elsewhere."""
    if guards.is_guard(holds) or not work.facts.total.lacks(branch, work.known):
        return holds
    return _settled(work, guards.guard(work, And(conds)))


def _settled(work: Normaliser, holds: Poly) -> Poly:
    """A bracket without the conditions that follow from what is known."""
    return tm.plus(
        tm.scale(settle(term, work.known, work.facts.total), times) for term, times in holds.items()
    )


@trampoline
def _argument(work: Normaliser, given: Argument) -> Steps[Argument]:
    """What is handed to an unknown function, in normal form."""
    letters = tuple(work.fresh() for _ in given.indices)
    renamed = {own: af.of(new) for own, new in zip(given.indices, letters, strict=True)}
    inner = work
    for letter, size in zip(letters, given.sizes, strict=True):
        inner = inner.inside(af.of(letter), af.minus(af.last(size), af.of(letter)))
    try:
        poly = yield _expand.steps(inner, substitute(given.body, renamed))
        return Argument(letters, given.sizes, expression(inner.canonical(poly)))
    except TooLarge:
        return given


def _reduction(work: Normaliser, expr: Reduce) -> Steps[Poly]:
    index = next(tm.unused("·b", work.spoken_for | expr.free))
    body = substitute(expr.body, {expr.index: af.of(index)})
    low = af.minus(af.of(index), expr.lo)
    high = af.minus(expr.hi, af.of(index))
    if expr.op == "sum":
        inner = yield _expand.steps(work.inside(low, high), body)
        return within(_apart(work, inner, index), index, low, high)
    if expr.op == "logsumexp":
        spread = Reduce("sum", expr.index, expr.lo, expr.hi, exp_of(expr.body))
        return (yield _function(work, Apply("log", (spread,))))
    binder = Binder(index, expr.lo, expr.hi)
    if expr.op == "prod":
        return product_over(work, binder, body)
    return extreme(work, expr.op, binder, work.inside(low, high).poly(body))


def _apart(work: Normaliser, inner: Poly, index: Index) -> Poly:
    """The polynomial without the index among its bound ones."""
    if not any(index in term.bound for term in inner):
        return inner
    taken = frozenset((index,))
    return tm.plus({tm.apart(term, taken): c} for term, c in inner.items())


def within(inner: Poly, index: Index, low: Affine, high: Affine) -> Poly:
    """The sum of a polynomial over an index with the two given bounds."""
    conds = (at_least_zero(low), at_least_zero(high))
    rows: list[Poly] = []
    for term, coefficient in inner.items():
        summed = Term((index, *term.bound), tm.sorted_conds((*term.conds, *conds)), term.factors)
        rows.append({summed: coefficient})
    return tm.plus(rows)


def _only_branch(work: Normaliser, expr: Expr) -> Expr:
    """Of cases the branch whose condition is known to hold, where that is the first."""
    while isinstance(expr, Cases):
        cond, branch = expr.branches[0]
        if _settled(work, work.bracket(cond)) != tm.ONE:
            break
        expr = branch
    return expr


def _function(work: Normaliser, expr: Apply) -> Steps[Poly]:
    if not expr.args:
        return tm.atom(expr)
    if expr.function == "log" and isinstance(product := _only_branch(work, expr.args[0]), Reduce):
        spread = sum_of_logs(work, product)
        if spread is not None:
            return (yield _expand.steps(work, spread))
    inner: list[Poly] = []
    for arg in expr.args:
        inner.append(work.canonical((yield _expand.steps(work, arg))))
    split = by_bit(expr.function, inner, work.facts.bits)
    if split is not None:
        values: list[Poly] = []
        for arguments in (split.at_0, split.at_1):
            value = Apply(expr.function, tuple(map(expression, arguments)))
            values.append((yield _expand.steps(work, value)))
        return tm.plus(map(work.product, split.factors, values))
    if expr.function == "exp":
        return exponential(work, inner[0])
    if expr.function == "log":
        return logarithm(work, inner[0])
    if expr.function == "sqrt":
        return power(work, inner[0], tm.constant(Fraction(1, 2)))
    if expr.function == "relu":
        positive = Compare(">", expr.args[0], build.ZERO)
        return work.product(work.bracket(positive), inner[0])
    if expr.function == "step":
        return work.bracket(Compare(">", expr.args[0], build.ZERO))
    if expr.function == "abs" and work.is_positive(expression(inner[0])):
        return inner[0]
    known = of_known_angle(expr.function, inner[0]) if expr.function in ANGLED else None
    if known is not None:
        return (yield _expand.steps(work, known))
    if expr.function in ODD or expr.function in EVEN or expr.function == "sigmoid":
        return with_parity(expr.function, inner[0])
    return tm.atom(Apply(expr.function, tuple(expression(poly) for poly in inner)))
