"""Parts of a term: the factors that one bound index holds together."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

from einrnn.core.nodes import Index, Reduce
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Term, sorted_factors


def parts_by_index(term: Term) -> Iterator[tuple[Term, Term]]:
    """For each bound index that stands alone: its part of the term, and the rest.

    The term is the product of the two. An index stands alone where no atom or condition
    of its part has another bound index.
    """
    for index in term.bound:
        if not stands_alone(term, index):
            continue
        part = Term(
            (index,),
            tuple(cond for cond in term.conds if index in cond.free),
            tuple(pair for pair in term.factors if index in pair[0].free),
        )
        rest = Term(
            tuple(other for other in term.bound if other is not index),
            tuple(cond for cond in term.conds if index not in cond.free),
            tuple(pair for pair in term.factors if index not in pair[0].free),
        )
        yield part, rest


def stands_alone(term: Term, index: Index) -> bool:
    """Whether a bound index shares no atom and no condition with another one."""
    others = frozenset(term.bound) - {index}
    nodes = [*term.conds, *(atom for atom, _ in term.factors)]
    return not any(index in node.free and node.free & others for node in nodes)


def cancel_sum(term: Term) -> Term | None:
    """``Σ_k f_k`` against its own reciprocal, where both are factors of the term."""
    reciprocals = {
        atom: exponent
        for atom, exponent in term.factors
        if exponent < 0 and isinstance(atom, Reduce) and atom.op == "sum"
    }
    if not reciprocals:
        return None
    for part, rest in parts_by_index(term):
        whole = expression({part: Fraction(1)})
        if whole in reciprocals:
            powers = dict(rest.factors)
            powers[whole] += 1
            return Term(rest.bound, rest.conds, sorted_factors(powers.items()))
    return None
