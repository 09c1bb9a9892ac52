"""One name for each bound index: terms that differ in dummies only become one term.

Bound indices are coloured by how they occur, the colours refined until they are stable,
and ties broken by trying each (McKay's scheme). Indices that share no atom and no
condition are named separately, so that equal independent factors cost nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise

from einrnn.core import affine as af
from einrnn.core.intern import digest
from einrnn.core.nodes import Affine, Element, Expr, Index, Matrix, Node
from einrnn.dataclass import dataclass
from einrnn.symbolic.normal.terms import Term, TooLarge, merged, moved, rename

_LEAVES = 2_000
_KEPT = 1 << 14
_HOLE = Index("·hole")


Swaps = Callable[[Expr], bool]
Sign = tuple[bytes, tuple[int, ...]]


@dataclass(frozen=True)
class _Item:
    """An atom or a condition with the bound indices in it.

    Of an entry of a tensor, and of what has one bound index, ``slots`` are the bound
    indices in order and ``shape`` stands for the rest. Of anything else the order of
    indices means nothing, and ``slots`` is None.
    """

    node: Node
    extra: str
    shape: bytes
    slots: tuple[Index, ...] | None
    swaps: bool = False

    def sign(self, numbers: Mapping[Index, int]) -> Sign:
        """What is left of the item when its indices are known by numbers only."""
        if self.slots is not None:
            places = tuple(numbers[index] for index in self.slots)
            if self.swaps:
                places = (*places[:-2], *sorted(places[-2:]))
            return self.shape, places
        names = {i: af.of(Index(f"·c{n}")) for i, n in numbers.items() if i in self.node.free}
        return digest(moved(self.node, names), self.extra), ()


def _item(node: Node, extra: str, bound: frozenset[Index], may_swap: Swaps) -> _Item:
    inside = node.free & bound
    if len(inside) == 1:
        (only,) = inside
        return _Item(node, extra, _around(node, only, extra), (only,))
    if isinstance(node, Element):
        return _entry(node, extra, bound, node.args, digest(node.tensor, extra), may_swap(node))
    if isinstance(node, Matrix) and not bound & _beside_positions(node):
        head = digest(node.op, node.size, node.power, node.body, extra)
        return _entry(node, extra, bound, node.at, head, may_swap(node))
    return _Item(node, extra, b"", None)


@lru_cache(maxsize=_KEPT)
def _around(node: Node, only: Index, extra: str) -> bytes:
    """What is left of a node without its one bound index."""
    return digest(moved(node, {only: af.of(_HOLE)}), extra)


def _beside_positions(node: Matrix) -> frozenset[Index]:
    """The indices that occur in a matrix otherwise than as a position."""
    inside = node.body.free - {node.row, node.column}
    return inside | node.size.free | node.power.free


def _entry(
    node: Node,
    extra: str,
    bound: frozenset[Index],
    at: tuple[Affine, ...],
    head: bytes,
    swaps: bool,
) -> _Item:
    """An entry of a tensor or of a matrix at some positions."""
    letters = [af.letter(arg) for arg in at]
    if not all(i in bound or not a.free & bound for i, a in zip(letters, at, strict=True)):
        return _Item(node, extra, b"", None)
    slots = tuple(i for i in letters if i is not None and i in bound)
    swaps = swaps and all(i in bound for i in letters[-2:])
    fixed = [b"." if a.free & bound else a.key for a in at]
    return _Item(node, extra, digest(head, *fixed), slots, swaps)


@dataclass(frozen=True)
class _Piece:
    """Bound indices that hang together, with what they occur in."""

    indices: tuple[Index, ...]
    items: tuple[_Item, ...]


def never(atom: Node) -> bool:
    """That no positions may be exchanged."""
    return False


def canonical(term: Term, may_swap: Swaps = never) -> Term:
    """The term with its bound indices in a fixed order and under fixed names; ``may_swap``
    tells of which entries the last two positions may be exchanged.

    Raises:
        TooLarge: the indices are too symmetric to be told apart in the budget.
    """
    symmetric = frozenset(_mark(atom) for atom, _ in term.factors if may_swap(atom))
    if not term.bound and not symmetric:
        return term
    return _canonical(term, symmetric)


def _mark(atom: Node) -> object:
    """What entries whose positions may be exchanged have in common: the tensor or matrix."""
    return atom.body if isinstance(atom, Matrix) else getattr(atom, "tensor", None)


@lru_cache(maxsize=_KEPT)
def _canonical(term: Term, symmetric: frozenset[object]) -> Term:
    def may_swap(atom: Node) -> bool:
        if not isinstance(atom, Element | Matrix) or _mark(atom) not in symmetric:
            return False
        return isinstance(atom, Element) or len(atom.at) == 2

    used = term.indices
    # A[i,k] and A[k,i] are one item before they are told apart by what surrounds k
    term = all_turned(term, may_swap)
    named: list[tuple[bytes, tuple[Index, ...]]] = []
    for piece in _pieces(term, may_swap):
        order, key = _label(piece)
        named.append((key, order))
    named.sort(key=lambda pair: pair[0])
    order = [index for _, indices in named for index in indices]
    order += [index for index in term.bound if index not in order]
    names = _names(len(order), used - frozenset(term.bound))
    mapping = {old: af.of(new) for old, new in zip(order, names, strict=True) if old is not new}
    renamed = rename(term, mapping) if mapping else term
    return all_turned(Term(names, renamed.conds, renamed.factors), may_swap)


def all_turned(term: Term, may_swap: Swaps) -> Term:
    """A term with the positions that may be exchanged in order."""
    factors = tuple((_turned(a, may_swap, term.bound), e) for a, e in term.factors)
    return term if factors == term.factors else Term(term.bound, term.conds, merged((), factors))


def _turned(atom: Expr, may_swap: Swaps, bound: tuple[Index, ...]) -> Expr:
    """An entry whose positions may be exchanged, with them in order: free ones first."""
    if not isinstance(atom, Element | Matrix) or not may_swap(atom):
        return atom
    at = atom.args if isinstance(atom, Element) else atom.at
    if _rank(at[-2], bound) <= _rank(at[-1], bound):
        return atom
    turned = (*at[:-2], at[-1], at[-2])
    if isinstance(atom, Element):
        return Element(atom.tensor, turned)
    return Matrix(atom.op, atom.row, atom.column, atom.size, atom.body, atom.power, turned)


def _rank(arg: Affine, bound: tuple[Index, ...]) -> tuple[bool, bytes]:
    return bool(arg.free & frozenset(bound)), arg.key


def _names(count: int, taken: frozenset[Index]) -> tuple[Index, ...]:
    """The first names for dummies that are not free in the term."""
    found: list[Index] = []
    number = 0
    while len(found) < count:
        name = Index(f"·{number}")
        number += 1
        if name not in taken:
            found.append(name)
    return tuple(found)


def _pieces(term: Term, may_swap: Swaps) -> list[_Piece]:
    """The connected components of bound indices."""
    nodes: list[Node] = [*term.conds, *(atom for atom, _ in term.factors)]
    occurring = frozenset[Index]().union(*(node.free for node in nodes))
    groups: list[set[Index]] = [{index} for index in term.bound if index in occurring]
    for node in nodes:
        touched = [group for group in groups if group & node.free]
        if len(touched) > 1:
            groups = [group for group in groups if group not in touched]
            groups.append(set[Index]().union(*touched))
    bound = frozenset(term.bound)
    pieces: list[_Piece] = []
    for group in groups:
        held = [(cond, "if") for cond in term.conds if cond.free & group]
        held += [(atom, str(exponent)) for atom, exponent in term.factors if atom.free & group]
        items = tuple(_item(node, extra, bound, may_swap) for node, extra in held)
        pieces.append(_Piece(tuple(i for i in term.bound if i in group), items))
    return pieces


def _label(piece: _Piece) -> tuple[tuple[Index, ...], bytes]:
    """The order of a piece's indices, and a key that pieces have in common exactly when
    they are equal up to names."""
    colours = _refine(piece, dict.fromkeys(piece.indices, 0))
    best: tuple[bytes, tuple[Index, ...]] | None = None
    stack = [colours]
    leaves = 0
    while stack:
        colours = stack.pop()
        tied = _first_tie(piece, colours)
        if not tied:
            leaves += 1
            if leaves > _LEAVES:
                raise TooLarge
            order = tuple(sorted(piece.indices, key=lambda i: colours[i]))
            key = _key(piece, order)
            if best is None or key < best[0]:
                best = key, order
            continue
        for index in tied[: 1 if _interchangeable(piece, tied) else None]:
            chosen = {i: 2 * colour + 1 for i, colour in colours.items()}
            chosen[index] -= 1
            stack.append(_refine(piece, chosen))
    assert best is not None
    return best[1], best[0]


def _first_tie(piece: _Piece, colours: dict[Index, int]) -> list[Index]:
    by_colour: dict[int, list[Index]] = {}
    for index in piece.indices:
        by_colour.setdefault(colours[index], []).append(index)
    for colour in sorted(by_colour):
        if len(by_colour[colour]) > 1:
            return by_colour[colour]
    return []


def _interchangeable(piece: _Piece, tied: Sequence[Index]) -> bool:
    """Whether exchanging neighbours among the tied indices changes nothing at all."""
    numbers = {index: place for place, index in enumerate(piece.indices)}
    whole = sorted(item.sign(numbers) for item in piece.items)
    for first, second in pairwise(tied):
        swapped = {**numbers, first: numbers[second], second: numbers[first]}
        if sorted(item.sign(swapped) for item in piece.items) != whole:
            return False
    return True


def _refine(piece: _Piece, colours: dict[Index, int]) -> dict[Index, int]:
    """Split colours by how indices occur beside others, until nothing splits."""
    classes = len(set(colours.values()))
    while True:
        seen: dict[Index, list[tuple[Sign, Sign]]] = {index: [] for index in piece.indices}
        for item in piece.items:
            sign = item.sign(colours)
            for index in piece.indices:
                if index in item.node.free:
                    seen[index].append((sign, item.sign({**colours, index: -1})))
        signs = {index: (colours[index], sorted(rows)) for index, rows in seen.items()}
        ordered = sorted(signs.values())
        ranks: dict[Index, int] = {i: ordered.index(sign) for i, sign in signs.items()}
        found = len(set(ranks.values()))
        if found == classes:
            return ranks
        colours, classes = ranks, found


def _key(piece: _Piece, order: tuple[Index, ...]) -> bytes:
    numbers = {index: place for place, index in enumerate(order)}
    return digest(len(order), *sorted(item.sign(numbers) for item in piece.items))
