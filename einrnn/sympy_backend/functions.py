"""The scalar functions of the language in sympy, and sympy nodes built at any height.

sympy's constructors look for simplifications below themselves, which takes time that
grows with the height of an expression and recurses to its leaves: a thousand nested tanh
take minutes, or end in a RecursionError. :class:`Builder` therefore builds what stands
higher than :data:`TALL` levels without sympy's evaluation. Such nodes mean the same; they
are only left as they were written.
"""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any, cast

import sympy
from sympy.core.relational import Relational
from sympy.functions.elementary.piecewise import ExprCondPair

from einrnn.core.digits import is_long
from einrnn.core.functions import FUNCTIONS
from einrnn.errors import EvaluationError

sp: Any = sympy
"""sympy without its partial annotations, which do not cover what is used here."""

TALL = 30


def sigmoid(x: sympy.Expr, evaluate: bool = True) -> sympy.Expr:
    """``1 / (1 + exp(-x))``."""
    below = sp.exp(sp.Mul(sp.Integer(-1), x, evaluate=evaluate), evaluate=evaluate)
    bottom = sp.Add(sp.Integer(1), below, evaluate=evaluate)
    return sp.Pow(bottom, sp.Integer(-1), evaluate=evaluate)


def softplus(x: sympy.Expr, evaluate: bool = True) -> sympy.Expr:
    """``log(1 + exp(x))``."""
    inside = sp.Add(sp.Integer(1), sp.exp(x, evaluate=evaluate), evaluate=evaluate)
    return sp.log(inside, evaluate=evaluate)


def maximum(*args: sympy.Expr, evaluate: bool = True) -> sympy.Expr:
    """The largest; sympy compares numbers only, because comparing expressions is slow."""
    return _extreme(sp.Max, args, evaluate)


def minimum(*args: sympy.Expr, evaluate: bool = True) -> sympy.Expr:
    """The smallest; see :func:`maximum`."""
    return _extreme(sp.Min, args, evaluate)


def _extreme(head: Any, args: Sequence[Any], evaluate: bool) -> sympy.Expr:
    if any(has_none(arg) if evaluate else arg in _NO_VALUE for arg in args):
        return sp.nan
    if evaluate and all(arg.is_number for arg in args):
        return head(*args)
    distinct = list(dict.fromkeys(args))
    if len(distinct) == 1:
        return distinct[0]
    if all(arg.is_Atom for arg in distinct):
        return head(*distinct, evaluate=False)
    # the constructor would order the arguments by counting all nodes of the tree below
    made = sp.Expr.__new__(head, *distinct)
    made._argset = frozenset(distinct)
    return made


def relu(x: sympy.Expr, evaluate: bool = True) -> sympy.Expr:
    """``Max(0, x)``."""
    return maximum(sp.Integer(0), x, evaluate=evaluate)


def step(x: sympy.Expr, evaluate: bool = True) -> sympy.Expr:
    """1 where ``x > 0``, else 0: a Piecewise, not a Heaviside with its value 1/2 at 0."""
    return piecewise([(sp.Integer(1), relation(">", x, sp.Integer(0), evaluate))], sp.Integer(0))


_OWN: dict[str, Callable[..., Any]] = {
    "sigmoid": sigmoid,
    "softplus": softplus,
    "relu": relu,
    "step": step,
    "Max": maximum,
    "Min": minimum,
}

_RELATIONS: dict[str, Any] = {
    "==": sp.Eq,
    "!=": sp.Ne,
    "<": sp.Lt,
    "<=": sp.Le,
    ">": sp.Gt,
    ">=": sp.Ge,
}

_NO_VALUE = (sp.nan, sp.zoo)


def has_none(value: Any) -> bool:
    """Whether a value is known to be no real number: sympy compares no others."""
    return value in _NO_VALUE or bool(value.is_number and value.is_extended_real is False)


def relation(op: str, left: Any, right: Any, evaluate: bool = True) -> Any:
    """A relation between two numbers: sympy's true or false where both are known."""
    known = evaluate and left.is_number and right.is_number
    if any(has_none(side) if evaluate else side in _NO_VALUE for side in (left, right)):
        return sp.true if op == "!=" else sp.false
    return _RELATIONS[op](left, right, evaluate=bool(known))


