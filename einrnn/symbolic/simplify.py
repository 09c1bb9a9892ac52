"""Expressions built in simplified form: constants folded, deltas pushed into sums.

Each function here builds one kind of node and returns an equal, simpler expression.
Equal means: the same value wherever both are defined.
"""

from __future__ import annotations

from collections.abc import Iterable
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import ONE, TRUE, ZERO, is_bracket, joined_power, number
from einrnn.core.digits import is_long
from einrnn.core.model import Range
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Apply,
    Cases,
    Compare,
    Cond,
    Expr,
    Index,
    Mul,
    Not,
    Number,
    Or,
    Pow,
    Reduce,
    ReduceOp,
    Value,
)
from einrnn.core.traverse import fresh, substitute
from einrnn.symbolic.normal.total import Totality
from einrnn.symbolic.ranges import (
    FALSE,
    Ranges,
    at_least_zero,
    bind,
    conjunction,
    conjuncts,
    decide,
    solve,
    within,
)

_ANY = Totality()  # nothing is known of tensors here


def add(terms: Iterable[Expr]) -> Expr:
    """A sum, flattened, like terms collected in the order of their first appearance."""
    constant = Fraction(0)
    collected: dict[Expr, Fraction] = {}
    for term in flat(terms, Add):
        factor, rest = split_number(term)
        if rest is ONE:
            constant += factor
        else:
            collected[rest] = collected.get(rest, Fraction(0)) + factor
    kept = [scaled(factor, rest) for rest, factor in collected.items() if factor]
    if constant:
        kept.insert(0 if constant > 0 else len(kept), Number(constant))
    return ZERO if not kept else kept[0] if len(kept) == 1 else Add(tuple(kept))


def flat(parts: Iterable[Expr], kind: type[Add] | type[Mul]) -> list[Expr]:
    """The terms of a sum of sums, or the factors of a product of products."""
    result: list[Expr] = []
    stack = list(parts)[::-1]
    while stack:
        part = stack.pop()
        if isinstance(part, kind):
            below = part.terms if isinstance(part, Add) else part.factors
            stack.extend(below[::-1])
        else:
            result.append(part)
    return result


def split_number(term: Expr) -> tuple[Fraction, Expr]:
    """The rational coefficient of a term and what it multiplies."""
    if isinstance(term, Number):
        return term.value, ONE
    if isinstance(term, Value) and not term.index.terms:
        return Fraction(term.index.constant), ONE
    if isinstance(term, Mul) and isinstance(term.factors[0], Number):
        rest = term.factors[1:]
        return term.factors[0].value, rest[0] if len(rest) == 1 else Mul(rest)
    return Fraction(1), term


def scaled(factor: Fraction, rest: Expr) -> Expr:
    """``factor * rest`` with the number in front."""
    if factor == 1:
        return rest
    return Mul((Number(factor), *(rest.factors if isinstance(rest, Mul) else (rest,))))


def mul(factors: Iterable[Expr]) -> Expr:
    """A product, flattened, numbers multiplied, powers of one base collected."""
    constant = Fraction(1)
    powers: dict[Expr, Expr] = {}
    for factor in flat(factors, Mul):
        head, rest = split_number(factor)
        constant *= head
        if rest is ONE:
            continue
        base, exponent = (rest.base, rest.exponent) if isinstance(rest, Pow) else (rest, ONE)
        powers[base] = _joined(base, powers[base], exponent) if base in powers else exponent
    if constant == 0:
        return ZERO
    kept: list[Expr] = []
    for base, exponent in powers.items():
        head, rest = split_number(pow_(base, exponent))
        constant *= head
        if rest is not ONE:
            kept.append(rest)
    if not kept:
        return Number(constant)
    return scaled(constant, kept[0] if len(kept) == 1 else Mul(tuple(kept)))


def _joined(base: Expr, first: Expr, second: Expr) -> Expr:
    """The exponent of a product of two powers of one base."""
    if isinstance(first, Number) and isinstance(second, Number):
        return Number(joined_power(base, first.value, second.value))
    counted = [_counted(exponent) for exponent in (first, second)]
    if counted[0] is not None and counted[1] is not None:
        total_ = af.plus(counted[0], counted[1])
        return Value(total_) if total_.terms else Number(Fraction(total_.constant))
    return add((first, second))


def _counted(exponent: Expr) -> Affine | None:
    """A whole number, or one in terms of sizes and indices."""
    if isinstance(exponent, Value):
        return exponent.index
    if isinstance(exponent, Number) and exponent.value.denominator == 1:
        return af.of(int(exponent.value))
    return None


def pow_(base: Expr, exponent: Expr) -> Expr:
    """A power; whole exponents are folded and spread over products."""
    if exponent is ZERO:
        return ONE
    if exponent is ONE:
        return base
    if isinstance(exponent, Number) and exponent.value.denominator == 1:
        return _whole_power(base, exponent.value)
    return Pow(base, exponent)


