"""Relations between values of functions that grow."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

LAWS = {
    "exponentials": "[exp(x) > exp(y)] = [x > y]",
    "exponentials that fall": "[exp(-x) < exp(-y)] = [x > y]",
    "an exponential above one": "[exp(x + y) >= 1] = [x + y >= 0]",
    "beside a positive factor": "[p exp(x) > p exp(y)] = [x > y]",
    "a threshold of a sigmoid": "[sigmoid(x) > 1/2] = [x > 0]",
    "a sigmoid below": "[sigmoid(x) < 1/2] + [sigmoid(x) == 1/2] = [x <= 0]",
    "sigmoids": "[sigmoid(x) >= sigmoid(y)] = [x >= y]",
    "sigmoids together": "[sigmoid(x) + sigmoid(y) > 1] = [x + y > 0]",
    "a sign": "[tanh(x) > 0] = [x > 0]",
    "opposites": "[2 atan(x) < -2 atan(y)] = [x < -y]",
}
TRAPS = {
    "another threshold": "[sigmoid(x) > 1/3] = [x > 0]",
    "another factor": "[exp(x) > 2 exp(y)] = [x > y]",
    "strict or not": "[exp(x) > exp(y)] = [x >= y]",
    "two functions": "[tanh(x) > sigmoid(y)] = [x > y]",
    "above a number": "[tanh(x) + tanh(y) > 1] = [x + y > 0]",
    "an even function": "[cosh(x) > cosh(y)] = [x > y]",
    "twice": "[2 sigmoid(x) > sigmoid(y)] = [x > y]",
    "sigmoids apart": "[sigmoid(x) - sigmoid(y) > 1] = [x - y > 0]",
    "where one has no value": "[log(x) > log(y)] - [x > y] + abs(p) = abs(-p) + [p < x]",
}
INPUTS = "input x, y, p positive\n[1] "


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(INPUTS + LAWS[name])
    assert error_in_numbers(INPUTS + LAWS[name]) < 1e-10


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_law_is_not_proved(name: str):
    assert refused(INPUTS + TRAPS[name])
