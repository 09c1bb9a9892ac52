"""Fractions that look like derivatives and are none, because a part is a name of its own."""

from __future__ import annotations

from einrnn.errors import Related
from einrnn.language import ast
from einrnn.language.names import Names
from einrnn.language.problem import fail

Factors = list[tuple[str, ast.Ast]]


def check_names(factors: Factors, at: int, names: Names) -> None:
    """Raises where one part of ``dE/dW`` or ``d/dW`` is a tensor and the other cannot be one.

    With both names known it is a quotient, with neither a derivative.
    """
    line = at + 1
    if line < len(factors) and isinstance(factors[line][1], ast.Group):
        line += 1  # d (y)/dW
    if line >= len(factors) or factors[line][0] != "/":
        return
    above, below = _name(factors[at][1]), _name(factors[line][1])
    if above is None or below is None or not _is_of(below.name, names):
        return
    if above.name != "d" and (line > at + 1 or not _is_of(above.name, names)):
        return
    own = [name for name in (above, below) if names.is_tensor(name.name)]
    if len(own) != 1:
        return
    (name,) = own
    place = names.entries.get(name.name)
    also = "dE/dW[i,j] is one beside it; or " if name.name == "d" else ""
    raise fail(
        "E506",
        f"{above.name}/{below.name} is no derivative, because {name.name} is a name of its own",
        name.span,
        "a tensor of this document",
        f"{also}give {name.name} another name",
        (Related(place, "declared here"),) if place is not None else (),
    )


def _name(node: ast.Ast) -> ast.Name | None:
    """The name of ``dE``, ``dE[t]``, ``d(…)``, ``dW[i,j]^2``."""
    match node:
        case ast.Name():
            return node
        case ast.Indexed(ast.Name() as name) | ast.Call(name):
            return name
        case ast.Power(base):
            return _name(base)
        case _:
            return None


def _is_of(name: str, names: Names) -> bool:
    """Whether a name is a d before the name of a tensor."""
    return len(name) > 1 and name[0] == "d" and names.is_tensor(name[1:])
