"""Products with a one-hot look-up, read where the look-up is.

``[k == y[t]] f(k)`` is ``[k == y[t]] f(y[t])``: one entry a row is read in place of all, and
what stands beside it may cancel, as ``p[t,k] / p[t,y[t]]`` does.
"""

from __future__ import annotations

from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import ZERO
from einrnn.core.nodes import (
    Affine,
    Cases,
    Compare,
    Cond,
    Element,
    Expr,
    Index,
    Mul,
    Node,
    Number,
    Value,
)
from einrnn.core.traverse import elements, rebuild, substitute
from einrnn.symbolic import simplify as s


def at_lookups(expr: Expr) -> Expr:
    """An equal expression in which such products are read at the look-up."""
    return rebuild(expr, _change)


def _change(node: Node) -> Node:
    if not isinstance(node, Mul):
        return node
    for number, factor in enumerate(node.factors):
        pin = _pin(factor)
        if pin is None:
            continue
        cond, body, letter, value = pin
        others = [*node.factors[:number], *node.factors[number + 1 :]]
        if not any(letter in other.free for other in (*others, body)):
            continue
        inner = s.mul(substitute(part, {letter: value}) for part in (*others, body))
        if next(iter(elements(inner)), None) is not None:
            # what the look-up reads counts where it is in range only
            return Cases(((cond, inner),), ZERO)
        return s.mul((Cases(((cond, Number(Fraction(1))),), ZERO), inner))
    return node


def _pin(factor: Expr) -> tuple[Cond, Expr, Index, Affine] | None:
    """The condition of a factor that is 0 but where an index is at a look-up, the factor's
    value there, the index and the look-up."""
    match factor:
        case Cases(((Compare("==", Value(left), Value(right)) as cond, body),), Number(otherwise)):
            if otherwise != 0:
                return None
        case _:
            return None
    terms = af.minus(left, right)
    letters = [(atom, times) for atom, times in terms.terms if isinstance(atom, Index)]
    entries = [(atom, times) for atom, times in terms.terms if isinstance(atom, Element)]
    if len(terms.terms) != 2 or terms.constant or len(letters) != 1 or len(entries) != 1:
        return None
    (letter, one), (entry, other) = letters[0], entries[0]
    if one + other != 0 or abs(one) != 1 or letter in entry.free:
        return None
    return cond, body, letter, af.of(entry)