def _whole_power(base: Expr, exponent: Fraction) -> Expr:
    """A power with a whole exponent that is neither 0 nor 1."""
    match base:
        case Number(value) if (value or exponent > 0) and not is_long(value, int(exponent)):
            return Number(value ** int(exponent))
        case Mul(factors):
            return mul(pow_(factor, Number(exponent)) for factor in factors)
        case Pow(inner, Number(first)):
            return pow_(inner, Number(first * exponent))
        case Cases() if is_bracket(base) and exponent > 0:
            return base
        case _:
            return Pow(base, Number(exponent))


def apply(function: str, args: tuple[Expr, ...]) -> Expr:
    """A known function; the values at 0 and 1 and the pair exp, log are folded."""
    if len(args) == 1:
        (x,) = args
        if x is ZERO and function in ("tanh", "sin", "sinh", "sqrt", "relu", "abs", "sign", "erf"):
            return ZERO
        if x is ZERO and function in ("exp", "cos", "cosh"):
            return ONE
        if x is ONE and function in ("log", "sqrt"):
            return ZERO if function == "log" else ONE
        if isinstance(x, Apply) and (function, x.function) in (("log", "exp"), ("exp", "log")):
            return x.args[0]
    return Apply(function, args)


def value(index: Affine) -> Expr:
    """An index expression as a number."""
    return number(index.constant) if not index.terms else Value(index)


def cases(branches: Iterable[tuple[Cond, Expr]], otherwise: Expr, ranges: Ranges) -> Expr:
    """Cases without branches that cannot be taken."""
    kept: list[tuple[Cond, Expr]] = []
    for cond, branch in branches:
        cond = conjunction(conjuncts(cond), ranges)
        if cond is TRUE:
            otherwise = branch
            break
        if cond is not FALSE and decide(cond, ranges) is not False:
            kept.append((cond, branch))
    while kept and kept[-1][1] is otherwise:
        kept.pop()
    return Cases(tuple(kept), otherwise) if kept else otherwise


def guard(cond: Cond, body: Expr, ranges: Ranges) -> Expr:
    """``body`` where the condition holds and else 0; ``body`` may be undefined elsewhere."""
    if body is ZERO:
        return ZERO
    cond = conjunction(conjuncts(cond), ranges)
    if cond is TRUE:
        return body
    if cond is FALSE:
        return ZERO
    if isinstance(body, Cases) and len(body.branches) == 1 and body.otherwise is ZERO:
        inner, nested = body.branches[0]
        return Cases(((conjunction((cond, inner), ranges), nested),), ZERO)
    return Cases(((cond, body),), ZERO)


def delta(left: Affine, right: Affine, ranges: Ranges) -> Expr:
    """1 where two index expressions agree, else 0."""
    return guard(Compare("==", Value(left), Value(right)), ONE, ranges)


def reduce(op: ReduceOp, index: Index, range_: Range, body: Expr, ranges: Ranges) -> Expr:
    """A reduction over an index; sums are simplified by :func:`total`."""
    if op == "sum":
        return total(index, range_, body, ranges)
    return Reduce(op, index, range_.lo, range_.hi, body)


def total(index: Index, range_: Range, body: Expr, ranges: Ranges) -> Expr:
    """A sum over an index in which deltas on that index have been carried out.

    ``Σ_k δ(k, a) f(k)`` becomes ``f(a)`` where ``a`` is in the range, and 0 else;
    factors and conditions without the index move out.
    """
    if body is ZERO:
        return ZERO
    inner = bind(ranges, {index: range_})
    pending = [body]
    done: list[Expr] = []
    while pending:
        term = pending.pop()
        spread = _spread(term, index, inner)
        if spread is not None:
            pending.extend(spread[::-1])
        else:
            exchanged = _exchanged(index, range_, term, ranges)
            done.append(exchanged or _total_term(index, range_, term, ranges, inner))
    return add(done)


def _exchanged(index: Index, range_: Range, term: Expr, ranges: Ranges) -> Expr | None:
    """The sum of a term in which a delta on the index stands inside another sum: that of the
    index is carried out first. None where there is no such sum."""
    factors = term.factors if isinstance(term, Mul) else (term,)
    for position, factor in enumerate(factors):
        if not isinstance(factor, Reduce) or not pins(factor, index):
            continue
        rest = factors[:position] + factors[position + 1 :]
        taken = {index, *ranges, *factor.free}.union(*(other.free for other in rest))
        outer = fresh(factor.index, taken)
        body = substitute(factor.body, {factor.index: af.of(outer)})
        span = Range(factor.lo, factor.hi)
        inner = bind(ranges, {outer: span})
        swapped = total(index, range_, mul((*rest, body)), inner)
        terms = swapped.terms if isinstance(swapped, Add) else (swapped,)
        return add(_total_term(outer, span, part, ranges, inner) for part in terms)
    return None


def _spread(term: Expr, index: Index, ranges: Ranges) -> list[Expr] | None:
    """The terms of a term that hides a delta on ``index`` in a written-out sum or in cases."""
    if isinstance(term, Add):
        return list(term.terms)
    factors = term.factors if isinstance(term, Mul) else (term,)
    for position, factor in enumerate(factors):
        if not pins(factor, index):
            continue
        spread = _alternatives(factor, ranges) or _spread_inside(factor, index, ranges)
        if spread is not None:
            rest = factors[:position] + factors[position + 1 :]
            return [mul((*rest, part)) for part in spread]
    return None