def piecewise(pairs: Sequence[tuple[Any, Any]], otherwise: Any) -> Any:
    """The value of the first pair whose condition holds; decided conditions are dropped."""
    kept: list[tuple[Any, Any]] = []
    for value, cond in pairs:
        if cond == sp.true:
            otherwise = value
            break
        if cond != sp.false:
            kept.append((value, cond))
    if all(value == otherwise for value, _ in kept):
        return otherwise
    # the constructors of Piecewise and of its pairs search the whole tree below
    pairs = [*kept, (otherwise, sp.true)]
    rows = [sp.Tuple.__new__(ExprCondPair, value, cond) for value, cond in pairs]
    return sp.Basic.__new__(sp.Piecewise, *rows)


def rebuilt(node: Any, args: Sequence[Any]) -> Any:
    """The node over other parts, without the searches of sympy's constructors of branches."""
    head = node.func
    if tuple(args) == node.args:
        return node
    if head in (sp.Max, sp.Min):
        return _extreme(head, args, True)
    if head is ExprCondPair:
        return sp.Tuple.__new__(ExprCondPair, *args)
    if head is sp.Piecewise:
        return piecewise([tuple(arg.args) for arg in args], sp.nan)
    if issubclass(head, Relational):
        return relation(node.rel_op, *args)
    return head(*args)


def function(name: str) -> Callable[..., Any]:
    """What makes the sympy expression of a function of :mod:`einrnn.core.functions`.

    A function of one or more arguments takes ``evaluate`` too.
    """
    spelled = FUNCTIONS[name].sympy
    return _OWN.get(spelled) or getattr(sp, spelled)


def _fraction(value: Any) -> Fraction:
    return Fraction(int(value.p), int(value.q))


class Builder:
    """Makes sympy nodes and remembers how high they stand; see the module's docstring."""

    def __init__(self) -> None:
        self._height: dict[Any, int] = {}

    def _low(self, args: Sequence[Any]) -> bool:
        return all(self._height.get(arg, 0) < TALL for arg in args)

    def _grown(self, args: Sequence[Any], result: Any) -> Any:
        height = 1 + max((self._height.get(arg, 0) for arg in args), default=0)
        if result not in self._height and result.args:
            self._height[result] = height
        return result

    def add(self, terms: Sequence[Any]) -> Any:
        """A sum of any number of terms."""
        low = self._low(terms)
        kept = terms if low else [term for term in terms if term != 0]
        return self._grown(terms, sp.Add(*kept, evaluate=low))

    def mul(self, factors: Sequence[Any]) -> Any:
        """A product of any number of factors."""
        low = self._low(factors)
        if not low and any(factor == 0 for factor in factors):
            return sp.Integer(0)
        kept = factors if low else [factor for factor in factors if factor != 1]
        return self._grown(factors, sp.Mul(*kept, evaluate=low))

    def power(self, base: Any, exponent: Any) -> Any:
        """A power. Raises EvaluationError (E613) where it has too many digits."""
        args = (base, exponent)
        numbers = base.is_Rational and exponent.is_Integer
        if numbers and is_long(_fraction(base), int(exponent)):
            raise EvaluationError("E613", f"{base}^{exponent} is too large to be written out")
        return self._grown(args, sp.Pow(base, exponent, evaluate=self._low(args)))

    def apply(self, name: str, args: Sequence[Any]) -> Any:
        """A function of :mod:`einrnn.core.functions`."""
        make = function(name)
        if not args:
            return cast(Any, make)
        return self._grown(args, make(*args, evaluate=self._low(args)))

    def over(self, head: Any, body: Any, *limits: tuple[Any, Any, Any]) -> Any:
        """``Sum``, ``Product`` or another head that binds indices, over limits (k, lo, hi)."""
        if body is sp.nan:
            return body
        bounds = [sp.Tuple(*limit) for limit in limits]
        if self._low([body]):
            return self._grown([body], head(body, *bounds))
        made = sp.Expr.__new__(head, body, *bounds)
        made.is_commutative = True
        return self._grown([body], made)

    def relation(self, op: str, left: Any, right: Any) -> Any:
        """See :func:`relation`."""
        args = (left, right)
        return self._grown(args, relation(op, left, right, self._low(args)))

    def piecewise(self, pairs: Sequence[tuple[Any, Any]], otherwise: Any) -> Any:
        """See :func:`piecewise`."""
        values = [*(value for value, _ in pairs), otherwise]
        return self._grown(values, piecewise(pairs, otherwise))

    def call(self, head: Any, args: Sequence[Any]) -> Any:
        """An undefined function of these arguments."""
        return self._grown(args, head(*args))
