"""Expressions in which everything has its indices: between the tree and the core.

Whole-tensor notation, derivative atoms and the scopes of written sums are resolved here;
the implicit sums are added by :mod:`einrnn.language.scope`. Unlike core nodes, terms
keep the span of every occurrence.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

from einrnn.dataclass import dataclass
from einrnn.errors import Span


@dataclass(frozen=True, eq=False)
class Letter:
    """An occurrence of an index letter."""

    name: str
    span: Span


@dataclass(frozen=True, eq=False)
class Size:
    """An occurrence of a dim."""

    name: str
    span: Span


@dataclass(frozen=True, eq=False)
class Arg:
    """An index expression: ``constant`` plus coefficients times letters, sizes, look-ups."""

    constant: int
    parts: tuple[tuple[int, Letter | Size | Read], ...]
    span: Span


@dataclass(frozen=True, eq=False)
class Num:
    """An exact number."""

    value: Fraction
    span: Span


@dataclass(frozen=True, eq=False)
class Position:
    """An index expression used as a number."""

    value: Arg
    span: Span


@dataclass(frozen=True, eq=False)
class Read:
    """An entry of a tensor; ``shown`` is the span of its name."""

    name: str
    args: tuple[Arg, ...]
    span: Span
    shown: Span


@dataclass(frozen=True, eq=False)
class Sum:
    """Terms with their signs."""

    terms: tuple[tuple[int, Term], ...]
    span: Span


@dataclass(frozen=True, eq=False)
class Product:
    """Factors; True marks one that divides."""

    factors: tuple[tuple[bool, Term], ...]
    span: Span


@dataclass(frozen=True, eq=False)
class Power:
    """``base ^ exponent``."""

    base: Term
    exponent: Term
    span: Span


@dataclass(frozen=True, eq=False)
class Func:
    """A known function of scalars."""

    name: str
    args: tuple[Term, ...]
    span: Span


@dataclass(frozen=True, eq=False)
class Bound:
    """A letter that a sum binds, with its range where one is written."""

    name: str
    lo: Arg | None
    hi: Arg | None
    span: Span


@dataclass(frozen=True, eq=False)
class Reduce:
    """``op[letters: condition] body``; ``op`` may be ``mean``.

    ``written`` is False for sums the notation implies; ``whole`` names those that come
    from whole-tensor notation.
    """

    op: str
    letters: tuple[Bound, ...]
    condition: Condition | None
    body: Term
    written: bool
    span: Span


@dataclass(frozen=True, eq=False)
class Softmax:
    """``softmax[k](body)``: ``letters`` stay indices of the result."""

    letters: tuple[Bound, ...]
    body: Term
    span: Span


@dataclass(frozen=True, eq=False)
class Cases:
    """The value of the first branch whose condition holds."""

    branches: tuple[tuple[Condition, Term], ...]
    otherwise: Term | None
    span: Span


@dataclass(frozen=True, eq=False)
class Matrix:
    """A function of the matrix with entries ``body`` at letters ``row`` and ``column``."""

    op: str
    row: str
    column: str
    body: Term
    power: Arg | None
    at: tuple[Arg, ...]
    span: Span


@dataclass(frozen=True, eq=False)
class Opaque:
    """A declared function called with arguments, each a body over its own letters."""

    name: str
    at: tuple[Arg, ...]
    args: tuple[tuple[tuple[str, ...], Term], ...]
    span: Span


@dataclass(frozen=True, eq=False)
class Derivative:
    """The derivative of ``body`` by an entry of ``name``."""

    kind: str
    body: Term
    name: str
    args: tuple[Arg, ...]
    span: Span


@dataclass(frozen=True, eq=False)
class Compare:
    """A relation between two numbers; that of a delta says that both run over one range."""

    op: str
    left: Term
    right: Term
    span: Span
    delta: bool = False


@dataclass(frozen=True, eq=False)
class Logic:
    """``and``, ``or`` or ``not`` of conditions."""

    op: str
    parts: tuple[Condition, ...]
    span: Span


Condition = Compare | Logic
Term = (
    Num
    | Position
    | Read
    | Sum
    | Product
    | Power
    | Func
    | Reduce
    | Softmax
    | Cases
    | Matrix
    | Opaque
    | Derivative
)
Part = Term | Condition


def lookups(args: tuple[Arg, ...]) -> tuple[Read, ...]:
    """The entries of tensors that stand in index expressions."""
    return tuple(atom for arg in args for _, atom in arg.parts if isinstance(atom, Read))


def _ends(letters: tuple[Bound, ...]) -> tuple[Arg, ...]:
    """The ends of the ranges that are written."""
    return tuple(end for bound in letters for end in (bound.lo, bound.hi) if end is not None)


def args_of(node: Part) -> tuple[Arg, ...]:
    """The index expressions that belong to the node itself."""
    match node:
        case Read(_, args) | Derivative(_, _, _, args):
            return args
        case Position(value):
            return (value,)
        case Reduce(_, letters):
            return _ends(letters)
        case Matrix(_, _, _, _, power, at):
            return at if power is None else (power, *at)
        case Opaque(_, at):
            return at
        case _:
            return ()


def _below_cases(node: Cases) -> tuple[Part, ...]:
    both = tuple(part for branch in node.branches for part in branch)
    return both if node.otherwise is None else (*both, node.otherwise)


def _below_reduce(node: Reduce) -> tuple[Part, ...]:
    condition = () if node.condition is None else (node.condition,)
    return (*lookups(_ends(node.letters)), *condition, node.body)


_PARTS: dict[type, Callable[[Any], tuple[Part, ...]]] = {
    Num: lambda node: (),
    Position: lambda node: lookups((node.value,)),
    Read: lambda node: lookups(node.args),
    Sum: lambda node: tuple(term for _, term in node.terms),
    Product: lambda node: tuple(factor for _, factor in node.factors),
    Power: lambda node: (node.base, node.exponent),
    Func: lambda node: node.args,
    Reduce: _below_reduce,
    Softmax: lambda node: (node.body,),
    Cases: _below_cases,
    Matrix: lambda node: (node.body, *lookups(args_of(node))),
    Opaque: lambda node: (*lookups(node.at), *(body for _, body in node.args)),
    Derivative: lambda node: (node.body, *lookups(node.args)),
    Compare: lambda node: (node.left, node.right),
    Logic: lambda node: node.parts,
}


_BINDERS = {Reduce, Softmax, Matrix, Opaque}


def parts(node: Part) -> tuple[Part, ...]:
    """The terms and conditions directly below, those looked up in index expressions too."""
    return _PARTS[type(node)](node)


def binds(node: Part) -> tuple[str, ...]:
    """The letters a node binds below it (a softmax binds its letters in its body)."""
    if type(node) not in _BINDERS:
        return ()
    match node:
        case Reduce(_, letters) | Softmax(letters):
            return tuple(bound.name for bound in letters)
        case Matrix(_, row, column):
            return (row, column)
        case Opaque(_, _, args):
            return tuple(name for names, _ in args for name in names)
        case _:
            return ()


def own_letters(node: Part) -> Iterator[Letter]:
    """The letters that occur at this node itself, less those a sum's own range binds."""
    if isinstance(node, Softmax):
        yield from (Letter(bound.name, bound.span) for bound in node.letters)
    inner = binds(node) if isinstance(node, Reduce) else ()
    for arg in args_of(node):
        for _, atom in arg.parts:
            if isinstance(atom, Letter) and atom.name not in inner:
                yield atom


def walk(*roots: Part) -> Iterator[Part]:
    """Every node below the roots, wholes before parts."""
    stack = list(reversed(roots))
    while stack:
        node = stack.pop()
        yield node
        stack.extend(reversed(parts(node)))


def letter_arg(name: str, span: Span) -> Arg:
    """The index expression that is one letter."""
    return Arg(0, ((1, Letter(name, span)),), span)
