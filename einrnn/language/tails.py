"""What stands last in a factor, behind signs and in exponents, and goes on in the next factor.

A product is parsed flat: ``c * -dy/dw`` as ``c``, ``* -dy`` and ``/ dw``, and ``2^f[i](x)`` as
``2^f[i]`` and ``(x)``.
"""

from __future__ import annotations

from einrnn.language import ast


def last(node: ast.Ast) -> ast.Ast:
    """The last part of a factor."""
    while True:
        match node:
            case ast.Power(_, exponent):
                node = exponent
            case ast.Sum(((_, only),)):
                node = only
            case _:
                return node


def with_last(node: ast.Ast, new: ast.Ast) -> ast.Ast:
    """The factor with another last part."""
    match node:
        case ast.Power(base, exponent, span):
            return ast.Power(base, with_last(exponent, new), span.to(new.span))
        case ast.Sum(((sign, only),), span):
            return ast.Sum(((sign, with_last(only, new)),), span.to(new.span))
        case _:
            return new


def first(node: ast.Ast) -> ast.Ast:
    """The first part of a factor: what is raised to powers and read at positions."""
    while True:
        match node:
            case ast.Power(base):
                node = base
            case ast.Indexed(head):
                node = head
            case _:
                return node


def with_first(node: ast.Ast, new: ast.Ast) -> ast.Ast:
    """The factor with another first part."""
    match node:
        case ast.Power(base, exponent, span):
            return ast.Power(with_first(base, new), exponent, new.span.to(span))
        case ast.Indexed(head, bracket, span):
            return ast.Indexed(with_first(head, new), bracket, new.span.to(span))
        case _:
            return new
