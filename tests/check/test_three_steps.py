"""Sums and recurrences over a number of steps that the document fixes."""

from pathlib import Path

import einrnn
from einrnn.core import affine as af
from einrnn.core.model import Range
from einrnn.core.nodes import Mul, Reduce
from einrnn.symbolic.normal.domain import known_from
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.finish import unrolled
from einrnn.symbolic.normal.rebuild import expression
from tests.builders import LETTERS, at, entry
from tests.builders import size as size_of

SPECS = Path(__file__).parents[2] / "specs"


def test_gradients_by_hand_at_three_steps_are_proved():
    report = einrnn.load(SPECS / "three_steps.ein").check()
    assert [v.verdict for v in report] == ["proved", "proved", "refuted"]


def test_a_sum_over_numbers_is_written_out_and_another_is_not():
    k, i = LETTERS["k"], LETTERS["i"]
    work = Normaliser(known_from({i: Range(af.ZERO, af.last(size_of("N")))}))
    few = Reduce("sum", k, af.ZERO, at("2"), Mul((entry("x", "k"), entry("x", "i"))))
    rows = unrolled(work.poly(few))
    assert work.simple(expression(rows)) is work.simple(
        expression(work.poly(_written(entry("x", "i"))))
    )
    whole = Reduce("sum", k, af.ZERO, at("i"), entry("x", "k"))
    assert unrolled(work.poly(whole)) == work.poly(whole)


def _written(factor):
    from einrnn.core.build import number
    from einrnn.core.nodes import Add, Element

    terms = [Mul((Element("x", (af.of(n),)), factor)) for n in range(3)]
    return Add((*terms, number(0)))
