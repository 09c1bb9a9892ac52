"""Splitting an expression at the signs of what its Abs, sign, Max, Min and Piecewise compare."""

# pyright: reportMissingTypeStubs=false

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

from sympy.core.relational import Relational

from einrnn.sympy_backend.functions import has_none, maximum, minimum, rebuilt, relation, sp
from einrnn.sympy_backend.postorder import postorder

_FEW = 8
_SPLIT = (sp.Abs, sp.sign, sp.Max, sp.Min, Relational)


def subject(expr: Any) -> Any:
    """A difference whose sign decides something in the expression; None where nothing does.

    It contains nothing that would have to be decided before it.
    """
    for node in postorder(expr):
        if isinstance(node, _SPLIT) and not has_none(difference := _difference(node)):
            return _canonical(difference)[0]
    return None


def _difference(node: Any) -> Any:
    """What is positive, zero or negative at the node: ``x`` for Abs, ``a - b`` for Max(a, b)."""
    left, right = node.args[0], node.args[1] if len(node.args) > 1 else sp.Integer(0)
    return sp.Add(left, sp.Mul(sp.Integer(-1), right))


def _canonical(difference: Any) -> tuple[Any, int]:
    """The difference up to a sign, and that sign."""
    content, primitive = difference.as_coeff_Mul()
    if primitive.is_Add:
        inner, primitive = primitive.primitive()
        content *= inner
    if primitive.could_extract_minus_sign():
        content, primitive = -content, -primitive
    return primitive, 1 if content > 0 else -1 if content < 0 else 0


def signs(difference: Any) -> tuple[int, ...]:
    """The signs that a difference may have."""
    if difference.is_number:
        value = sp.sign(difference)
        return (int(value),) if value.is_Integer else (1, 0, -1)
    if len(difference.args) > _FEW:
        return (1, 0, -1)
    below = 0 if difference.is_nonnegative or difference.is_positive else -1
    above = 0 if difference.is_nonpositive or difference.is_negative else 1
    return tuple(
        sign
        for sign in range(above, below - 1, -1)
        if sign or not (difference.is_positive or difference.is_negative)
    )


def resolved(expr: Any, difference: Any, sign: int, check: Callable[[], None]) -> Any:
    """The expression where ``difference`` has this sign.

    Where it is 0 and has a Symbol that stands alone, that Symbol is solved for. Where it is
    a Symbol, that becomes a positive one, or minus a positive one. ``check`` is called at
    every node, and may raise.
    """
    done: dict[Any, Any] = {}
    for node in postorder(expr):
        check()
        args = [done[arg] for arg in node.args]
        done[node] = _resolved(node, args, difference, sign)
    result = done[expr]
    solved = _solved(difference) if sign == 0 else None
    if sign and difference.is_Symbol and not difference.is_positive:
        solved = difference, sign * sp.Symbol(difference.name, positive=True)
    return _replaced(result, *solved, check) if solved else result


def _known_sign(difference: Any, wanted: Any, sign: int) -> int | None:
    if has_none(difference):
        return None
    primitive, factor = _canonical(difference)
    if primitive == wanted:
        return factor * sign
    if primitive.is_number:
        value = factor * sp.sign(primitive)
        return int(value) if value.is_Integer else None
    return None


def _resolved(node: Any, args: list[Any], wanted: Any, sign: int) -> Any:
    head = node.func
    if head in (sp.Abs, sp.sign):
        found = _known_sign(args[0], wanted, sign)
        if found is not None:
            return sp.Integer(found) if head is sp.sign else found * args[0]
    elif head in (sp.Max, sp.Min):
        return _extreme(head, args, wanted, sign)
    elif isinstance(node, Relational):
        found = _known_sign(sp.Add(args[0], -args[1]), wanted, sign)
        if found is not None:
            return relation(str(cast(Any, node).rel_op), sp.Integer(found), sp.Integer(0))
    return rebuilt(node, args)


def _extreme(head: Any, args: list[Any], wanted: Any, sign: int) -> Any:
    """Drop every argument that is known to lose, or to tie with an earlier one."""
    kept: list[Any] = []
    better = 1 if head is sp.Max else -1
    for arg in args:
        beaten = False
        for other in list(kept):
            order = _known_sign(sp.Add(arg, -other), wanted, sign)
            if order is None:
                continue
            if order * better > 0:
                kept.remove(other)
            else:
                beaten = True
        if not beaten:
            kept.append(arg)
    return (maximum if head is sp.Max else minimum)(*kept)


def _solved(difference: Any) -> tuple[Any, Any] | None:
    for term in sp.Add.make_args(difference):
        coefficient, symbol = term.as_coeff_Mul()
        if not symbol.is_Symbol or symbol.is_positive:
            continue
        rest = sp.Add(difference, -term)
        if symbol not in postorder(rest):
            return symbol, -rest / coefficient
    return None


def _replaced(expr: Any, symbol: Any, value: Any, check: Callable[[], None]) -> Any:
    done: dict[Any, Any] = {}
    for node in postorder(expr):
        check()
        args = [done[arg] for arg in node.args]
        done[node] = value if node == symbol else rebuilt(node, args)
    return done[expr]