def _spread_inside(expr: Expr, index: Index, ranges: Ranges) -> list[Expr] | None:
    """The same of a product under a condition."""
    match expr:
        case Cases(((cond, Mul() as body),), otherwise) if otherwise is ZERO:
            below = _spread(body, index, ranges)
            return None if below is None else [guard(cond, part, ranges) for part in below]
        case _:
            return None


def _alternatives(expr: Expr, ranges: Ranges) -> list[Expr] | None:
    """The terms of a sum, or those of cases: each where its condition holds and those before it
    do not. None where there is one only."""
    if isinstance(expr, Add):
        return list(expr.terms)
    if not isinstance(expr, Cases):
        return None
    if len(expr.branches) == 1 and expr.otherwise is ZERO:
        ((cond, body),) = expr.branches
        below = _alternatives(body, ranges)
        return None if below is None else [guard(cond, part, ranges) for part in below]
    before: tuple[Cond, ...] = ()
    found: list[Expr] = []
    for cond, branch in expr.branches:
        found.append(guard(And((*before, cond)), branch, ranges))
        before = (*before, Not(cond))
    return [*found, guard(And(before), expr.otherwise, ranges)]


def pins(expr: Expr, index: Index) -> bool:
    """Whether a term (or a term of a sum inside it) has a delta on the index."""
    if index not in expr.free:
        return False
    if isinstance(expr, Mul):
        return any(pins(factor, index) for factor in expr.factors)
    if isinstance(expr, Add):
        return any(pins(term, index) for term in expr.terms)
    if isinstance(expr, Reduce):
        bounds = expr.lo.free | expr.hi.free
        return expr.op == "sum" and index not in bounds and pins(expr.body, index)
    if not isinstance(expr, Cases):
        return False
    first = conjuncts(expr.branches[0][0])
    return any(solve(part, index) is not None for part in first) or any(
        pins(branch, index) for branch in (*(b for _, b in expr.branches), expr.otherwise)
    )


def _total_term(index: Index, range_: Range, term: Expr, ranges: Ranges, inner: Ranges) -> Expr:
    """The sum of one term: guards first, then factors without the index."""
    cond, rest = split_guard(term)
    for part in conjuncts(cond):
        pinned = solve(part, index)
        if pinned is None:
            continue
        others = tuple(other for other in conjuncts(cond) if other is not part)
        mapping = {index: pinned}
        kept = [substitute(other, mapping) for other in others]
        cond = conjunction((within(pinned, range_, ranges), *kept), ranges)
        return guard(cond, substitute(rest, mapping), ranges)
    outside = tuple(part for part in conjuncts(cond) if index not in part.free)
    inside = tuple(part for part in conjuncts(cond) if index in part.free)
    factors = rest.factors if isinstance(rest, Mul) else (rest,)
    # over an empty range nothing is computed: what may have no value stays inside
    some = not inside and at_least_zero(af.minus(range_.hi, range_.lo), ranges)
    out = [f for f in factors if index not in f.free and (some or not _ANY.lacks(f))]
    kept = mul(factor for factor in factors if factor not in out)
    body = guard(conjunction(inside, inner), kept, inner)
    if inside or body is not ONE:
        summed: Expr = Reduce("sum", index, range_.lo, range_.hi, body)
    elif at_least_zero(_count(range_), ranges):
        summed = value(_count(range_))
    else:
        summed = Reduce("sum", index, range_.lo, range_.hi, body)
    return guard(conjunction(outside, ranges), mul((*out, summed)), ranges)


def _count(range_: Range) -> Affine:
    return af.shift(af.minus(range_.hi, range_.lo), 1)


def split_guard(term: Expr) -> tuple[Cond, Expr]:
    """A term as ``[condition] * rest``, from its brackets and guarded factors.

    The condition speaks of indices only; what speaks of values stays in the rest.
    """
    conds: list[Cond] = []
    rest: list[Expr] = []
    for factor in term.factors if isinstance(term, Mul) else (term,):
        if not (
            isinstance(factor, Cases) and len(factor.branches) == 1 and factor.otherwise is ZERO
        ):
            rest.append(factor)
            continue
        cond, body = factor.branches[0]
        deeper, body = split_guard(body)
        on_values = [part for part in conjuncts(cond) if not _on_indices(part)]
        conds += [deeper, *(part for part in conjuncts(cond) if _on_indices(part))]
        rest.append(guard(And(tuple(on_values)), body, {}))
    return conjunction(tuple(conds), {}), mul(rest)


def _on_indices(cond: Cond) -> bool:
    """Whether a condition speaks of indices and sizes only."""
    match cond:
        case Compare(_, left, right):
            return isinstance(left, Value) and isinstance(right, Value)
        case And(parts) | Or(parts):
            return all(_on_indices(part) for part in parts)
        case Not(part):
            return _on_indices(part)
