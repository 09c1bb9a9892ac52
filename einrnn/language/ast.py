"""What the parser makes of the text: a frozen tree in which every node has its span.

The tree follows the text. What a name is, which factors form a derivative and how far a
sum reaches are not known yet; :mod:`einrnn.language.group` and
:mod:`einrnn.language.sugar` find out.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any, Literal

from einrnn.errors import Span
from einrnn.language.tree import tree

Kind = Literal["total", "immediate"]


@tree
class Num:
    """An exact number."""

    value: Fraction
    span: Span


@tree
class Name:
    """A name without brackets."""

    name: str
    span: Span


@tree
class Item:
    """One entry of a bracket: an index expression, or a letter with a range ``r=0..t``."""

    value: Ast
    lo: Ast | None
    hi: Ast | None
    span: Span


@tree
class Bracket:
    """``[ items : condition ]``."""

    items: tuple[Item, ...]
    condition: Ast | None
    span: Span


@tree
class Indexed:
    """Something followed by a bracket."""

    head: Ast
    bracket: Bracket
    span: Span


@tree
class Call:
    """A name directly followed by a parenthesis: a call, or a product after all."""

    head: Name
    args: Group
    span: Span


@tree
class Group:
    """A parenthesis around one expression, or around several with commas."""

    items: tuple[Ast, ...]
    span: Span


@tree
class Iverson:
    """A bracket that stands alone: 1 where its condition holds, else 0."""

    bracket: Bracket
    span: Span


@tree
class Transposed:
    """``A.T``."""

    base: Ast
    span: Span


@tree
class Partial:
    """The sign ``∂`` by itself."""

    span: Span


@tree
class Sum:
    """Terms with their signs."""

    terms: tuple[tuple[int, Ast], ...]
    span: Span


@tree
class Product:
    """Factors with the operator before each: ``*``, ``/``, ``@``, ``outer`` or ``dot``."""

    factors: tuple[tuple[str, Ast], ...]
    span: Span


@tree
class Power:
    """``base ^ exponent``."""

    base: Ast
    exponent: Ast
    span: Span


@tree
class Compare:
    """``a < b <= c``."""

    operands: tuple[Ast, ...]
    relations: tuple[str, ...]
    span: Span


@tree
class Logic:
    """``and``, ``or`` or ``not`` of conditions."""

    op: str
    parts: tuple[Ast, ...]
    span: Span


@tree
class Branch:
    """One line of cases; without a condition it is what holds otherwise."""

    value: Ast
    condition: Ast | None
    span: Span


@tree
class Cases:
    """Cases in braces."""

    branches: tuple[Branch, ...]
    span: Span


@tree
class Scoped:
    """``sum[k] body`` and its like, once it is known how far it reaches.

    ``called`` tells the form ``sum[k](…)`` whose scope is exactly the parenthesis.
    """

    op: str
    bracket: Bracket
    body: Ast
    called: bool
    span: Span


@tree
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


@tree
class Declared:
    """A name in a declaration, with what stands in its bracket (None: no bracket)."""

    name: Name
    bracket: Bracket | None
    span: Span


@tree
class FactSaid:
    """A fact that follows an input: ``one-hot in K``."""

    name: str
    bound: Name | Num | None
    span: Span


@tree
class DimSaid:
    """A size with its number, or with the value it has where nothing else is said."""

    name: Name
    number: Num | None
    default: Ast | None


@tree
class DimStatement:
    """``dim T, K = 3, N default T``."""

    dims: tuple[DimSaid, ...]
    span: Span


@tree
class IndexStatement:
    """``index t, r : T``."""

    letters: tuple[Name, ...]
    size: Ast
    span: Span


@tree
class InputStatement:
    """``input y[t,k] one-hot in K, V[K,H]``."""

    inputs: tuple[tuple[Declared, tuple[FactSaid, ...]], ...]
    span: Span


@tree
class FunctionStatement:
    """``function x[i](r)``."""

    head: Declared
    args: tuple[Declared, ...]
    span: Span


@tree
class ClauseSaid:
    """``name[args] := body``."""

    target: Declared
    body: Ast
    span: Span


@tree
class DefinitionStatement:
    """Clauses of one statement; ``late`` marks a ``let``."""

    clauses: tuple[ClauseSaid, ...]
    late: bool
    span: Span


@tree
class LabelUse:
    """A label after ``using``."""

    name: str
    span: Span


@tree
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


def _inside(bracket: Bracket | None) -> tuple[Ast, ...]:
    if bracket is None:
        return ()
    found: list[Ast] = []
    for item in bracket.items:
        found.append(item.value)
        if item.lo is not None:
            found.append(item.lo)
        if item.hi is not None:
            found.append(item.hi)
    if bracket.condition is not None:
        found.append(bracket.condition)
    return tuple(found)


def _alternatives(node: Cases) -> tuple[Ast, ...]:
    both = ((branch.value, branch.condition) for branch in node.branches)
    return tuple(part for pair in both for part in pair if part is not None)


_CHILDREN: dict[type, Callable[[Any], tuple[Ast, ...]]] = {
    Num: lambda node: (),
    Name: lambda node: (),
    Partial: lambda node: (),
    Indexed: lambda node: (node.head, *_inside(node.bracket)),
    Call: lambda node: (node.head, node.args),
    Group: lambda node: node.items,
    Iverson: lambda node: _inside(node.bracket),
    Transposed: lambda node: (node.base,),
    Sum: lambda node: tuple(term for _, term in node.terms),
    Product: lambda node: tuple(factor for _, factor in node.factors),
    Power: lambda node: (node.base, node.exponent),
    Compare: lambda node: node.operands,
    Logic: lambda node: node.parts,
    Cases: _alternatives,
    Scoped: lambda node: (*_inside(node.bracket), node.body),
    Derivative: lambda node: (node.body, node.name, *_inside(node.args)),
}


def children(node: Ast) -> tuple[Ast, ...]:
    """The expressions directly below a node, those in its brackets included."""
    return _CHILDREN[type(node)](node)


def walk(*roots: Ast) -> list[Ast]:
    """Every node below the roots, wholes before parts, in the order of the text."""
    found: list[Ast] = []
    stack = list(reversed(roots))
    while stack:
        node = stack.pop()
        found.append(node)
        stack.extend(reversed(_CHILDREN[type(node)](node)))
    return found
