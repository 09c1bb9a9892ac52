"""Proved claims about products, read from right to left.

``ah[t] = Π_{s<=t} c[s] a[t]`` says what ``Π c a`` is, too: ``Σ a[T-1] = 1/Π c`` follows from
``Σ ah[T-1] = 1`` once it is multiplied by the product.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from fractions import Fraction

from einrnn.core.nodes import Expr, Mul
from einrnn.core.traverse import tensors
from einrnn.symbolic.normal import terms as tm
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Poly, Term
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.entries import Chosen
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Lemma, Proof, Statement, compatible, noting, usable


def by_turned(
    opener: Opener,
    lemmas: Sequence[Lemma],
    statement: Statement,
    difference: Poly,
    chosen: Chosen,
) -> Proof | None:
    """Equal by lemmas of which those about products have these on the left, once the difference
    is multiplied by what stands below its quotients."""
    about = tensors(expression(difference))
    turned = [lemma for lemma in _turned(opener, lemmas) if lemma.about <= about]
    if not turned or opener.expired():
        return None
    names = {lemma.name for lemma in turned}
    others = (lemma for lemma in lemmas if lemma.name not in names)
    fired: dict[str, None] = {}
    used = compatible((*others, *turned), opener.clock.behind)
    work = opener.hurried().normaliser(
        statement, tuple(noting(lemma.name, lemma.rule, fired) for lemma in used)
    )
    cleared = work.canonical(work.times(_divisors(difference), difference))
    left = opener.without(work, expression(cleared), chosen)
    if not is_zero(work, work.poly(left)):
        return None
    return Proof("normal form", (f"with {', '.join(f'[{name}]' for name in fired)}",))


def _turned(opener: Opener, lemmas: Sequence[Lemma]) -> list[Lemma]:
    products = [
        Lemma(name, replace(given, left=given.right, right=given.left))
        for name, given in ((lemma.name, lemma.statement) for lemma in lemmas)
        if isinstance(given.right, Mul)
    ]
    return [one for one in usable(products) if opener.defined.may_replace(one.statement)]


def _divisors(poly: Poly) -> Term:
    """What stands below the quotients of a polynomial, wherever it has a value: none that a
    condition or an empty range may leave out."""
    lowest: dict[Expr, Fraction] = {}
    for term in poly:
        for atom, exponent in () if term.conds else term.factors:
            if exponent < 0 and exponent.denominator == 1:
                lowest[atom] = min(exponent, lowest.get(atom, exponent))
    return Term((), (), tm.sorted_factors((atom, -exponent) for atom, exponent in lowest.items()))
