"""Random numbers that tell what is not 0: they agree with the interpreter, and never object to
what is."""

import random
from fractions import Fraction

import numpy as np
import pytest

from einrnn.core import affine as af
from einrnn.core.build import ONE, apply, delta, div, neg, number, power, sub, total
from einrnn.core.model import Fact, Input, Model
from einrnn.core.nodes import Add, Element, Expr, Index, Mul, Reduce, Value
from einrnn.numeric.interpret import Interpreter
from einrnn.symbolic.normal import sampled
from einrnn.symbolic.normal.domain import known_from
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.facts import Facts
from einrnn.symbolic.normal.stated import facts_of
from einrnn.symbolic.normal.terms import TooLarge, plus, scale
from tests.builders import LETTERS, entry, size
from tests.soundness.generator import FREE, MODEL, RANK, Maker, N

I, J, K = (LETTERS[i] for i in "ijk")
X, Y = entry("x", "i"), entry("y", "j")


def over(letter: Index, body: Expr, name: str = "N") -> Expr:
    return total(letter, size(name), body)


def unsimplified(*exprs: Expr, facts: Facts | None = None) -> tuple[Normaliser, dict]:
    """The sum of expressions that are normalised one by one, without any rules."""
    work = Normaliser(known_from(FREE), facts=facts or Facts())
    return work, plus(work.poly(expr) for expr in exprs)


POSITIVE = Add((ONE, power(X, 2)))
TWICE = apply("sigmoid", Mul((number(2), X)))
SIGMOID = apply("sigmoid", X)
ALIKE = {
    "quotient": (div(X, Add((ONE, X))), sub(ONE, div(ONE, Add((ONE, X))))),
    "sigmoid": (SIGMOID, div(apply("exp", X), Add((ONE, apply("exp", X))))),
    "tanh": (apply("tanh", X), sub(Mul((number(2), TWICE)), ONE)),
    "relu": (apply("relu", X), apply("max", X, number(0))),
    "root": (
        power(Add((ONE, power(X, 2))), Fraction(1, 2)),
        apply("sqrt", Add((ONE, power(X, 2)))),
    ),
    "peeled": (
        over(K, entry("x", "k")),
        Add(
            (
                Reduce("sum", K, af.ZERO, af.last(af.last(size("N"))), entry("x", "k")),
                Reduce("sum", K, af.last(size("N")), af.last(size("N")), entry("x", "k")),
            )
        ),
    ),
    "divisor inside": (
        over(K, div(entry("x", "k"), Add((X, entry("x", "k"))))),
        sub(Value(size("N")), over(K, div(X, Add((X, entry("x", "k")))))),
    ),
    "symmetric": (entry("S", "i", "j"), entry("S", "j", "i")),
}


@pytest.mark.parametrize("name", ALIKE)
def test_what_is_zero_is_let_through(name: str) -> None:
    left, right = ALIKE[name]
    work, poly = unsimplified(left, neg(right), facts=facts_of(MODEL))
    assert not sampled.surely_differs(work, poly)


NEAR = {
    "quotient": (div(X, Add((ONE, X))), sub(ONE, div(X, Add((ONE, X))))),
    "sigmoid": (SIGMOID, div(ONE, Add((ONE, apply("exp", X))))),
    "sign": (apply("tanh", X), neg(apply("tanh", X))),
    "index": (Mul((X, Y)), Mul((X, entry("y", "i")))),
    "sum": (over(K, entry("x", "k")), Mul((Value(size("N")), X))),
    "transposed": (entry("A", "i", "j"), entry("A", "j", "i")),
    "delta": (delta(af.of(I), af.of(J)), ONE),
    "bracket": (apply("relu", X), X),
    "one more": (
        Reduce("sum", K, af.ZERO, af.of(I), entry("x", "k")),
        Reduce("sum", K, af.ZERO, af.last(af.of(I)), entry("x", "k")),
    ),
}


@pytest.mark.parametrize("name", NEAR)
def test_near_misses_are_told(name: str) -> None:
    left, right = NEAR[name]
    work, poly = unsimplified(left, neg(right))
    assert sampled.surely_differs(work, poly)


@pytest.mark.parametrize("seed", range(60))
def test_values_are_those_of_the_interpreter(seed: int) -> None:
    expr = Maker(random.Random(seed)).expression(3)
    work = Normaliser(known_from(FREE), facts=facts_of(MODEL))
    try:
        poly = work.poly(expr)
    except TooLarge:
        pytest.skip("too large for a normal form")
    for sample in sampled.samples(work, poly):
        try:
            value = sample.poly(poly)
        except (sampled.NoValue, ZeroDivisionError, OverflowError):
            continue
        count = sample.sizes.get(N.terms[0][0], 3)
        arrays = {
            name: np.array(
                [
                    sample.value(Element(name, tuple(af.of(place) for place in at)))
                    for at in np.ndindex((count,) * rank)
                ]
            ).reshape((count,) * rank)
            for name, rank in RANK.items()
        }
        scope = {letter: sample.scope[letter] for letter in FREE}
        expected = float(Interpreter(MODEL, {"N": count}, arrays).value(expr, scope))
        assert value == pytest.approx(expected, rel=1e-7, abs=1e-9 * max(1.0, sample.largest))


def test_what_is_tied_is_left_alone() -> None:
    hot = Model({"N": None}, {"y": Input("y", (size("N"),), (Fact("one-hot", 0),))})
    work = Normaliser(known_from(FREE), facts=facts_of(hot))
    poly = plus((work.poly(over(K, entry("y", "k"))), scale(work.poly(ONE), Fraction(-1))))
    assert poly
    assert not sampled.surely_differs(work, poly)
