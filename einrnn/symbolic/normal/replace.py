"""Instances of a pattern in a term, and what takes their place."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from contextlib import suppress
from fractions import Fraction
from itertools import product

from einrnn.core import affine as af
from einrnn.core.model import Range
from einrnn.core.nodes import Affine, Element, Expr, Index, Matrix, Mul, Node, Pow, Reduce
from einrnn.core.traverse import canonical, elements, rebuild, substitute, tensors
from einrnn.symbolic.match import match
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.cancel import parts_by_indices
from einrnn.symbolic.normal.domain import follows, inequalities
from einrnn.symbolic.normal.expand import Normaliser, Rule
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Poly, Term, TooLarge

_MOST_PRODUCTS = 64
_MOST_TURNED = 3


def replacement(pattern: Expr, image: Expr, ranges: Mapping[Index, Range]) -> Rule:
    """The rule that replaces instances of a one-term pattern by the image; of more terms none.

    The indices of ``ranges`` stand for any index expressions that provably lie in them.
    """
    variables = frozenset(ranges)
    terms = Normaliser().poly(pattern)
    if len(terms) != 1:
        return _never
    ((single, times),) = terms.items()
    pattern = expression({single: Fraction(1)})
    needed = tensors(pattern)
    turned: dict[frozenset[str], tuple[Expr, ...]] = {}

    def rule(work: Normaliser, term: Term) -> Poly | None:
        if not all(any(name in tensors(a) for a, _ in term.factors) for name in needed):
            return None
        known = (*work.known, *inequalities(term.conds))
        symmetric = needed & work.facts.symmetric
        if symmetric not in turned:
            turned[symmetric] = _turned(pattern, symmetric)
        for whole, rest in candidates(term, pattern):
            for form in turned[symmetric]:
                binding = match(form, whole, variables)
                if binding is not None and _lies_in(binding, ranges, known):
                    found = work.times(rest, work.poly(substitute(image, binding)))
                    return tm.scale(found, 1 / times)
        return None

    return rule


def _never(work: Normaliser, term: Term) -> Poly | None:
    return None


def _turned(pattern: Expr, symmetric: frozenset[str]) -> tuple[Expr, ...]:
    """A pattern with the last two positions of symmetric tensors in either order, and inverses and
    powers as those of the transpose."""
    found = [e for e in elements(pattern) if e.tensor in symmetric and len(e.args) > 1]
    forms: list[Expr] = []
    for chosen in product((False, True), repeat=min(len(found), _MOST_TURNED)):
        swapped = frozenset(e for e, turn in zip(found, chosen, strict=False) if turn)

        def turn(node: Node, swapped: frozenset[Element] = swapped) -> Node:
            if not isinstance(node, Element) or node not in swapped:
                return node
            return Element(node.tensor, (*node.args[:-2], node.args[-1], node.args[-2]))

        turned = rebuild(pattern, turn)
        forms += [tm.in_order(turned), tm.in_order(rebuild(turned, _of_transpose))]
    return tuple(dict.fromkeys(forms))


def _of_transpose(node: Node) -> Node:
    """``inv(A)[i,j]`` as ``inv(A.T)[j,i]``."""
    if not isinstance(node, Matrix) or node.op not in ("inv", "matpow"):
        return node
    row, column, at = node.column, node.row, node.at[::-1]
    return canonical(Matrix(node.op, row, column, node.size, node.body, node.power, at))


def candidates(term: Term, pattern: Expr) -> Iterator[tuple[Expr, Term]]:
    """Parts of a term that a pattern may match, each with the rest of the term."""
    if isinstance(pattern, Reduce):
        depth = _depth(pattern)
        if math.perm(len(term.bound), depth) <= _MOST_PRODUCTS:
            for part, rest in parts_by_indices(term, depth):
                with suppress(TooLarge):  # other parts may have ranges that can be said
                    yield expression({part: Fraction(1)}), rest
    if isinstance(pattern, Mul):
        yield from _products(term, pattern)
    for position, (atom, exponent) in enumerate(term.factors):
        if exponent.denominator == 1 and exponent > 0 and _alike(pattern, atom, exponent):
            others = term.factors[:position] + term.factors[position + 1 :]
            for used in range(1, int(exponent) + 1):
                kept = tm.merged(others, tm.sorted_factors([(atom, exponent - used)]))
                single = expression(tm.atom(atom, used))
                yield single, Term(term.bound, term.conds, kept)


def _depth(pattern: Expr) -> int:
    """How many sums a pattern is, one in the other."""
    depth = 0
    while isinstance(pattern, Reduce) and pattern.op == "sum":
        pattern, depth = pattern.body, depth + 1
    return depth


def _products(term: Term, pattern: Mul) -> Iterator[tuple[Expr, Term]]:
    """Products of as many factors of a term as the pattern has, of the same kinds."""
    choices = [
        [a for a, e in term.factors if e.denominator == 1 and e > 0 and _alike(part, a, e)]
        for part in pattern.factors
    ]
    if math.prod(len(row) for row in choices) > _MOST_PRODUCTS:
        return
    for atoms in product(*choices):
        if len(set(atoms)) == len(atoms):
            whole = tm.sorted_factors((atom, Fraction(1)) for atom in atoms)
            rest = tm.merged(term.factors, tuple((atom, -e) for atom, e in whole))
            product_ = expression({Term((), (), whole): Fraction(1)})
            yield product_, Term(term.bound, term.conds, rest)


def _alike(pattern: Expr, atom: Expr, exponent: Fraction) -> bool:
    """Whether a pattern can match a power of an atom."""
    if isinstance(pattern, Element):
        return isinstance(atom, Element) and atom.tensor == pattern.tensor
    return type(pattern) is type(atom) or (isinstance(pattern, Pow) and exponent > 1)


def _lies_in(
    binding: Mapping[Index, Affine], ranges: Mapping[Index, Range], known: tuple[Affine, ...]
) -> bool:
    """Whether what indices stand for lies in their ranges, which may speak of other indices."""
    return all(
        follows(known, af.minus(value, substitute(ranges[index].lo, binding)))
        and follows(known, af.minus(substitute(ranges[index].hi, binding), value))
        for index, value in binding.items()
    )
