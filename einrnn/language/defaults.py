"""Defaults of sizes, ``dim N default T``: checked, and as index expressions."""

from __future__ import annotations

from einrnn.core import affine as af
from einrnn.core.nodes import Affine
from einrnn.errors import Diagnostic
from einrnn.language import ast
from einrnn.language.names import Names
from einrnn.language.problem import Problem, fail
from einrnn.language.sizing import Sizing


def defaults(names: Names, sizing: Sizing) -> tuple[dict[str, Affine], list[Diagnostic]]:
    """The defaults that are sound, and what is wrong with the others."""
    found: dict[str, Affine] = {}
    problems: list[Diagnostic] = []
    for name, node in names.defaults.items():
        try:
            found[name] = _value(node, names, sizing)
        except Problem as problem:
            problems.append(problem.diagnostic)
    for name in [name for name in found if _leads_to(name, name, found)]:
        del found[name]
        problems.append(_circular(name, names.defaults[name]))
    return found, problems


def _value(node: ast.Ast, names: Names, sizing: Sizing) -> Affine:
    for part in ast.walk(node):
        if isinstance(part, ast.Name) and not names.is_dim(part.name):
            raise fail(
                "E304",
                "a size is made of dims and whole numbers",
                part.span,
                f"{part.name} is not a size",
                f"declare the dim: dim {part.name}",
            )
    value = sizing.constant(node)
    number = af.number(value)
    if number is not None and number < 1:
        raise fail(
            "E407",
            f"a size is a whole number from 1 on, not {number}",
            node.span,
            "the default",
            "write a number such as 5, or other dims: dim N default 2*T",
        )
    return value


def _leads_to(name: str, goal: str, found: dict[str, Affine]) -> bool:
    """Whether the value of one size by defaults needs that of another."""
    seen: set[str] = set()
    waiting = [name]
    while waiting:
        for dim in af.dims(found[waiting.pop()]):
            if dim.name == goal:
                return True
            if dim.name in found and dim.name not in seen:
                seen.add(dim.name)
                waiting.append(dim.name)
    return False


def _circular(name: str, node: ast.Ast) -> Diagnostic:
    return Diagnostic(
        "E412",
        f"the default of {name} leads back to {name}",
        node.span,
        "circular",
        help="give one of the sizes a number, or no default",
    )
