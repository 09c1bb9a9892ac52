"""Which names of a statement are index letters."""

from __future__ import annotations

from collections.abc import Iterator

from einrnn.language import ast
from einrnn.language.names import Names


def letters_of(left: ast.Ast | None, roots: tuple[ast.Ast, ...], names: Names) -> frozenset[str]:
    """The letters of a statement as parsed: those of its left side, those sums bind, and
    every name that stands in an index position and is not a size or a tensor."""
    found: set[str] = set()
    for node in _indexed(roots):
        binds = isinstance(node.head, ast.Name) and names.binds(node.head.name)
        for item in node.bracket.items:
            value = item.value
            if isinstance(value, ast.Name) and (binds or item.lo is not None):
                found.add(value.name)
            else:
                found |= _in_index(value, names)
    if left is not None:
        found |= _plain(left, names)
    return frozenset(found)


def _indexed(roots: tuple[ast.Ast, ...]) -> Iterator[ast.Indexed]:
    """Everything that is followed by a bracket."""
    return (node for node in ast.walk(*roots) if isinstance(node, ast.Indexed))


def _plain(left: ast.Ast, names: Names) -> set[str]:
    """Names that are a whole index by themselves, unless they are declared as sizes."""
    items = (item.value for node in _indexed((left,)) for item in node.bracket.items)
    plain = (value.name for value in items if isinstance(value, ast.Name))
    return {name for name in plain if not names.is_dim(name)}


def _in_index(value: ast.Ast, names: Names) -> set[str]:
    """The letters of one index expression; look-ups inside are visited by themselves."""
    if isinstance(value, ast.Name):
        return {value.name} if _may_be_letter(value.name, names, True) else set()
    found: set[str] = set()
    stack: list[ast.Ast] = [value]
    while stack:
        node = stack.pop()
        if isinstance(node, ast.Name) and _may_be_letter(node.name, names, False):
            found.add(node.name)
        elif isinstance(node, ast.Sum | ast.Product | ast.Group):
            stack += ast.children(node)
        elif isinstance(node, ast.Call):
            stack += [node.head, node.args]
    return found


def _may_be_letter(name: str, names: Names, alone: bool) -> bool:
    if names.is_dim(name) or names.is_number(name):
        return False
    return name in names.letters or alone or not name[0].isupper()
