"""Which axes an index runs along, found from where equations read and write at it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from einrnn.core import affine as af
from einrnn.core.model import Model, Range
from einrnn.core.nodes import Affine, Dim, Element, Expr, Index, Node, Reduce
from einrnn.core.traverse import walk
from einrnn.errors import EinrnnError
from einrnn.numeric.plan import Output
from einrnn.numeric.references import needed

# an axis of a tensor, by name and number
Place = tuple[str, int]

# an axis, or a letter in the scope of that name
_Key = tuple[str, int | Index]


def places(model: Model, document: Model, outputs: Mapping[str, Output], letter: str) -> set[Place]:
    """The axes of the program's tensors that are one with those the letter runs along.

    The letter is looked for in the ``document``, in which people named it. Two axes are
    one where an equation of the ``model`` reads or writes both at the same letter.

    Raises EinrnnError (E820) where the letter runs along nothing, or along axes of
    different sizes.
    """
    starts = _named(document, letter)
    if not starts:
        known = sorted({index.name for _, index in _pairs(document)})
        close = get_close_matches(letter, known, 1)
        hint = f"did you mean {close[0]}?" if close else f"indices are {', '.join(known)}"
        raise EinrnnError("E820", f"no equation of the document has an index {letter}", hint)
    classes = _Classes()
    for name in needed(model, [expr for expr, _, _ in outputs.values()]):
        for number, clause in enumerate(model.definitions[name].clauses):
            scope = f"{name} {number}"
            for axis, arg in enumerate(clause.args):
                classes.join_letter((name, axis), arg, scope)
            _join(clause.body, scope, classes)
    for name, (expr, _, _) in outputs.items():
        _join(expr, f"output {name}", classes)
    found = {place for start in starts for place in classes.of(start)}
    sizes = {size for name, axis in sorted(found) if (size := _size(model, name, axis))}
    if len(sizes) > 1:
        raise EinrnnError(
            "E820",
            f"the index {letter} runs along axes of different sizes: {', '.join(sorted(sizes))}",
            f"give it one meaning: index {letter} : {min(sizes)}",
        )
    return found


def _pairs(model: Model) -> Iterator[tuple[Place, Index]]:
    """Where a letter stands alone at an axis."""
    for name, definition in model.definitions.items():
        for clause in definition.clauses:
            found = [(name, clause.args)]
            found += [
                (node.tensor, node.args) for node in walk(clause.body) if isinstance(node, Element)
            ]
            for tensor, args in found:
                for axis, arg in enumerate(args):
                    index = af.letter(arg)
                    if index is not None:
                        yield (tensor, axis), index


def _named(model: Model, letter: str) -> list[Place]:
    return sorted({place for place, index in _pairs(model) if index.name == letter})


def _size(model: Model, name: str, axis: int) -> str:
    """The name of the size of an axis."""
    if name not in model.inputs and name not in model.definitions:
        return ""
    span = model.axes(name)[axis]
    return ", ".join(atom.name for atom, _ in span.hi.terms if isinstance(atom, Dim))


class _Classes:
    """Axes and letters that are one."""

    def __init__(self) -> None:
        self._above: dict[_Key, _Key] = {}

    def join(self, left: _Key, right: _Key) -> None:
        """Make two of them one."""
        self._above[self._top(left)] = self._top(right)

    def join_letter(self, place: Place, arg: Affine, scope: str) -> None:
        """An axis that is read or written at a letter alone."""
        letter = af.letter(arg)
        if letter is not None:
            self.join(place, (scope, letter))

    def of(self, place: Place) -> set[Place]:
        """All axes that are one with this one, itself included."""
        top = self._top(place)
        found = [key for key in list(self._above) if self._top(key) == top]
        return {(name, axis) for name, axis in found if isinstance(axis, int)} | {place}

    def _top(self, key: _Key) -> _Key:
        while key in self._above and self._above[key] != key:
            key = self._above[key]
        self._above.setdefault(key, key)
        return key


def _join(root: Expr, scope: str, classes: _Classes) -> None:
    """Join what one right side reads at one letter; a bound letter has a scope of its own."""
    stack: list[tuple[Node, dict[Index, str]]] = [(root, {})]
    seen: set[tuple[Node, tuple[tuple[Index, str], ...]]] = set()
    while stack:
        node, scopes = stack.pop()
        own = {index: where for index, where in scopes.items() if index in node.free}
        key = node, tuple(sorted(own.items(), key=lambda pair: pair[0].name))
        if key in seen:
            continue
        seen.add(key)
        if isinstance(node, Element):
            for axis, arg in enumerate(node.args):
                letter = af.letter(arg)
                if letter is not None:
                    classes.join_letter((node.tensor, axis), arg, own.get(letter, scope))
        inner = own
        if isinstance(node, Reduce):
            inner = {**own, node.index: f"{scope}/{len(seen)}"}
        stack += [(part, inner) for part in node.below]


def whole_dim(span: Range) -> Dim | None:
    """The size of an axis whose positions are 0 to that size minus 1."""
    if span.lo is not af.ZERO or span.hi.constant != -1 or len(span.hi.terms) != 1:
        return None
    atom, times = span.hi.terms[0]
    return atom if isinstance(atom, Dim) and times == 1 else None
