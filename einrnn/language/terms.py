"""Expressions in which everything has its indices: between the tree and the core.

Whole-tensor notation, derivative atoms and the scopes of written sums are resolved here;
the implicit sums are added by :mod:`einrnn.language.scope`. Unlike core nodes, terms
keep the span of every occurrence.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction

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
    """A relation between two numbers."""

    op: str
    left: Term
    right: Term
    span: Span


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
Part = Term | Condition | Arg


def parts(node: Part) -> tuple[Part, ...]:
    """What stands directly below, index expressions included."""
    match node:
        case Num():
            return ()
        case Arg(_, atoms):
            return tuple(atom for _, atom in atoms if isinstance(atom, Read))
        case Position(value):
            return (value,)
        case Read(_, args):
            return args
        case Sum(terms):
            return tuple(term for _, term in terms)
        case Product(factors):
            return tuple(factor for _, factor in factors)
        case Power(base, exponent):
            return (base, exponent)
        case Func(_, args):
            return args
        case Reduce(_, letters, condition, body):
            ends = tuple(end for b in letters for end in (b.lo, b.hi) if end is not None)
            return (*ends, *((condition,) if condition else ()), body)
        case Softmax(_, body):
            return (body,)
        case Cases(branches, otherwise):
            both = tuple(part for branch in branches for part in branch)
            return (*both, otherwise) if otherwise is not None else both
        case Matrix(_, _, _, body, power, at):
            return (body, *((power,) if power else ()), *at)
        case Opaque(_, at, args):
            return (*at, *(body for _, body in args))
        case Derivative(_, body, _, args):
            return (body, *args)
        case Compare(_, left, right):
            return (left, right)
        case Logic(_, below):
            return below


def binds(node: Part) -> tuple[str, ...]:
    """The letters a node binds below it (a softmax binds its letters in its body)."""
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
    """The letters that occur at this node itself."""
    if isinstance(node, Arg):
        for _, atom in node.parts:
            if isinstance(atom, Letter):
                yield atom
    elif isinstance(node, Softmax):
        for bound in node.letters:
            yield Letter(bound.name, bound.span)


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
