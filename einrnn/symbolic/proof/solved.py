"""A statement about a sum, as one about an entry of a definition that is in it:
``y[n] - f[n] = l a[n]`` says what ``f[n]`` is."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from einrnn.core.build import ZERO, sub
from einrnn.core.traverse import tensors
from einrnn.symbolic.normal.domain import known_from
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import Poly, TooLarge
from einrnn.symbolic.proof.defined import Defined
from einrnn.symbolic.proof.induction import single_entry
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Lemma, Statement, usable


def solved_for(defined: Defined, lemma: Lemma) -> Lemma | None:
    """The lemma as one about the last of the definitions that it may be about, if that has values
    only where both of its sides have."""
    statement = lemma.statement
    if statement.condition is not None:
        return None
    known = known_from(statement.ranges)
    try:
        difference = Normaliser(known).poly(sub(statement.left, statement.right))
    except TooLarge:
        return None
    sides, order = (statement.left, statement.right), defined.names
    forms = usable(Lemma(lemma.name, form) for form in _forms(statement, difference))
    good = [
        form
        for form in forms
        if form.about <= frozenset(order) and defined.follow(form.statement.left, sides, known)
    ]
    return max(good, key=lambda form: max(map(order.index, form.about)), default=None)


def with_entry_apart(opener: Opener, statement: Statement) -> Statement | None:
    """A statement that a sum is 0, as one of what an entry in it is that recurs, a derivative if
    there is one: induction speaks of entries."""
    if statement.right is not ZERO:
        return None
    try:
        work = opener.normaliser(statement, ())
        forms = list(_forms(statement, work.poly(statement.left)))
    except TooLarge:
        return None
    derived = opener.model.derived.keys()
    own = [form for form in forms if any(map(opener.clock.recurs, tensors(form.left)))]
    own.sort(key=lambda form: not tensors(form.left) <= derived)
    return own[0] if own else None


def _forms(statement: Statement, difference: Poly) -> Iterator[Statement]:
    """The statement solved for each entry that is a term by itself."""
    for term, times in difference.items():
        entry = single_entry(term)
        if entry is not None:
            rest = {other: -c / times for other, c in difference.items() if other is not term}
            yield replace(statement, left=entry, right=expression(rest))
