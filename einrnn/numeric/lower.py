"""Core expressions to steps over labelled arrays.

An expression becomes a value with one axis for each of its free indices that is bound to
an axis. Traversals are generators on an explicit stack (:mod:`einrnn.core.trampoline`), so
nesting may be deep.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from math import prod

from einrnn.core.model import Model
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Apply,
    Cases,
    Compare,
    Cond,
    Element,
    Expr,
    Matrix,
    Mul,
    Node,
    Not,
    Number,
    Opaque,
    Or,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.trampoline import Steps, trampoline
from einrnn.core.traverse import parts, walk
from einrnn.errors import EvaluationError, InternalError
from einrnn.numeric import bounds, products, special
from einrnn.numeric.diagonal import Part, has_delta
from einrnn.numeric.emit import Axis, Emitter, Var, letters_of, sizes_of
from einrnn.numeric.labelled import folded, mapped, spread
from einrnn.numeric.reading import Argument, Array, position, read
from einrnn.numeric.scope import Counted, Scope, place
from einrnn.numeric.stable import larger_first, stable
from einrnn.numeric.steps import At, Constant, Item, Span, View

# values of at most this many entries are computed ahead of a loop in any case
_SMALL = 65536


def nothing_hidden(tensor: str) -> bool:
    """What is read without a condition may be any entry."""
    return False


class Lowering:
    """Lowers expressions of a model at fixed sizes into an emitter.

    ``arrays`` has the inputs and the definitions that are computed or being computed;
    ``busy`` are the names of those that a loop around is filling, ``room`` the number of
    entries that may be spent on a value that is computed ahead of that loop.
    """

    def __init__(
        self, emitter: Emitter, model: Model, sizes: Mapping[str, int], opaque_seed: int
    ) -> None:
        self.emitter = emitter
        self.model = model
        self.sizes = sizes
        self.opaque_seed = opaque_seed
        self.arrays: dict[str, Array] = {}
        self.room = _SMALL
        # whether what is being computed cannot read any entry of a tensor
        self.hidden: Callable[[str], bool] = nothing_hidden
        self._busy: frozenset[str] = frozenset()
        self._touches: dict[Node, bool] = {}
        self._parents: dict[Node, int] = {}

    def set_busy(self, names: frozenset[str], room: int) -> None:
        """Enter or leave a loop that fills these definitions."""
        self._busy = names
        self._touches = {}
        self.room = max(_SMALL, room)

    @property
    def busy(self) -> frozenset[str]:
        """The definitions that a loop around is filling."""
        return self._busy

    def count_parents(self, roots: Sequence[Node]) -> None:
        """Learn which subexpressions occur in several places."""
        for node in walk(*roots):
            for part in parts(node):
                self._parents[part] = self._parents.get(part, 0) + 1

    def value(self, node: Expr, scope: Scope) -> Var:
        """The value of an expression; raises EvaluationError where a read is out of range."""
        return trampoline(self.steps)(node, scope)

    def constant(self, value: Fraction | str) -> Var:
        """A number without axes."""
        return Var(self.emitter.emit(Constant, value, False, shape=()), ())

    def separate_sum(self, node: Reduce, scope: Scope) -> bool:
        """Whether a sum inside a product is better computed once, for all its places."""
        varying = [index for index in node.free if isinstance(scope.bindings[index], Axis)]
        return self._parents.get(node, 0) > 1 and len(varying) <= 2

    def steps(self, node: Expr, scope: Scope) -> Steps[Var]:
        """As :meth:`value`, for use inside other generators."""
        key = scope.key(node)
        found = self.emitter.remembered(key)
        if found is not None:
            return found
        ahead = self._ahead(node, scope)
        if ahead is None:
            result: Var = yield self._by_type(node, scope)
        else:
            whole: Var = yield self.steps(node, ahead)
            result = self._now(whole, node, scope, ahead)
        return self.emitter.remember(key, result)

    def factor(self, node: Expr | Cond, scope: Scope) -> Steps[Var]:
        """A factor of a product as a number: conditions count as 1 or 0."""
        if isinstance(node, (Compare, And, Or, Not)):
            truth: Var = yield self.truth(node, scope)
            return self.emitter.cast(truth)
        return (yield self.steps(node, scope))

    # --- ahead of loops -------------------------------------------------------------------

    def _ahead(self, node: Expr, scope: Scope) -> Scope | None:
        """The scope in which to compute the node for all turns of the loops at once."""
        counted = [index for index in node.free if isinstance(scope.bindings[index], Counted)]
        if not counted or isinstance(node, Value) or self._reads_busy(node):
            return None
        if isinstance(node, Element) and not any(has_lookup(arg) for arg in node.args):
            return None
        entries = prod(hi - lo + 1 for lo, hi in (scope.hull[index] for index in node.free))
        if entries > self.room:
            return None
        for index in counted:
            lo, hi = scope.hull[index]
            scope = scope.bind(index, Axis(index, lo, hi - lo + 1))
        return scope

    def _reads_busy(self, node: Node) -> bool:
        if node not in self._touches:
            for below in walk(node):
                if below not in self._touches:
                    own = isinstance(below, Element) and below.tensor in self._busy
                    self._touches[below] = own or any(self._touches[p] for p in parts(below))
        return self._touches[node]

    def _now(self, whole: Var, node: Expr, scope: Scope, ahead: Scope) -> Var:
        """The part of a value computed ahead that belongs to this turn."""
        counters = {
            axis: counted
            for index in node.free
            if isinstance(counted := scope.bindings[index], Counted)
            and isinstance(axis := ahead.bindings[index], Axis)
        }
        items: list[Item] = []
        for axis in whole.axes:
            if axis in counters:
                items.append(At(-axis.lo, ((counters[axis].register, 1),)))
            else:
                items.append(Span(At(0), axis.size))
        rest = tuple(axis for axis in whole.axes if axis not in counters)
        if len(rest) == len(whole.axes):
            return whole
        kind, names = self.emitter.kind(whole.register), letters_of(rest)
        out = self.emitter.emit(
            View, whole.register, tuple(items), shape=sizes_of(rest), kind=kind, letters=names
        )
        return Var(out, rest)

    # --- node types -----------------------------------------------------------------------

    def _by_type(self, node: Expr, scope: Scope) -> Steps[Var]:
        match node:
            case Number(value):
                return self.constant(value)
            case Value(index):
                whole: Var = yield self.integer(index, scope)
                return self.emitter.cast(whole)
            case Element():
                entry: Var = yield self.entry(node, scope)
                return self.emitter.cast(entry)
            case Add():
                return (yield self._add(node, scope))
            case Mul() | Reduce("sum"):
                return (yield products.product(self, node, scope))
            case Pow():
                return (yield self._power(node, scope))
            case Apply():
                return (yield self._apply(node, scope))
            case Reduce():
                return (yield self._reduce(node, scope))
            case Cases():
                if has_delta(node, scope):
                    return (yield products.product(self, node, scope))
                return (yield self._cases(node, scope))
            case Matrix():
                return (yield special.matrix(self, node, scope))
            case Opaque():
                return (yield special.opaque(self, node, scope))
            case _:
                raise InternalError("E901", f"{type(node).__name__} cannot be compiled")

    def integer(self, value: Affine, scope: Scope) -> Steps[Var]:
        """An index expression as integers."""
        argument: Argument = yield self.argument(value, scope)
        return position(self.emitter, argument, 0)

    def argument(self, value: Affine, scope: Scope) -> Steps[Argument]:
        """An index expression taken apart, with the values of its look-ups."""
        where = place(value, scope)
        entries: list[Var] = []
        for element, _ in where.entries:
            found: Var = yield self.entry(element, scope)
            if self.emitter.kind(found.register) == "number":
                found = mapped(self.emitter, "whole", found, kind="integer")
            entries.append(found)
        return Argument(where, scope.interval(value), tuple(entries))

    def entry(self, node: Element, scope: Scope) -> Steps[Var]:
        """Entries of a tensor; integers where the input has them."""
        array = self.arrays.get(node.tensor)
        if (array is None or array.empty) and scope.conditions and self.hidden(node.tensor):
            return self.constant(Fraction(0))
        if array is None:
            raise EvaluationError("E609", f"there is no tensor named {node.tensor}")
        args: list[Argument] = []
        for arg in node.args:
            argument: Argument = yield self.argument(arg, scope)
            args.append(argument)
        return read(self.emitter, array, args, bool(scope.conditions))

    def _add(self, node: Add, scope: Scope) -> Steps[Var]:
        safe = larger_first(node.terms)
        if safe is not None:
            return (yield self.steps(safe, scope))
        terms: list[tuple[str, Var]] = []
        along: list[Part] = []
        for term in node.terms:
            sign, positive = _signed(term)
            if has_delta(positive, scope):
                found: list[Part] = yield products.parts(self, positive, scope)
            else:
                value: Var = yield self.steps(positive, scope)
                found = [Part(value, {})]
            terms += [(sign, part.var) for part in found if not part.places]
            along += [self._negated(part, sign) for part in found if part.places]
        if not along:
            return self._sum(terms)
        whole = [Part(self._sum(terms), {})] if terms else []
        return products.added(self, [*whole, *along], products.axes_of(scope))

    def _negated(self, part: Part, sign: str) -> Part:
        return part if sign == "+" else replace(part, var=mapped(self.emitter, "neg", part.var))

    def _sum(self, terms: list[tuple[str, Var]]) -> Var:
        zero = self.constant(Fraction(0))
        terms = [term for term in terms if term[1] != zero]
        if not terms:
            return zero
        # small terms first: they are added before they are spread
        terms.sort(key=lambda pair: prod(sizes_of(pair[1].axes)))
        start = next((at for at, (sign, _) in enumerate(terms) if sign == "+"), None)
        if start is None:
            result = mapped(self.emitter, "neg", terms.pop(0)[1])
        else:
            result = terms.pop(start)[1]
        for sign, value in terms:
            result = mapped(self.emitter, sign, result, value)
        return result

    def _power(self, node: Pow, scope: Scope) -> Steps[Var]:
        safe = stable(self.model, node)
        if safe is not None:
            return (yield self.steps(safe, scope))
        base: Var = yield self.steps(node.base, scope)
        if isinstance(node.exponent, Number):
            return self._fixed_power(base, node.exponent.value)
        exponent: Var = yield self.steps(node.exponent, scope)
        return mapped(self.emitter, "power", base, exponent)

    def _fixed_power(self, base: Var, exponent: Fraction) -> Var:
        emitter = self.emitter
        if exponent == 1:
            return base
        if exponent in (2, 3, 4):
            square = mapped(emitter, "square", base)
            if exponent == 2:
                return square
            return mapped(emitter, "*", square, base if exponent == 3 else square)
        if exponent < 0 and exponent.denominator == 1:
            return mapped(emitter, "reciprocal", self._fixed_power(base, -exponent))
        if exponent == Fraction(1, 2):
            return mapped(emitter, "sqrt", base)
        return mapped(emitter, "power", base, self.constant(exponent))

    def _apply(self, node: Apply, scope: Scope) -> Steps[Var]:
        if not node.args:
            return self.constant(node.function)
        safe = stable(self.model, node)
        if safe is not None:
            return (yield self.steps(safe, scope))
        args: list[Var] = []
        for arg in node.args:
            value: Var = yield self.steps(arg, scope)
            args.append(value)
        return mapped(self.emitter, node.function, *args)

    def _reduce(self, node: Reduce, scope: Scope) -> Steps[Var]:
        """A reduction other than a sum, with its neutral element where it is masked."""
        binding, conditions = products.bound(node, scope)
        neutral = self.neutral(node.op)
        if binding is None:
            return neutral
        inner = scope.bind(node.index, binding).know(*conditions)
        body: Var = yield self.steps(node.body, inner)
        if conditions:
            mask: Var = yield self.truth(And(conditions), scope.bind(node.index, binding))
            body = mapped(self.emitter, "where", mask, body, neutral)
        if not isinstance(binding, Axis):
            return body
        if binding not in body.axes:
            body = spread(self.emitter, body, (*body.axes, binding))
        return folded(self.emitter, node.op, body, [binding])

    def neutral(self, op: str) -> Var:
        """The value of an empty reduction."""
        if op == "prod":
            return self.constant(Fraction(1))
        infinite = self.constant("inf")
        return infinite if op == "min" else mapped(self.emitter, "neg", infinite)

    def _cases(self, node: Cases, scope: Scope) -> Steps[Var]:
        """Branches from the last to the first; those that are settled take no part."""
        open_branches: list[tuple[Cond, Expr, Scope]] = []
        last: tuple[Expr, Scope] | None = None
        for cond, value in node.branches:
            truth = scope.decided(cond)
            if truth is True:
                last = (value, scope)
                break
            if truth is None:
                open_branches.append((cond, value, scope.know(cond)))
                scope = scope.know(bounds.negated(cond))
        otherwise, there = last or (node.otherwise, scope)
        result: Var = yield self.steps(otherwise, there)
        for cond, value, inside in reversed(open_branches):
            mask: Var = yield self.truth(cond, scope)
            chosen: Var = yield self.steps(value, inside)
            result = mapped(self.emitter, "where", mask, chosen, result)
        return result

    def truth(self, cond: Cond, scope: Scope) -> Steps[Var]:
        """The truth values of a condition."""
        decided = scope.decided(cond)
        if decided is not None:
            text = "true" if decided else "false"
            return Var(self.emitter.emit(Constant, text, False, shape=(), kind="truth"), ())
        match cond:
            case Compare(op, left, right):
                a: Var = yield self._side(left, cond, scope)
                b: Var = yield self._side(right, cond, scope)
                return mapped(self.emitter, op, a, b, kind="truth")
            case Not(part):
                a = yield self.truth(part, scope)
                return mapped(self.emitter, "not", a, kind="truth")
            case And(below):
                return (yield self._joined("and", below, scope))
            case Or(below):
                return (yield self._joined("or", below, scope))

    def _side(self, side: Expr, cond: Compare, scope: Scope) -> Steps[Var]:
        """One side of a relation: an integer if both are index expressions, else a number."""
        index = bounds.position(side)
        if index is None or bounds.compared(cond) is None:
            return (yield self.steps(side, scope))
        return (yield self.integer(index, scope))

    def _joined(self, op: str, below: Sequence[Cond], scope: Scope) -> Steps[Var]:
        """Each part is looked at only where the parts before it leave the matter open."""
        result: Var | None = None
        for part in below:
            truth: Var = yield self.truth(part, scope)
            scope = scope.know(part if op == "and" else bounds.negated(part))
            if result is None:
                result = truth
            else:
                result = mapped(self.emitter, op, result, truth, kind="truth")
        assert result is not None
        return result


def has_lookup(position: Affine) -> bool:
    """Whether a position is looked up in an integer input."""
    return any(isinstance(atom, Element) for atom, _ in position.terms)


def _signed(term: Expr) -> tuple[str, Expr]:
    """A term of a sum with the minus sign of its first factor taken out."""
    match term:
        case Mul((Number(value), first, *rest)) if value == -1:
            return "-", Mul((first, *rest)) if rest else first
        case _:
            return "+", term
