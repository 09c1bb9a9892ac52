"""Index letters as one chooses them: the reader's own, and their neighbours."""

from __future__ import annotations

from collections.abc import Iterable

from einrnn.core import affine as af
from einrnn.core.model import Clause, Model, Range
from einrnn.core.nodes import Affine, Element, Expr, Index, Node, Reduce
from einrnn.core.traverse import binds, rebuild, substitute, walk

_FAMILIES = ("tr", "ijklmnpq", "hgfe", "abcd", "uvw", "xyz")
_POOL = "ijklmnpqrabcefghuvw"


def another(index: Index, taken: Iterable[str]) -> Index:
    """The letter, or one that is used beside it: ``r`` beside ``t``, ``j`` beside ``i``."""
    used = set(taken)
    stem = index.name.rstrip("0123456789") or index.name
    if index.name not in used and stem == index.name:
        return index
    for family in _FAMILIES:
        if stem in family:
            at = family.index(stem)
            for letter in family[at + 1 :] + family[:at]:
                if letter not in used:
                    return Index(letter)
    return Index(next((c for c in _POOL if c not in used), stem + "_"))


def distinct(clause: Clause, read: Element | None, model: Model) -> Clause:
    """The clause with its letters as the entry is read where that has letters, else its own,
    told apart by neighbours."""
    taken = {*model.dims, *model.inputs, *(n for n in model.definitions if len(n) == 1)}
    mapping: dict[Index, Affine] = {}
    ranges: dict[Index, Range] = {}
    args: list[Affine] = []
    wishes = read.args if read is not None else clause.args
    for arg, wish in zip(clause.args, wishes, strict=True):
        letter = af.letter(arg)
        if letter is None:
            args.append(arg)
            continue
        wished = af.letter(wish) or next(iter(sorted(wish.free, key=_name)), letter)
        new = another(wished, taken)
        taken.add(new.name)
        mapping[letter] = af.of(new)
        ranges[new] = clause.ranges[letter]
        args.append(af.of(new))
    return Clause(tuple(args), ranges, substitute(clause.body, mapping))


def time_letters(expr: Expr, model: Model, free: Iterable[Index]) -> Expr:
    """Sums over the range of a free index take the letter beside it: ``r`` beside ``t``."""
    names = {index.name for index in free} | set(model.dims)
    names |= {i.name for n in walk(expr) for i in (*n.free, *binds(n))}

    def change(node: Node) -> Node:
        if not isinstance(node, Reduce) or not node.hi.free:
            return node
        beside = sorted(node.hi.free, key=_name)[0]
        new = another(beside, names)
        names.add(new.name)
        body = substitute(node.body, {node.index: af.of(new)})
        return Reduce(node.op, new, node.lo, node.hi, body)

    return rebuild(expr, change)


def _name(index: Index) -> str:
    return index.name
