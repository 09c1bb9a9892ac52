"""What is known of a free index says nothing of a bound one of the same name."""

import pytest

from einrnn.core import affine as af
from einrnn.core.build import total
from einrnn.core.nodes import Index, Mul
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.rebuild import expression
from tests.builders import LETTERS, entry, size

N, M = size("N"), size("M")


@pytest.mark.parametrize("name", ["·0", "·1", "·b0", "·p0", "k"])
def test_a_sum_keeps_its_range(name: str):
    """The index of that name stays below N, and N is at most M: were its range taken for that
    of the sum over M, the end of the sum would follow from it and be lost."""
    free = af.of(Index(name))
    known = (free, af.minus(af.last(N), free), af.minus(M, N))
    work = Normaliser(known)
    longer = Mul((total(LETTERS["k"], M, entry("x", "k")), total(LETTERS["k"], M, entry("y", "k"))))
    shorter = Mul(
        (total(LETTERS["k"], N, entry("x", "k")), total(LETTERS["k"], N, entry("y", "k")))
    )
    found = work.canonical(work.poly(longer))
    assert work.canonical(found) == found
    assert all(len(term.conds) == 2 * len(term.bound) == 4 for term in found)
    assert expression(found) is not expression(work.canonical(work.poly(shorter)))
