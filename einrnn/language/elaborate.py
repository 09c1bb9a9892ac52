"""Terms to core: letters get their ranges, every convention is gone."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import ONE, TRUE, ZERO, div, neg, number
from einrnn.core.model import Range
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Apply,
    Argument,
    Atom,
    Cases,
    Compare,
    Cond,
    Derivative,
    Dim,
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
from einrnn.core.traverse import fresh, substitute
from einrnn.dataclass import dataclass
from einrnn.errors import Span
from einrnn.language import terms as tm
from einrnn.language.indexing import as_arg
from einrnn.language.problem import fail
from einrnn.language.sizing import Letters

_NEUTRAL: dict[str, Expr] = {
    "sum": ZERO,
    "prod": ONE,
    "max": neg(Apply("inf", ())),
    "min": Apply("inf", ()),
    "logsumexp": neg(Apply("inf", ())),
}


@dataclass(frozen=True)
class Context:
    """What is known where a term stands: ranges of letters, conditions that hold."""

    ranges: Mapping[Index, Range]
    conditions: tuple[Cond, ...] = ()

    def with_range(self, index: Index, lo: Affine, hi: Affine) -> Context:
        """The context inside a binder: nothing is known of an outer index of that name."""
        conditions = tuple(cond for cond in self.conditions if index not in cond.free)
        return Context({**self.ranges, index: Range(lo, hi)}, conditions)

    def given(self, *conditions: Cond) -> Context:
        """The context where these hold as well."""
        return Context(self.ranges, self.conditions + conditions)


@dataclass(frozen=True)
class Reading:
    """An entry of a tensor that is read, to be checked against what entries there are.

    ``spans`` are the places of its positions in the text.
    """

    tensor: str
    args: tuple[Affine, ...]
    context: Context
    spans: tuple[Span, ...]


class Elaborator:
    """Turns the terms of one statement into core; ``readings`` are left to be checked."""

    def __init__(self, letters: Letters) -> None:
        self.letters = letters
        self.readings: list[Reading] = []

    def size(self, letter: str, span: Span | None = None) -> Affine:
        """The size a letter runs over; one that stands on no axis may be named after a dim."""
        size = self.letters.get(letter).size()
        if size is not None:
            return size
        upper = letter.upper()
        if span is not None and upper not in self.letters.sizing.names.dims:
            raise fail(
                "E309",
                f"nothing says what {letter} runs over",
                span,
                f"{letter} stands on no axis",
                f"write sum[{letter}=0..N-1], or declare it: index {letter} : N",
            )
        return af.of(Dim(upper))

    def expression(self, term: tm.Term, context: Context) -> Expr:
        """The core expression of a term."""
        return trampoline(self._expr)(term, context)

    def condition(self, condition: tm.Condition, context: Context) -> Cond:
        """The core condition of a condition."""
        return trampoline(self._cond)(condition, context)

    def arg(self, arg: tm.Arg, context: Context) -> Affine:
        """The core index expression."""
        terms: dict[Atom, int] = {}
        for coefficient, atom in arg.parts:
            match atom:
                case tm.Letter(name):
                    key: Atom = Index(name)
                case tm.Size(name):
                    key = Dim(name)
                case tm.Read():
                    key = self._element(atom, context)
            terms[key] = terms.get(key, 0) + coefficient
        return af.affine(arg.constant, terms)

    def _element(self, read: tm.Read, context: Context) -> Element:
        return Element(read.name, self._args(read.name, read.args, context))

    def _args(self, name: str, args: tuple[tm.Arg, ...], context: Context) -> tuple[Affine, ...]:
        done = tuple(self.arg(arg, context) for arg in args)
        self.readings.append(Reading(name, done, context, tuple(arg.span for arg in args)))
        return done

    def _expr(self, term: tm.Term, context: Context) -> Steps[Expr]:
        match term:
            case tm.Num(value):
                return number(value)
            case tm.Position(value):
                return Value(self.arg(value, context))
            case tm.Read():
                return self._element(term, context)
            case tm.Sum() | tm.Product() if (whole := _affine(term)) is not None:
                return Value(self.arg(whole, context))
            case tm.Sum(terms):
                summed: list[Expr] = []
                for sign, part in terms:
                    value = yield self._expr(part, context)
                    summed.append(value if sign > 0 else _negative(value))
                return summed[0] if len(summed) == 1 else Add(_flat_sum(summed))
            case tm.Product(factors):
                multiplied: list[Expr] = []
                for divides, part in factors:
                    value = yield self._expr(part, context)
                    multiplied = _times(multiplied, value, divides)
                return multiplied[0] if len(multiplied) == 1 else Mul(_flat_product(multiplied))
            case tm.Power(base, exponent):
                below = yield self._expr(base, context)
                return Pow(below, (yield self._expr(exponent, context)))
            case tm.Func(name, args):
                values: list[Expr] = []
                for arg in args:
                    values.append((yield self._expr(arg, context)))
                return Apply(name, tuple(values))
            case tm.Reduce():
                return (yield self._reduce(term, context))
            case tm.Softmax():
                return (yield self._softmax(term, context))
            case tm.Cases():
                return (yield self._cases(term, context))
            case tm.Matrix():
                return (yield self._matrix(term, context))
            case tm.Opaque():
                return (yield self._opaque(term, context))
            case tm.Derivative(kind, body, name, args):
                inner = yield self._expr(body, context)
                at = self._args(name, args, context)
                return Derivative("total" if kind == "total" else "immediate", inner, name, at)

    def _range(self, bound: tm.Bound, context: Context) -> tuple[Affine, Affine]:
        if bound.lo is not None and bound.hi is not None:
            return self.arg(bound.lo, context), self.arg(bound.hi, context)
        return af.ZERO, af.last(self.size(bound.name, bound.span))

    def _reduce(self, term: tm.Reduce, context: Context) -> Steps[Expr]:
        ranges: list[tuple[Index, Affine, Affine]] = []
        for bound in term.letters:
            lo, hi = self._range(bound, context)
            ranges.append((Index(bound.name), lo, hi))
            _check_apart(bound, context)
            context = context.with_range(Index(bound.name), lo, hi)
        cond: Cond | None = None
        if term.condition is not None:
            given: Cond = yield self._cond(term.condition, context)
            context, cond = context.given(given), given
        body: Expr = yield self._expr(term.body, context)
        if term.op != "mean":
            return _reduced(term.op, ranges, cond, body)
        count = _count(ranges, cond, context.ranges)
        return div(_reduced("sum", ranges, cond, body), count)

    def _softmax(self, term: tm.Softmax, context: Context) -> Steps[Expr]:
        ranges = [(Index(b.name), *self._range(b, context)) for b in term.letters]
        inner = context
        for index, lo, hi in ranges:
            inner = inner.with_range(index, lo, hi)
        body: Expr = yield self._expr(term.body, inner)
        renamed: list[tuple[Index, Affine, Affine]] = []
        taken = set(body.free) | set(context.ranges)
        moved = body
        for index, lo, hi in ranges:
            new = fresh(index, taken)
            taken.add(new)
            moved = substitute(moved, {index: af.of(new)})
            renamed.append((new, lo, hi))
        return Apply("exp", (Add((body, neg(_reduced("logsumexp", renamed, None, moved)))),))

    def _cases(self, term: tm.Cases, context: Context) -> Steps[Expr]:
        branches: list[tuple[Cond, Expr]] = []
        for condition, value in term.branches:
            cond = yield self._cond(condition, context)
            branches.append((cond, (yield self._expr(value, context.given(cond)))))
            context = context.given(Not(cond))
        if term.otherwise is None:
            return Cases(tuple(branches), Apply("undefined", ()))
        return Cases(tuple(branches), (yield self._expr(term.otherwise, context)))

    def _matrix(self, term: tm.Matrix, context: Context) -> Steps[Expr]:
        row, column = Index(term.row), Index(term.column)
        size = self.size(term.row)
        if self.letters.sizing.sizes.normal(size) is not self.letters.sizing.sizes.normal(
            self.size(term.column)
        ):
            raise fail(
                "E305",
                f"{term.op} needs a square matrix",
                term.span,
                f"this is {size} by {self.size(term.column)}",
                "give both axes one size; the product of a matrix with its transpose has that",
            )
        inner = context.with_range(row, af.ZERO, af.last(size))
        inner = inner.with_range(column, af.ZERO, af.last(size))
        body = yield self._expr(term.body, inner)
        power = af.ONE if term.power is None else self.arg(term.power, context)
        at = tuple(self.arg(arg, context) for arg in term.at)
        if term.op == "inv" or term.op == "det" or term.op == "logdet":
            return Matrix(term.op, row, column, size, body, power, at)
        return Matrix("matpow", row, column, size, body, power, at)

    def _opaque(self, term: tm.Opaque, context: Context) -> Steps[Expr]:
        at = self._args(term.name, term.at, context)
        args: list[Argument] = []
        for names, part in term.args:
            sizes = tuple(self.size(name) for name in names)
            inner = context
            for name, size in zip(names, sizes, strict=True):
                inner = inner.with_range(Index(name), af.ZERO, af.last(size))
            body = yield self._expr(part, inner)
            args.append(Argument(tuple(Index(name) for name in names), sizes, body))
        return Opaque(term.name, at, tuple(args), ())

    def _cond(self, condition: tm.Condition, context: Context) -> Steps[Cond]:
        if isinstance(condition, tm.Compare):
            left, right = as_arg(condition.left), as_arg(condition.right)
            if left is not None and right is not None:
                values = Value(self.arg(left, context)), Value(self.arg(right, context))
            else:
                first = yield self._expr(condition.left, context)
                values = first, (yield self._expr(condition.right, context))
            return _relation(condition.op, *values)
        parts: list[Cond] = []
        for part in condition.parts:
            parts.append((yield self._cond(part, context)))
            if condition.op == "and":
                context = context.given(parts[-1])
        if condition.op == "not":
            return Not(parts[0])
        return And(tuple(parts)) if condition.op == "and" else Or(tuple(parts))


def _check_apart(bound: tm.Bound, context: Context) -> None:
    """That the range of no index further out is given by an index of the same name."""
    name = Index(bound.name)
    for outer, range_ in context.ranges.items():
        if name in range_.lo.free | range_.hi.free:
            raise fail(
                "E216",
                f"index {name.name} is used outside the sum over {name.name}",
                bound.span,
                f"the range of {outer.name} speaks of another {name.name}",
                "use another letter for this sum",
            )


def _relation(op: str, left: Expr, right: Expr) -> Cond:
    match op:
        case "==" | "!=" | "<" | "<=" | ">" | ">=":
            return Compare(op, left, right)
        case _:
            return TRUE


def _negative(value: Expr) -> Expr:
    if isinstance(value, Number):
        return number(-value.value)
    if isinstance(value, Mul) and isinstance(value.factors[0], Number):
        return Mul((number(-value.factors[0].value), *value.factors[1:]))
    if isinstance(value, Mul):
        return Mul((number(-1), *value.factors))
    return neg(value)


def _times(factors: list[Expr], value: Expr, divides: bool) -> list[Expr]:
    """The factors with one more: a fraction of numbers is a number, ``1/x`` a power."""
    if not divides:
        return [*factors, value]
    before = factors[-1] if factors else None
    if isinstance(value, Number) and value.value and isinstance(before, Number):
        return [*factors[:-1], number(before.value / value.value)]
    inverse = _inverse(value)
    return [inverse] if factors == [ONE] else [*factors, inverse]


def _inverse(value: Expr) -> Expr:
    if isinstance(value, Pow) and isinstance(value.exponent, Number) and value.exponent.value > 0:
        return Pow(value.base, number(-value.exponent.value))
    return Pow(value, number(-1))


def _affine(term: tm.Term) -> tm.Arg | None:
    """A sum or product that is an index expression with letters or sizes in it."""
    arg = as_arg(term)
    return arg if arg is not None and arg.parts else None


def _flat_sum(terms: list[Expr]) -> tuple[Expr, ...]:
    flat: list[Expr] = []
    for term in terms:
        flat.extend(term.terms if isinstance(term, Add) else (term,))
    return tuple(flat)


def _flat_product(factors: list[Expr]) -> tuple[Expr, ...]:
    flat: list[Expr] = []
    for factor in factors:
        flat.extend(
            factor.factors if isinstance(factor, Mul) and not _signed(factor) else (factor,)
        )
    return tuple(flat)


def _signed(product: Mul) -> bool:
    """Whether a product starts with a negative number; its parentheses are kept."""
    first = product.factors[0]
    return isinstance(first, Number) and first.value < 0


def _reduced(
    op: str, ranges: list[tuple[Index, Affine, Affine]], cond: Cond | None, body: Expr
) -> Expr:
    """Nested reductions, the first letter outermost."""
    if cond is not None:
        body = Cases(((cond, body),), _NEUTRAL[op])
    for index, lo, hi in reversed(ranges):
        match op:
            case "sum" | "prod" | "max" | "min" | "logsumexp":
                body = Reduce(op, index, lo, hi, body)
            case _:
                raise ValueError(f"unknown reduction {op}")
    return body


def _count(
    ranges: list[tuple[Index, Affine, Affine]], cond: Cond | None, around: Mapping[Index, Range]
) -> Expr:
    """How many values a mean is over, none where a range ends before it begins."""
    dependent = any(lo.free or hi.free for _, lo, hi in ranges[1:])
    counts = [af.shift(af.minus(hi, lo), 1) for _, lo, hi in ranges]
    known = all(_is_never_negative(count, around) for count in counts)
    if cond is not None or dependent or not known:
        return _reduced("sum", ranges, cond, number(Fraction(1)))
    return Value(counts[0]) if len(counts) == 1 else Mul(tuple(map(Value, counts)))


def _is_never_negative(count: Affine, around: Mapping[Index, Range]) -> bool:
    """Whether a length is at least 0 with indices in their ranges and all sizes at least 1."""
    for index in reversed(list(around)):  # a range may depend on those before it
        times = af.coefficient(count, index)
        if times:
            end = around[index].lo if times > 0 else around[index].hi
            count = af.plus(af.plus(count, af.of(index), -times), end, times)
    sizes = [times if isinstance(atom, Dim) else -1 for atom, times in count.terms]
    return all(times > 0 for times in sizes) and count.constant + sum(sizes) >= 0
