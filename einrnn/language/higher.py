"""Derivatives of higher order in one fraction: ``d^2E[t]/dV[i,j]dV[k,l]``, ``∂^2s/∂x^2``."""

from __future__ import annotations

import re

from einrnn.errors import Span
from einrnn.language import ast
from einrnn.language.names import Names
from einrnn.language.problem import fail

Factors = list[tuple[str, ast.Ast]]
Entry = tuple[ast.Name, ast.Bracket | None]
_NUMBERED = re.compile(r"d([2-9])(.+)")


def numerator(factors: Factors, at: int, names: Names) -> tuple[int, ast.Ast | None, int] | None:
    """The order of a derivative above 1 that starts here, what stands above the line
    (None for an operator), and where the line is; None where there is no such thing."""
    node = factors[at][1]
    order, body, line = _order(node, names), None, at + 1
    if order is None:
        numbered = _numbered(node, names)
        if numbered is None:
            return None
        order, body = numbered
    elif line < len(factors) and factors[line][0] == "*":
        body, line = factors[line][1], line + 1
    if line == len(factors) or factors[line][0] != "/":
        return None
    return order, body, line


def _order(node: ast.Ast, names: Names) -> int | None:
    """The order said by ``d^2`` or ``∂^2``."""
    match node:
        case ast.Power(ast.Name("d"), ast.Num(value)) if not names.is_tensor("d"):
            pass
        case ast.Power(ast.Partial(), ast.Num(value)):
            pass
        case _:
            return None
    return int(value) if value.denominator == 1 and 2 <= value <= 9 else None


def _numbered(node: ast.Ast, names: Names) -> tuple[int, ast.Ast] | None:
    """The order and the body of ``d2E[t]``."""
    name = node.head if isinstance(node, ast.Indexed) else node
    if not isinstance(name, ast.Name) or names.is_tensor(name.name):
        return None
    found = _NUMBERED.fullmatch(name.name)
    if found is None or not names.may_be_tensor(found.group(2)):
        return None
    bare = ast.Name(found.group(2), Span(name.span.start + 2, name.span.end))
    if isinstance(node, ast.Indexed):
        return int(found.group(1)), ast.Indexed(bare, node.bracket, bare.span.to(node.span))
    return int(found.group(1)), bare


def denominator(
    factors: Factors, line: int, order: int, kind: ast.Kind, names: Names
) -> tuple[list[Entry], int]:
    """The entries below the line, as many as the order, and where what follows starts."""
    first = factors[line][1]
    inside: Factors = factors[line:]
    if isinstance(first, ast.Group) and len(first.items) == 1:
        item = first.items[0]
        inside = list(item.factors) if isinstance(item, ast.Product) else [("*", item)]
    found: list[Entry] = []
    at = 0
    while at < len(inside) and len(found) < order:
        if at and inside[at][0] != "*":
            break
        entry = _entry(inside, at, kind, names)
        if entry is None:
            break
        found += entry[0]
        at = entry[1]
    if len(found) != order or (inside[0] is not factors[line] and at < len(inside)):
        raise fail(
            "E503",
            f"a derivative of order {order} is taken by {order} entries",
            first.span,
            f"this names {len(found)}" if len(found) != order else "this names more",
            "write d^2E/dV[i,j]dV[k,l], d/dV[k,l] (dE/dV[i,j]), or of a number d^2E/dw^2",
        )
    return found, line + at if inside[0] is factors[line] else line + 1


def _entry(
    inside: Factors, at: int, kind: ast.Kind, names: Names
) -> tuple[list[Entry], int] | None:
    """The entry of ``dV[i,j]`` or ``∂V[i,j]``, as often as its power says, and what follows."""
    if kind == "immediate":
        if not isinstance(inside[at][1], ast.Partial) or at + 1 == len(inside):
            return None
        at += 1
    node, times = inside[at][1], 1
    if isinstance(node, ast.Power) and isinstance(node.exponent, ast.Num):
        value = node.exponent.value
        times = int(value) if value.denominator == 1 and 1 <= value <= 9 else 0
        node = node.base
    name = node.head if isinstance(node, ast.Indexed) else node
    if not isinstance(name, ast.Name) or not times:
        return None
    bracket = node.bracket if isinstance(node, ast.Indexed) else None
    if kind == "immediate":
        return [(name, bracket)] * times, at + 1
    if name.name[0] != "d" or len(name.name) == 1 or names.is_tensor(name.name):
        return None
    bare = _part(name, 1, len(name.name))
    together = None if names.is_tensor(bare.name) or times != 1 else _together(name, names)
    if together is not None:
        *numbers, last = together
        return [*((number, None) for number in numbers), (last, bracket)], at + 1
    return [(bare, bracket)] * times, at + 1


def _together(name: ast.Name, names: Names) -> list[ast.Name] | None:
    """The names of ``dwdb``, and of ``dw2`` twice the same, where these are in the document."""
    text = name.name
    for cut in range(2, len(text) - 1):
        first, second = _part(name, 1, cut), _part(name, cut + 1, len(text))
        if text[cut] == "d" and names.is_tensor(first.name) and names.is_tensor(second.name):
            return [first, second]
    power = _part(name, 1, len(text) - 1)
    if text[-1] in "23456789" and names.is_tensor(power.name):
        return [power] * int(text[-1])
    return None


def _part(name: ast.Name, start: int, end: int) -> ast.Name:
    return ast.Name(name.name[start:end], Span(name.span.start + start, name.span.start + end))


def nested(kind: ast.Kind, body: ast.Ast, entries: list[Entry], span: Span) -> ast.Ast:
    """The derivative by one entry after the other, the first one innermost."""
    for name, args in entries:
        body = ast.Derivative(kind, body, name, args, span)
    return body
