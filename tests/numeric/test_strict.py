"""Arithmetic that says where there is no value, or where rounding decides which."""

import math
from fractions import Fraction

import numpy as np
import pytest

import einrnn
from einrnn.errors import EvaluationError
from einrnn.numeric.interpret import Interpreter
from einrnn.numeric.strict import STRICT, NoValue

ROOT = STRICT.function("sqrt")(Fraction(2))
SQUARE = STRICT.multiply([ROOT, ROOT])
# 0 but for rounding
NOTHING = STRICT.add([SQUARE, Fraction(-2)])

NO_VALUE = {
    "a division by 0": lambda: STRICT.power(Fraction(0), Fraction(-1)),
    "a division by what rounding left": lambda: STRICT.power(NOTHING, -1),
    "a large multiple of it": lambda: STRICT.power(STRICT.multiply([NOTHING, 1e9]), -1),
    "a tie": lambda: STRICT.relation("==")(SQUARE, Fraction(2)),
    "a sign": lambda: STRICT.function("sign")(NOTHING),
    "a logarithm": lambda: STRICT.function("log")(Fraction(0)),
    "a root": lambda: STRICT.function("sqrt")(Fraction(-1)),
    "a largest of none": lambda: STRICT.reduction("max")([]),
    "an inverse": lambda: STRICT.matrix_power([[0.1, 0.2], [0.3, 0.6]], -1),
}


@pytest.mark.parametrize("name", NO_VALUE)
def test_there_is_no_value(name: str) -> None:
    with pytest.raises(NoValue):
        NO_VALUE[name]()


def test_values_that_are_sure() -> None:
    small = STRICT.function("exp")(Fraction(-40))
    assert STRICT.relation(">")(small, Fraction(0))
    assert STRICT.power(small, -1) == pytest.approx(math.exp(40))
    assert STRICT.function("sqrt")(Fraction(9, 4)) == Fraction(3, 2)
    assert STRICT.multiply([Fraction(0), small]) == 0
    assert STRICT.relation("==")(0.5, 0.5)
    inverse = STRICT.matrix_power([[2.0, 0.0], [0.0, 4.0]], -1)
    assert inverse is not None
    np.testing.assert_allclose(np.array(inverse, float), [[0.5, 0], [0, 0.25]])


def test_a_negative_power_of_a_singular_matrix() -> None:
    document = einrnn.parse("input A[N,N]\nB[k,i,j] := matpow(A, k-1)[i,j]\nindex k : K\n")
    interpreter = Interpreter(document.model, {"N": 2, "K": 2}, {"A": np.ones((2, 2))})
    assert interpreter.entry("B", (1, 0, 0)) == 1
    with pytest.raises(EvaluationError, match="singular"):
        interpreter.entry("B", (0, 0, 0))
