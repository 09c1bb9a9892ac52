"""The left side decides: which indices of an expression are summed, and where.

An index that the left side does not have and no written sum binds is summed once per
additive term, at the smallest product that contains all its occurrences.
"""

from __future__ import annotations

from dataclasses import replace

from einrnn.core.trampoline import Steps, trampoline
from einrnn.errors import Diagnostic
from einrnn.language import terms as tm
from einrnn.language.advice import for_single
from einrnn.language.occurrences import Occurrences, place_of
from einrnn.language.problem import fail


class Scoping:
    """Adds the implied sums to expressions of one statement; ``notes`` collects remarks."""

    def __init__(
        self, free: frozenset[str], hidden: frozenset[str], occurrences: Occurrences
    ) -> None:
        self.free = free
        self.hidden = hidden
        self.occurrences = occurrences
        self.notes: list[Diagnostic] = []
        self._remarked: set[str] = set()
        self._additive: tm.Term | None = None
        self._run = trampoline(self._terms)

    def explicit(self, term: tm.Term) -> tm.Term:
        """The expression with every implied sum written out."""
        return self._run(term)

    def _terms(self, term: tm.Term) -> Steps[tm.Term]:
        """Each additive term by itself."""
        if isinstance(term, tm.Sum):
            terms: list[tuple[int, tm.Term]] = []
            for sign, part in term.terms:
                terms.append((sign, (yield self._terms(part))))
            return replace(term, terms=tuple(terms))
        for letter in self.occurrences.of(term):
            if letter not in self.free:
                self._additive = term
                term = yield self._place(term, letter)
        return term

    def _has(self, node: tm.Part, letter: str) -> bool:
        return letter in self.occurrences.of(node)

    def _place(self, term: tm.Term, letter: str) -> Steps[tm.Term]:
        match term:
            case tm.Sum(terms):
                done: list[tuple[int, tm.Term]] = []
                for sign, part in terms:
                    has = self._has(part, letter)
                    done.append((sign, (yield self._place(part, letter)) if has else part))
                return replace(term, terms=tuple(done))
            case tm.Product(factors):
                return (yield self._place_in_product(term, factors, letter))
            case tm.Power(base, exponent):
                return (yield self._place_in_power(term, base, exponent, letter))
            case tm.Func(_, args):
                inside = [n for n, arg in enumerate(args) if self._has(arg, letter)]
                if len(inside) > 1:
                    return self._wrap(term, letter)
                placed = yield self._place(args[inside[0]], letter)
                return replace(term, args=(*args[: inside[0]], placed, *args[inside[0] + 1 :]))
            case tm.Opaque(_, _, args):
                inside = [n for n, (_, arg) in enumerate(args) if self._has(arg, letter)]
                if len(inside) != 1 or self._in_args(term, letter):
                    return self._wrap(term, letter)
                names, body = args[inside[0]]
                changed = (names, (yield self._place(body, letter)))
                return replace(term, args=(*args[: inside[0]], changed, *args[inside[0] + 1 :]))
            case tm.Reduce() | tm.Softmax() | tm.Matrix() | tm.Derivative():
                body = term.body
                condition = term.condition if isinstance(term, tm.Reduce) else None
                if self._in_args(term, letter):
                    return self._wrap(term, letter)
                if isinstance(term, tm.Reduce) and condition and self._has(condition, letter):
                    if self._has(body, letter):
                        return self._wrap(term, letter)
                    placed = yield self._place_in_condition(condition, letter)
                    return (
                        self._wrap(term, letter)
                        if placed is None
                        else replace(term, condition=placed)
                    )
                return replace(term, body=(yield self._place(body, letter)))
            case tm.Cases(branches, otherwise):
                return (yield self._place_in_cases(term, branches, otherwise, letter))
            case _:
                return self._wrap(term, letter)

    def _in_args(self, node: tm.Term, letter: str) -> bool:
        """Whether a letter occurs in what stands beside the body of a term."""
        if any(own.name == letter for own in tm.own_letters(node)):
            return True
        return any(self._has(read, letter) for read in tm.lookups(tm.args_of(node)))

    def _place_in_product(
        self, term: tm.Product, factors: tuple[tuple[bool, tm.Term], ...], letter: str
    ) -> Steps[tm.Term]:
        inside = [number for number, (_, f) in enumerate(factors) if self._has(f, letter)]
        if len(inside) == 1:
            number = inside[0]
            divides, factor = factors[number]
            placed = (divides, (yield self._place(factor, letter)))
            return replace(term, factors=(*factors[:number], placed, *factors[number + 1 :]))
        chosen = tuple(factors[number] for number in inside)
        self._remark_quotient(chosen, letter)
        if len(chosen) == len(factors):
            return self._wrap(term, letter)
        span = chosen[0][1].span.to(chosen[-1][1].span)
        summed = (False, self._wrap(tm.Product(chosen, span), letter))
        rest = [factor for number, factor in enumerate(factors) if number not in inside]
        before = sum(number < inside[0] for number in range(len(factors)))
        return replace(term, factors=(*rest[:before], summed, *rest[before:]))

    def _place_in_power(
        self, term: tm.Power, base: tm.Term, exponent: tm.Term, letter: str
    ) -> Steps[tm.Term]:
        if self._has(exponent, letter):
            if self._has(base, letter):
                return self._wrap(term, letter)
            return replace(term, exponent=(yield self._place(exponent, letter)))
        if self.occurrences.power(exponent) > 1 and self.occurrences.of(base)[letter] < 2:
            return self._wrap(term, letter)
        return replace(term, base=(yield self._place(base, letter)))

    def _place_in_cases(
        self,
        term: tm.Cases,
        branches: tuple[tuple[tm.Condition, tm.Term], ...],
        otherwise: tm.Term | None,
        letter: str,
    ) -> Steps[tm.Term]:
        conditions = [condition for condition, _ in branches if self._has(condition, letter)]
        values = [value for _, value in branches if self._has(value, letter)]
        last = otherwise is not None and self._has(otherwise, letter)
        if len(conditions) == 1 and not values and not last:
            compared = yield self._place_in_condition(conditions[0], letter)
            if compared is None:
                return self._wrap(term, letter)
            told = tuple((compared if c is conditions[0] else c, v) for c, v in branches)
            return replace(term, branches=told)
        if conditions or len(values) + last > 1:
            return self._wrap(term, letter)
        if last:
            assert otherwise is not None
            return replace(term, otherwise=(yield self._place(otherwise, letter)))
        placed = yield self._place(values[0], letter)
        new = tuple((c, placed if value is values[0] else value) for c, value in branches)
        return replace(term, branches=new)

    def _place_in_condition(
        self, condition: tm.Condition, letter: str
    ) -> Steps[tm.Condition | None]:
        """The condition with the sum in the one value that has all occurrences; None where more
        than one value has some, or the only one."""
        if isinstance(condition, tm.Logic):
            inside = [part for part in condition.parts if self._has(part, letter)]
            if len(inside) > 1:
                return None
            placed = yield self._place_in_condition(inside[0], letter)
            new = tuple(placed if part is inside[0] else part for part in condition.parts)
            return None if placed is None else replace(condition, parts=new)
        sides = [side for side in (condition.left, condition.right) if self._has(side, letter)]
        if len(sides) > 1 or self.occurrences.of(sides[0])[letter] < 2:
            return None
        placed = yield self._place(sides[0], letter)
        if sides[0] is condition.left:
            return replace(condition, left=placed)
        return replace(condition, right=placed)

    def _wrap(self, term: tm.Term, letter: str) -> tm.Term:
        """The sum over one letter, if the letter occurs often enough."""
        if self.occurrences.of(term)[letter] < 2:
            raise self._once(letter, self._additive or term)
        self._remark(term, letter)
        bound = tm.Bound(letter, None, None, term.span)
        return tm.Reduce("sum", (bound,), None, term, False, term.span)

    def _once(self, letter: str, term: tm.Term) -> Exception:
        return fail(
            "E201",
            f"index {letter} occurs only once and is not on the left side",
            place_of(term, letter),
            f"{letter} is neither free nor repeated",
            for_single(letter, self.free, self.hidden, self.occurrences.of(term)),
        )

    def _remark_quotient(self, factors: tuple[tuple[bool, tm.Term], ...], letter: str) -> None:
        """A note where a letter is summed around a quotient, and its divisor reads as a sum over
        the letter by itself."""
        divisors = [factor for divides, factor in factors if divides]
        counts = sum(self.occurrences.of(factor)[letter] for factor in divisors)
        if counts < 2 or len(divisors) == len(factors) or letter in self._remarked:
            return
        self._remarked.add(letter)
        self.notes.append(
            Diagnostic(
                "N210",
                f"index {letter} is summed around the whole quotient",
                divisors[0].span.to(divisors[-1].span),
                "summed after the division, not before it",
                help=f"write sum[{letter}](…) / sum[{letter}](…) for a quotient of sums",
                severity="note",
            )
        )

    def _remark(self, term: tm.Term, letter: str) -> None:
        """A note where a letter is summed outside a function it also occurs in."""
        if letter in self._remarked:
            return
        stack: list[tm.Part] = [term]
        while stack:
            node = stack.pop()
            stack.extend(part for part in reversed(tm.parts(node)) if self._has(part, letter))
            named = self._applied(node, letter)
            if named is not None:
                self._remarked.add(letter)
                where, after, help_ = named
                self.notes.append(
                    Diagnostic(
                        "N210",
                        f"index {letter} is summed outside {where} and occurs inside it",
                        node.span,
                        f"summed after {after}",
                        help=help_,
                        severity="note",
                    )
                )
                return

    def _applied(self, node: tm.Part, letter: str) -> tuple[str, str, str] | None:
        """What a letter is summed outside of, when, and what to write else; None where a node
        reads as no sum inside."""
        match node:
            case tm.Func(name):
                help_ = f"write {name}(sum[{letter}] …) if the sum belongs inside"
                return name, f"{name} is applied", help_
            case tm.Cases(branches, otherwise):
                values = [value for _, value in branches if self._has(value, letter)]
                if otherwise is not None and self._has(otherwise, letter):
                    values.append(otherwise)
                if len(values) < 2 or not any(self._is_uneven(v, letter) for v in values):
                    return None
                help_ = f"write sum[{letter}] … in each branch if the sums belong inside"
                return "the cases", "a branch is chosen", help_
            case tm.Compare(op, left, right):
                if max(self.occurrences.of(side).get(letter, 0) for side in (left, right)) < 2:
                    return None
                help_ = f"write sum[{letter}] … {op} … if the sum belongs inside"
                return "the comparison", "values are compared", help_
            case _:
                return None

    def _is_uneven(self, value: tm.Term, letter: str) -> bool:
        """Whether the sum of a value over a letter is not what is left with the sum inside."""
        return any(
            isinstance(node, tm.Power | tm.Func)
            or (isinstance(node, tm.Sum) and not all(self._has(t, letter) for _, t in node.terms))
            for node in tm.walk(value)
            if self._has(node, letter)
        )
