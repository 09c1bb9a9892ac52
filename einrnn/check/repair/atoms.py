"""The document's own subexpressions, written in the indices that are at hand."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from itertools import islice, product

from einrnn.check.repair.letters import deltas
from einrnn.check.repair.sites import Scope, Site, axis_of, sites
from einrnn.check.repair.sites import product as times
from einrnn.core import affine as af
from einrnn.core.build import ONE, number, power, sub
from einrnn.core.functions import FUNCTIONS
from einrnn.core.model import Model
from einrnn.core.nodes import (
    Affine,
    Apply,
    Dim,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.traverse import substitute
from einrnn.language.naming import axis_size

_MOST_WAYS = 8
_MOST = 260


def known(model: Model, scope: Scope) -> list[Expr]:
    """What a factor or a term is likely to be, the simplest first."""
    found: dict[Expr, None] = dict.fromkeys(numbers(model))
    entries = list(islice(_entries(model, scope), _MOST))
    found |= dict.fromkeys(entries)
    found |= dict.fromkeys(deltas(scope))
    for entry in entries:
        if entry.tensor not in model.derived:
            found |= dict.fromkeys((sub(ONE, entry), sub(ONE, power(entry, 2))))
    parts = list(islice(_subexpressions(model, scope), _MOST))
    found |= dict.fromkeys(parts)
    for part in parts:
        if isinstance(part, Apply):
            found[FUNCTIONS[part.function].derivatives[0](*part.args)] = None
    for entry in entries:
        if entry.tensor not in model.derived:
            found |= dict.fromkeys((times((entry, sub(ONE, entry))), power(entry, 2)))
    return list(found)[: 2 * _MOST]


def numbers(model: Model) -> list[Expr]:
    """Small numbers and the document's sizes; their reciprocals are tried as well."""
    rows: list[Expr] = [number(2), number(-1), number(Fraction(1, 2)), number(3)]
    rows += [Value(af.of(Dim(name))) for name, size in model.dims.items() if size is None]
    return rows


def _entries(model: Model, scope: Scope) -> Iterator[Element]:
    """Every tensor at the indices in scope, one step back or ahead in time included."""
    late: list[Element] = []
    for name in (*model.inputs, *model.definitions):
        rank = len(model.axes(name))
        sizes = [axis_size(model, name, axis) for axis in range(rank)]
        choices = [_positions(model, name, axis, size, scope) for axis, size in enumerate(sizes)]
        ways = [
            way
            for way in product(*choices)
            if len({arg for arg in way if arg.terms}) == sum(bool(arg.terms) for arg in way)
        ]
        ways.sort(key=lambda way: sum(abs(arg.constant) for arg in way))
        made = [Element(name, tuple(way)) for way in ways[:_MOST_WAYS]]
        if name in model.derived:
            late += made
        else:
            yield from made
    yield from late


def _positions(
    model: Model, name: str, axis: int, size: Affine | None, scope: Scope
) -> list[Affine]:
    """Indices of an axis's size; neighbours too on an axis that reaches past its ends."""
    letters = [af.of(i) for i in scope if size is not None and axis_of(i, scope) is size]
    if not letters and size is not None and (count := af.number(size)) is not None and count < 6:
        return [af.of(at) for at in range(count)]
    if name in model.definitions and size is not None:
        limits = model.definitions[name].axes[axis]
        if limits.lo is not af.ZERO:
            return [*letters, *(af.shift(letter, -1) for letter in letters)]
        if limits.hi is not af.last(size):
            return [*letters, *(af.shift(letter, 1) for letter in letters)]
    return letters


def _subexpressions(model: Model, scope: Scope) -> Iterator[Expr]:
    """Functions, sums and products out of the definitions, in the indices in scope."""
    for name, definition in model.definitions.items():
        if name in model.derived:
            continue
        for clause in definition.clauses:
            for site in sites(clause.body, clause.ranges):
                if isinstance(site.node, (Apply, Reduce, Matrix, Mul, Pow)) and site.node.free:
                    yield from _renamed(site, scope)


def _renamed(site: Site, scope: Scope) -> Iterator[Expr]:
    node = site.node
    letters = sorted(node.free, key=lambda i: i.name)
    choices = [
        [i for i in scope if axis_of(i, scope) is axis_of(letter, site.scope)] for letter in letters
    ]
    for way in islice(product(*choices), _MOST_WAYS):
        if len(set(way)) == len(way):
            yield substitute(node, _mapping(letters, way))


def _mapping(letters: list[Index], way: tuple[Index, ...]) -> dict[Index, Affine]:
    return {old: af.of(new) for old, new in zip(letters, way, strict=True)}
