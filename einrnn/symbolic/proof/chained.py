"""Two things that are the same as a third: of ``X = a`` and ``X = b`` follows ``a = b``."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import permutations

from einrnn.core import affine as af
from einrnn.core.build import sub
from einrnn.core.nodes import Element, Expr, Index
from einrnn.core.traverse import substitute, tensors
from einrnn.symbolic.normal.domain import known_from
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.terms import TooLarge
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Lemma, Proof, Statement
from einrnn.symbolic.proof.trace import ByLemmas

_MOST_LETTERS = 4


def by_chain(opener: Opener, statement: Statement, lemmas: Sequence[Lemma]) -> Proof | None:
    """The sides are what two lemmas say of one entry, which has a value wherever the left one
    has."""
    work = opener.normaliser(statement, ())
    try:
        for first in lemmas:
            for mapping in _letters(statement, first.statement):
                if not _is_same(work, statement.left, first.statement.right, mapping):
                    continue
                for second in lemmas:
                    if _says(work, statement, first.statement, second.statement, mapping) and (
                        _has_value(opener, first.statement)
                    ):
                        words = f"with [{first.name}], [{second.name}]"
                        return Proof("normal form", (words,), ByLemmas((first, second)))
    except TooLarge:
        pass
    return None


def _letters(statement: Statement, lemma: Statement) -> Iterator[dict[Index, Index]]:
    """The ways to read the indices of a lemma about one entry as those of a statement."""
    own = _entry_letters(lemma)
    if (
        own is None
        or len(own) > _MOST_LETTERS
        or not tensors(lemma.right) <= tensors(statement.left)
    ):
        return
    for letters in permutations(statement.ranges, len(own)):
        pairs = dict(zip(own, letters, strict=True))
        if all(lemma.ranges[mine] == statement.ranges[other] for mine, other in pairs.items()):
            yield pairs


def _entry_letters(lemma: Statement) -> tuple[Index, ...] | None:
    """The letters of the entry that a lemma without a condition is about, all different."""
    if lemma.condition is not None or not isinstance(lemma.left, Element):
        return None
    letters = tuple(af.letter(at) for at in lemma.left.args)
    found = tuple(letter for letter in letters if letter is not None)
    whole = len(set(found)) == len(letters) and set(found) == set(lemma.ranges)
    return found if whole else None


def _says(
    work: Normaliser,
    statement: Statement,
    first: Statement,
    second: Statement,
    mapping: dict[Index, Index],
) -> bool:
    """Whether a lemma says of the same entry that it is the right side."""
    own = _entry_letters(second)
    if own is None or second is first or not isinstance(second.left, Element):
        return False
    if not isinstance(first.left, Element) or second.left.tensor != first.left.tensor:
        return False
    there = [af.letter(at) for at in first.left.args]
    theirs = {mine: mapping[other] for mine, other in zip(own, there, strict=True) if other}
    if any(second.ranges[mine] != statement.ranges[other] for mine, other in theirs.items()):
        return False
    return _is_same(work, statement.right, second.right, theirs)


def _is_same(work: Normaliser, side: Expr, other: Expr, letters: dict[Index, Index]) -> bool:
    moved = substitute(other, {mine: af.of(theirs) for mine, theirs in letters.items()})
    return not work.poly(sub(side, moved))


def _has_value(opener: Opener, lemma: Statement) -> bool:
    """Whether the entry has a value wherever what it is has one."""
    return opener.defined.follow(lemma.right, (lemma.left,), known_from(lemma.ranges))
