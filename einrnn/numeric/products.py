"""Nested sums over products as one contraction of all factors.

Sums and products below each other are taken apart into factors; a factor inside a branch
(``{ a if c ; 0 otherwise }``, a sum over a range that depends on another index) keeps the
conditions that guard it. Multiplying a mask into a product is only right while the guarded
factors are finite, so the program checks that and else masks the product itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from math import prod
from typing import TYPE_CHECKING

from einrnn.core import affine as af
from einrnn.core import build
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Cases,
    Compare,
    Cond,
    Dim,
    Expr,
    Index,
    Mul,
    Number,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.trampoline import Steps
from einrnn.core.traverse import substitute
from einrnn.errors import EvaluationError
from einrnn.numeric import bounds, diagonal, scatter
from einrnn.numeric.diagonal import Part
from einrnn.numeric.emit import Axis, Emitter, Var, letters_of, sizes_of
from einrnn.numeric.labelled import folded, mapped, multiplied_up, separate, spread
from einrnn.numeric.scope import Scope
from einrnn.numeric.steps import Choose, Scatter
from einrnn.numeric.symmetric import multiplied
from einrnn.numeric.term import Factor, Guards, Term, conditions

if TYPE_CHECKING:
    from einrnn.numeric.lower import Lowering

# a bracket of at most this many terms is multiplied out if it is this much larger than they are
_TERMS, _GROWTH = 8, 4
# powers of sizes that are carried out exactly
_EXPONENTS = (-2, -1, 2)


def product(lowering: Lowering, node: Expr, scope: Scope) -> Steps[Var]:
    """The value of a product or a sum."""
    found: list[Part] = yield parts(lowering, node, scope)
    return added(lowering, found, axes_of(scope))


def axes_of(scope: Scope) -> tuple[Axis, ...]:
    """The axes that indices are bound to."""
    return tuple(axis for axis in scope.bindings.values() if isinstance(axis, Axis))


def parts(lowering: Lowering, node: Expr, scope: Scope) -> Steps[list[Part]]:
    """The value of a product or a sum in parts that lie along different diagonals."""
    order = axes_of(scope)
    result: list[Part] = []
    for whole in _distributed(lowering, taken_apart(lowering, node, scope)):
        found = diagonal.diagonal(whole, order)
        if found.term.zero:
            continue
        rows = scatter.found(found.term, found.order)
        value: Var = yield (
            _term(lowering, found.term, found.order)
            if rows is None
            else _scattered(lowering, found.term, rows, found.order)
        )
        result.append(Part(value, found.places))
    return result


def added(lowering: Lowering, found: Sequence[Part], order: Sequence[Axis]) -> Var:
    """The sum of parts as one array."""
    whole: Var | None = None
    for part in found:
        if not part.places:
            var = part.var
            whole = var if whole is None else mapped(lowering.emitter, "+", whole, var)
    along = [part for part in found if part.places]
    if not along:
        return lowering.constant(Fraction(0)) if whole is None else whole
    every = [] if whole is None else [Part(whole, {})]
    return diagonal.assembled(lowering.emitter, [*every, *along], order)


def _scattered(
    lowering: Lowering, term: Term, rows: scatter.Rows, order: Sequence[Axis]
) -> Steps[Var]:
    """``Σ_t [x[t] == j] f(t, j)``: the values ``f(t, x[t])`` added up by ``x[t]``."""
    rest = scatter.remaining(term, rows)
    inner = (*rows.summed, *(axis for axis in order if axis != rows.axis))
    values: Var = yield _term(lowering, rest, inner)
    index: Var = yield lowering.integer(rows.position, rows.scope)
    summed = tuple(axis for axis in index.axes if axis in rows.summed)
    axes = (*summed, *(axis for axis in values.axes if axis not in summed))
    whole = spread(lowering.emitter, values, axes)
    kept = (rows.axis, *axes[len(summed) :])
    out = lowering.emitter.emit(
        Scatter,
        whole.register,
        spread(lowering.emitter, index, summed).register,
        rows.axis.size,
        shape=sizes_of(kept),
        letters=letters_of(kept),
    )
    return Var(out, kept)


def _term(lowering: Lowering, term: Term, order: Sequence[Axis]) -> Steps[Var]:
    free: list[Var] = []
    guarded: dict[Guards, list[Var]] = {}
    for factor in term.factors:
        var: Var = yield lowering.factor(factor.node, factor.scope)
        if factor.guards:
            guarded.setdefault(factor.guards, []).append(var)
        else:
            free.append(var)
    masks: dict[Guards, Var] = {}
    for guards in guarded:
        masks[guards] = yield _mask(lowering, guards)
    groups = [(masks[guards], values) for guards, values in guarded.items()]
    return _finished(lowering, term, free, groups, order)


def _mask(lowering: Lowering, guards: Guards) -> Steps[Var]:
    result: Var | None = None
    for cond, scope in guards:
        truth: Var = yield lowering.truth(cond, scope)
        if result is None:
            result = truth
        else:
            result = mapped(lowering.emitter, "and", result, truth, kind="truth")
    assert result is not None
    return result


def _finished(
    lowering: Lowering,
    term: Term,
    free: list[Var],
    guarded: list[tuple[Var, list[Var]]],
    order: Sequence[Axis],
) -> Var:
    emitter, zero = lowering.emitter, lowering.constant(Fraction(0))
    hard: list[tuple[Var, list[Var]]] = []
    for mask, values in guarded:
        if len(values) == 1 and set(mask.axes) <= set(values[0].axes):
            free.append(mapped(emitter, "where", mask, values[0], zero))
        else:
            hard.append((mask, values))
    present = {axis for var in free for axis in var.axes}
    present |= {axis for mask, values in hard for var in (mask, *values) for axis in var.axes}
    coefficient = term.coefficient
    for axis in term.summed:
        if axis not in present:
            coefficient *= axis.size
    summed = [axis for axis in term.summed if axis in present]
    if coefficient not in (1, -1) or not (free or hard):
        free.append(lowering.constant(coefficient))
        coefficient = Fraction(1)
    if hard:
        result = _chosen(emitter, free, hard, summed, zero, order)
    else:
        result = multiplied(emitter, free, summed, order)
    return mapped(emitter, "neg", result) if coefficient == -1 else result


def _chosen(
    emitter: Emitter,
    free: list[Var],
    guarded: list[tuple[Var, list[Var]]],
    summed: list[Axis],
    zero: Var,
    order: Sequence[Axis],
) -> Var:
    """Masks as factors where the guarded factors are finite; else the product is masked."""
    values = [var for _, group in guarded for var in group]
    casts = [emitter.cast(mask) for mask, _ in guarded]
    used = [*free, *values, *casts, zero, *(mask for mask, _ in guarded)]
    level = max(emitter.level(var.register) for var in used)
    before = emitter.open_conditional()
    fast = multiplied(emitter, [*free, *values, *casts], summed, order)
    then = emitter.close_conditional(before)
    before = emitter.open_conditional()
    groups = [
        mapped(emitter, "where", mask, multiplied_up(emitter, group), zero)
        for mask, group in guarded
    ]
    whole = multiplied_up(emitter, [*free, *groups])
    slow = spread(emitter, folded(emitter, "sum", whole, summed), fast.axes)
    otherwise = emitter.close_conditional(before)
    checked = tuple(dict.fromkeys(var.register for var in values))
    out = emitter.append(
        level,
        lambda out: Choose(out, checked, then, fast.register, otherwise, slow.register),
        fast,
    )
    return Var(out, fast.axes)


# --- taking apart -------------------------------------------------------------------------


def taken_apart(
    lowering: Lowering, root: Expr, scope: Scope, guards: Guards = (), summed: Sequence[Axis] = ()
) -> Term:
    """The factors of nested products and sums; ``summed`` are axes that are summed around it."""
    term = Term(summed=list(summed))
    stack: list[tuple[Expr, Scope, Guards]] = [(root, scope, guards)]
    numbers: list[Guards] = []
    while stack and not term.zero:
        node, here, guards = stack.pop()
        match node:
            case Number() | Value() | Pow() if (value := _known(node, here)) is not None:
                term.coefficient *= value
                term.zero = value == 0
                numbers.append(guards)
            case Mul(factors):
                stack.extend((factor, here, guards) for factor in reversed(factors))
            case Reduce("sum") if node is root or not lowering.separate_sum(node, here):
                inner = _without_deltas(node, here)
                if isinstance(inner, Reduce):
                    _open_sum(term, inner, here, guards, stack)
                else:
                    stack.append((inner, here, guards))
            case Cases(((cond, value),), Number(otherwise)) if otherwise == 0:
                _open_case(term, cond, value, here, guards, stack)
            case _:
                term.factors.append(Factor(node, here, guards))
    for guards in numbers:
        _guard(term, guards)
    return term


def _guard(term: Term, guards: Guards) -> None:
    """What guards a number, which is in the coefficient, guards another factor or is one."""
    if not any(factor.guards[: len(guards)] == guards for factor in term.factors):
        term.factors += [new for new in conditions(guards) if new not in term.factors]


def _known(node: Expr, scope: Scope) -> Fraction | None:
    """The number that an expression of sizes is: ``1/N``."""
    match node:
        case Number(value):
            return value
        case Value(index) if all(isinstance(atom, Dim) for atom, _ in index.terms):
            return Fraction(bounds.number(index, scope.sizes))
        case Pow(Value() as base, Number(exponent)) if exponent in _EXPONENTS:
            value = _known(base, scope)
            return None if not value else value ** int(exponent)
        case _:
            return None


def _distributed(lowering: Lowering, term: Term) -> list[Term]:
    """``sum_k (a[i,k] + b[k,j]) c[k]`` as two sums, where the bracket is larger than its terms;
    ``p[k] (δ[k,l] - p[l])`` as a diagonal and a product."""
    for number, factor in enumerate(term.factors):
        if not isinstance(factor.node, Add) or len(factor.node.terms) > _TERMS:
            continue
        others = [*term.factors[:number], *term.factors[number + 1 :]]
        rows = [(part, factor.scope) for part in factor.node.terms]
        if any(diagonal.has_delta(*row) for row in rows):
            opened = [_with(lowering, term, others, factor, part) for part, _ in rows]
            return [inner for one in opened for inner in _distributed(lowering, one)]
        if term.summed and _spreads(factor.node, factor.scope):
            return [_with(lowering, term, others, factor, part) for part, _ in rows]
    return [term]


def _spreads(node: Add, scope: Scope) -> bool:
    sizes = [_entries(part, scope) for part in node.terms]
    return _entries(node, scope) >= _GROWTH * max(sizes, default=1)


def _entries(node: Expr, scope: Scope) -> int:
    bindings = (scope.bindings[index] for index in node.free)
    return prod(binding.size for binding in bindings if isinstance(binding, Axis))


def _with(lowering: Lowering, term: Term, others: list[Factor], factor: Factor, part: Expr) -> Term:
    """The term with one term of a bracket in place of the bracket."""
    inner = taken_apart(lowering, part, factor.scope, factor.guards, term.summed)
    coefficient = term.coefficient * inner.coefficient
    return Term(coefficient, [*others, *inner.factors], inner.summed, inner.zero or term.zero)


def _open_sum(
    term: Term,
    node: Reduce,
    scope: Scope,
    guards: Guards,
    stack: list[tuple[Expr, Scope, Guards]],
) -> None:
    binding, conditions = bound(node, scope)
    if binding is None:
        # an empty sum inside a branch is only 0 where the branch is taken: it is 0 elsewhere too
        term.zero = True
        return
    if isinstance(binding, Axis):
        taken = set(term.summed) | {b for b in scope.bindings.values() if isinstance(b, Axis)}
        binding = separate(binding, taken)
        term.summed.append(binding)
    inner = scope.bind(node.index, binding)
    body = node.body
    if conditions:
        body = Cases(((And(conditions), body),), build.ZERO)
    stack.append((body, inner, guards))


def bound(node: Reduce, scope: Scope) -> tuple[Axis | int | None, tuple[Cond, ...]]:
    """What the index of a reduction runs over, None where that is empty.

    A range that depends on other indices becomes the smallest fixed range around it, with
    the conditions that cut it down again.
    """
    lo, hi = scope.interval(node.lo), scope.interval(node.hi)
    if lo is None or hi is None:
        raise lookup_in_bound(node)
    conditions: list[Cond] = []
    if lo[0] != lo[1]:
        conditions.append(build.compare("<=", node.lo, af.of(node.index)))
    if hi[0] != hi[1]:
        conditions.append(build.compare("<=", af.of(node.index), node.hi))
    if hi[1] < lo[0]:
        return None, ()
    if hi[1] == lo[0]:
        return lo[0], tuple(conditions)
    return Axis(node.index, lo[0], hi[1] - lo[0] + 1), tuple(conditions)


def lookup_in_bound(node: Reduce) -> EvaluationError:
    """The error for a range whose ends are looked up in data."""
    return EvaluationError(
        "E612",
        f"the range {node.lo}..{node.hi} of {node.index} is looked up in data",
        f"sum over a fixed range with a condition on {node.index}",
    )


def _open_case(
    term: Term,
    cond: Cond,
    value: Expr,
    scope: Scope,
    guards: Guards,
    stack: list[tuple[Expr, Scope, Guards]],
) -> None:
    truth = scope.decided(cond)
    if truth is False:
        term.zero = True
    elif truth is True:
        stack.append((value, scope, guards))
    elif isinstance(value, Number):
        term.coefficient *= value.value
        term.factors.append(Factor(cond, scope, guards))
    else:
        stack.append((value, scope.know(cond), (*guards, (cond, scope))))


def _without_deltas(node: Reduce, scope: Scope) -> Expr:
    """``sum_n delta[n,e] f(n)`` as ``f(e)``, guarded where ``e`` may leave the range of n."""
    factors = _factors(node.body)
    for number, factor in enumerate(factors):
        found = _delta(factor, node.index)
        if found is None:
            continue
        position, rest = found
        others = [*factors[:number], rest, *factors[number + 1 :]]
        body: Expr = substitute(Mul(tuple(others)), {node.index: position})
        inside = (
            build.compare("<=", node.lo, position),
            build.compare("<=", position, node.hi),
        )
        unsure = tuple(cond for cond in inside if scope.decided(cond) is not True)
        return Cases(((And(unsure), body),), build.ZERO) if unsure else body
    return node


def _factors(node: Expr) -> list[Expr]:
    found: list[Expr] = []
    stack = [node]
    while stack:
        part = stack.pop()
        if isinstance(part, Mul):
            stack.extend(reversed(part.factors))
        else:
            found.append(part)
    return found


def _delta(factor: Expr, index: Index) -> tuple[Affine, Expr] | None:
    """The position an index is fixed to by a delta, and what is left of the factor."""
    match factor:
        case Cases(((cond, value),), Number(otherwise)) if otherwise == 0:
            parts = cond.parts if isinstance(cond, And) else (cond,)
        case _:
            return None
    for number, part in enumerate(parts):
        if not isinstance(part, Compare) or part.op != "==":
            continue
        difference = bounds.compared(part)
        if difference is None:
            continue
        times = af.coefficient(difference, index)
        position = af.plus(af.of(index), difference, -times)
        if abs(times) == 1 and index not in position.free:
            rest = (*parts[:number], *parts[number + 1 :])
            return position, Cases(((And(rest), value),), build.ZERO) if rest else value
    return None
