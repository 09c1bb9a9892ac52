"""The factors of a product of sums: ``Σ_{r,q} x^(r+q) g(r)`` has ``Σ_r x^r g(r)``, ``Σ_q x^q``."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from einrnn.core.nodes import Add, Expr, Index, Node, Pow
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.terms import Term

_Group = frozenset[Index]


def by_dummies(term: Term) -> list[Term]:
    """A term's parts that share no bound index, without what has none.

    Each shows how its own dummies occur; a power has in each part those summands of its exponent
    that have dummies of the part.
    """
    bound = frozenset(term.bound)
    nodes = (*term.conds, *(part for atom, _ in term.factors for part in _exponents(atom, bound)))
    groups = _groups(bound, nodes)
    return [term] if len(groups) < 2 else [_of(term, group) for group in groups]


def _exponents(atom: Expr, bound: _Group) -> Iterator[Node]:
    """What of a factor may be apart: the summands of an exponent, if only that has dummies."""
    match atom:
        case Pow(base, Add(summands)) if not base.free & bound:
            yield from summands
        case _:
            yield atom


def _groups(bound: _Group, nodes: Iterable[Node]) -> list[_Group]:
    """The bound indices, together where a node has several."""
    groups = [frozenset((index,)) for index in sorted(bound, key=lambda index: index.name)]
    for node in nodes:
        touched = [group for group in groups if group & node.free]
        if len(touched) > 1:
            groups = [group for group in groups if group not in touched]
            groups.append(_Group().union(*touched))
    return groups


def _of(term: Term, group: _Group) -> Term:
    bound = frozenset(term.bound)
    factors = ((_within(a, group, bound), e) for a, e in term.factors if a.free & group)
    return Term(
        tuple(index for index in term.bound if index in group),
        tuple(cond for cond in term.conds if cond.free & group),
        tm.sorted_factors(factors),
    )


def _within(atom: Expr, group: _Group, bound: _Group) -> Expr:
    match atom:
        case Pow(base, Add(summands)) if not base.free & bound:
            own = tuple(summand for summand in summands if summand.free & group)
            return Pow(base, own[0] if len(own) == 1 else Add(own))
        case _:
            return atom
