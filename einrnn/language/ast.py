"""What the parser makes of the text: a frozen tree in which every node has its span.

The tree follows the text. What a name is, which factors form a derivative and how far a
sum reaches are not known yet; :mod:`einrnn.language.group` and
:mod:`einrnn.language.sugar` find out.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Literal

from einrnn.dataclass import dataclass
from einrnn.errors import Span

Kind = Literal["total", "immediate"]


@dataclass(frozen=True, eq=False)
class Num:
    """An exact number."""

    value: Fraction
    span: Span


@dataclass(frozen=True, eq=False)
class Name:
    """A name without brackets."""

    name: str
    span: Span


@dataclass(frozen=True, eq=False)
class Item:
    """One entry of a bracket: an index expression, or a letter with a range ``r=0..t``."""

    value: Ast
    lo: Ast | None
    hi: Ast | None
    span: Span


@dataclass(frozen=True, eq=False)
class Bracket:
    """``[ items : condition ]``."""

    items: tuple[Item, ...]
    condition: Ast | None
    span: Span


@dataclass(frozen=True, eq=False)
class Indexed:
    """Something followed by a bracket."""

    head: Ast
    bracket: Bracket
    span: Span


@dataclass(frozen=True, eq=False)
class Call:
    """A name directly followed by a parenthesis: a call, or a product after all."""

    head: Name
    args: Group
    span: Span


@dataclass(frozen=True, eq=False)
class Group:
    """A parenthesis around one expression, or around several with commas."""

    items: tuple[Ast, ...]
    span: Span


@dataclass(frozen=True, eq=False)
class Iverson:
    """A bracket that stands alone: 1 where its condition holds, else 0."""

    bracket: Bracket
    span: Span


@dataclass(frozen=True, eq=False)
class Transposed:
    """``A.T``."""

    base: Ast
    span: Span


@dataclass(frozen=True, eq=False)
class Partial:
    """The sign ``∂`` by itself."""

    span: Span


@dataclass(frozen=True, eq=False)
class Sum:
    """Terms with their signs."""

    terms: tuple[tuple[int, Ast], ...]
    span: Span


@dataclass(frozen=True, eq=False)
class Product:
    """Factors with the operator before each: ``*``, ``/``, ``@``, ``outer`` or ``dot``."""

    factors: tuple[tuple[str, Ast], ...]
    span: Span


@dataclass(frozen=True, eq=False)
class Power:
    """``base ^ exponent``."""

    base: Ast
    exponent: Ast
    span: Span


@dataclass(frozen=True, eq=False)
class Compare:
    """``a < b <= c``."""

    operands: tuple[Ast, ...]
    relations: tuple[str, ...]
    span: Span


@dataclass(frozen=True, eq=False)
class Logic:
    """``and``, ``or`` or ``not`` of conditions."""

    op: str
    parts: tuple[Ast, ...]
    span: Span


@dataclass(frozen=True, eq=False)
class Branch:
    """One line of cases; without a condition it is what holds otherwise."""

    value: Ast
    condition: Ast | None
    span: Span


@dataclass(frozen=True, eq=False)
class Cases:
    """Cases in braces."""

    branches: tuple[Branch, ...]
    span: Span


@dataclass(frozen=True, eq=False)
class Scoped:
    """``sum[k] body`` and its like, once it is known how far it reaches.

    ``called`` tells the form ``sum[k](…)`` whose scope is exactly the parenthesis.
    """

    op: str
    bracket: Bracket
    body: Ast
    called: bool
    span: Span


@dataclass(frozen=True, eq=False)
class Derivative:
    """The derivative of ``body`` by an entry of ``name``; ``args`` is None for all of it."""

    kind: Kind
    body: Ast
    name: Name
    args: Bracket | None
    span: Span


Ast = (
    Num
    | Name
    | Indexed
    | Call
    | Group
    | Iverson
    | Transposed
    | Partial
    | Sum
    | Product
    | Power
    | Compare
    | Logic
    | Cases
    | Scoped
    | Derivative
)


@dataclass(frozen=True, eq=False)
class Declared:
    """A name in a declaration, with what stands in its bracket (None: no bracket)."""

    name: Name
    bracket: Bracket | None
    span: Span


@dataclass(frozen=True, eq=False)
class FactSaid:
    """A fact that follows an input: ``one-hot in K``."""

    name: str
    bound: Name | Num | None
    span: Span


@dataclass(frozen=True, eq=False)
class DimSaid:
    """A size with its number, or with the value it has where nothing else is said."""

    name: Name
    number: Num | None
    default: Ast | None


@dataclass(frozen=True, eq=False)
class DimStatement:
    """``dim T, K = 3, N default T``."""

    dims: tuple[DimSaid, ...]
    span: Span


@dataclass(frozen=True, eq=False)
class IndexStatement:
    """``index t, r : T``."""

    letters: tuple[Name, ...]
    size: Ast
    span: Span


@dataclass(frozen=True, eq=False)
class InputStatement:
    """``input y[t,k] one-hot in K, V[K,H]``."""

    inputs: tuple[tuple[Declared, tuple[FactSaid, ...]], ...]
    span: Span


@dataclass(frozen=True, eq=False)
class FunctionStatement:
    """``function x[i](r)``."""

    head: Declared
    args: tuple[Declared, ...]
    span: Span


@dataclass(frozen=True, eq=False)
class ClauseSaid:
    """``name[args] := body``."""

    target: Declared
    body: Ast
    span: Span


@dataclass(frozen=True, eq=False)
class DefinitionStatement:
    """Clauses of one statement; ``late`` marks a ``let``."""

    clauses: tuple[ClauseSaid, ...]
    late: bool
    span: Span


@dataclass(frozen=True, eq=False)
class LabelUse:
    """A label after ``using``."""

    name: str
    span: Span


@dataclass(frozen=True, eq=False)
class EquationStatement:
    """A line of equalities: a claim, a continued chain (``continues``) or an assumption."""

    label: str | None
    label_span: Span
    expressions: tuple[Ast, ...]
    using: tuple[LabelUse, ...]
    condition: Ast | None
    refute: bool
    assumed: bool
    continues: bool
    span: Span


Statement = (
    DimStatement
    | IndexStatement
    | InputStatement
    | FunctionStatement
    | DefinitionStatement
    | EquationStatement
)


def children(node: Ast) -> tuple[Ast, ...]:
    """The expressions directly below a node, those in its brackets included."""
    match node:
        case Num() | Name() | Partial():
            return ()
        case Indexed(head, bracket):
            return (head, *_inside(bracket))
        case Call(head, args):
            return (head, args)
        case Group(items):
            return items
        case Iverson(bracket):
            return _inside(bracket)
        case Transposed(base):
            return (base,)
        case Sum(terms):
            return tuple(term for _, term in terms)
        case Product(factors):
            return tuple(factor for _, factor in factors)
        case Power(base, exponent):
            return (base, exponent)
        case Compare(operands):
            return operands
        case Logic(_, parts):
            return parts
        case Cases(branches):
            both = ((branch.value, branch.condition) for branch in branches)
            return tuple(part for pair in both for part in pair if part is not None)
        case Scoped(_, bracket, body):
            return (*_inside(bracket), body)
        case Derivative(_, body, name, args):
            return (body, name, *(_inside(args) if args else ()))


def _inside(bracket: Bracket) -> tuple[Ast, ...]:
    parts = [part for item in bracket.items for part in (item.value, item.lo, item.hi)]
    return tuple(part for part in (*parts, bracket.condition) if part is not None)


def walk(*roots: Ast) -> list[Ast]:
    """Every node below the roots, wholes before parts, in the order of the text."""
    found: list[Ast] = []
    stack = list(reversed(roots))
    while stack:
        node = stack.pop()
        found.append(node)
        stack.extend(reversed(children(node)))
    return found
