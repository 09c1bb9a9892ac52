"""Which names of a statement are index letters."""

from __future__ import annotations

from collections.abc import Iterator

from einrnn.language import ast
from einrnn.language.names import Names


def letters_of(left: ast.Ast | None, roots: tuple[ast.Ast, ...], names: Names) -> frozenset[str]:
    """The letters of a statement: those of its left side, those sums bind, and every
    name that stands in an index position and is not a size or a tensor."""
    found: set[str] = set()
    for node in ast.walk(*roots):
        for bracket, binds in _brackets(node, names):
            for item in bracket.items:
                if item.lo is not None or (binds and isinstance(item.value, ast.Name)):
                    assert isinstance(item.value, ast.Name)
                    found.add(item.value.name)
                else:
                    found |= _in_index(item.value, names)
    if left is not None:
        found |= _plain(left, names)
    return frozenset(found)


def _brackets(node: ast.Ast, names: Names) -> Iterator[tuple[ast.Bracket, bool]]:
    """The brackets of a node that hold indices, and whether they bind them."""
    if isinstance(node, ast.Scoped):
        yield node.bracket, True
    elif isinstance(node, ast.Derivative) and node.args is not None:
        yield node.args, False
    elif isinstance(node, ast.Indexed):
        binds = isinstance(node.head, ast.Name) and names.binds(node.head.name)
        yield node.bracket, binds


def _plain(left: ast.Ast, names: Names) -> set[str]:
    """Names that are a whole index by themselves, unless they are sizes or numbers."""
    found: set[str] = set()
    for node in ast.walk(left):
        for bracket, _ in _brackets(node, names):
            for item in bracket.items:
                value = item.value
                if isinstance(value, ast.Name) and _may_be_letter(value.name, names, True):
                    found.add(value.name)
    return found


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
