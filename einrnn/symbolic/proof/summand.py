"""The summand at the end of a sum, where what recurs is computed from the others.

Forward substitution gives ``x[i]`` by ``Σ_{j<i} L[i,j] x[j]``; that it solves
``Σ_{j<=i} L[i,j] x[j] = b[i]`` shows once the summand at ``j = i`` is by itself.
"""

from __future__ import annotations

from einrnn.core import affine as af
from einrnn.core.build import compare, iverson
from einrnn.core.nodes import Add, Expr, Mul, Node, Reduce
from einrnn.core.traverse import elements, rebuild, substitute
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.clock import UP
from einrnn.symbolic.proof.entries import Chosen, unfold
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Proof, Statement


def by_end_of_sum(
    opener: Opener, statement: Statement, difference: Expr, chosen: Chosen
) -> Proof | None:
    """Equal once what recurs is unfolded at the end of each sum over its time: at the last
    summand where it runs up, at the first where it runs down."""

    def change(node: Node) -> Node:
        if isinstance(node, Reduce) and node.op == "sum":
            return _split(opener, node, chosen) or node
        return node

    split = rebuild(difference, change)
    if split == difference:
        return None
    work = opener.normaliser(statement, ())
    if is_zero(work, work.poly(opener.without(work, split, chosen))):
        return Proof("recurrence", ("one step of what recurs, at the end of a sum",))
    return None


def _split(opener: Opener, node: Reduce, chosen: Chosen) -> Expr | None:
    """A sum without the summand at its end, and that one unfolded."""
    recurrent = {
        element: when.direction
        for element in elements(node.body)
        if chosen(element)
        and (when := opener.clock.time(element.tensor)) is not None
        and not af.minus(element.args[when.axis], af.of(node.index)).terms
    }
    if len(set(recurrent.values())) != 1:
        return None
    lo, hi = node.lo, node.hi
    if UP in recurrent.values():
        end, hi = hi, af.shift(hi, -1)
    else:
        end, lo = lo, af.shift(lo, 1)
    places = {node.index: end}
    there = frozenset(substitute(element, places) for element in recurrent)
    opened = unfold(substitute(node.body, places), opener.model, there.__contains__)
    nonempty = iverson(compare("<=", node.lo, node.hi))
    rest = Reduce(node.op, node.index, lo, hi, node.body)
    return Add((rest, Mul((nonempty, opened))))
