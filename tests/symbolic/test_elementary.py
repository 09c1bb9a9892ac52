"""Identities of elementary functions that the zero test knows, and false ones beside them."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

LAWS = {
    "log sigmoid": "log(sigmoid(x)) = -softplus(-x)",
    "log of the other half": "log(1 - sigmoid(x)) = -softplus(x)",
    "softplus": "softplus(x) - softplus(-x) = x",
    "cross entropy": "-y log(sigmoid(x)) - (1 - y) log(1 - sigmoid(x)) = softplus(x) - y x",
    "odds": "log(sigmoid(x)/(1 - sigmoid(x))) = x",
    "circle": "sin(x)^2 + cos(x)^2 = 1",
    "circle squared": "sin(x)^4 = 1 - 2 cos(x)^2 + cos(x)^4",
    "odd power": "sin(x)^3 + sin(x) cos(x)^2 = sin(x)",
    "tangent": "tan(x) cos(x) = sin(x)",
    "hyperbolic": "cosh(sigmoid(x))^2 - sinh(sigmoid(x))^2 = 1",
    "tanh": "1 - tanh(x)^2 = 1/cosh(x)^2",
    "sine of a sum": "sin(x - y) = sin(x) cos(y) - cos(x) sin(y)",
    "twice an angle": "sin(2 x) = 2 sin(x) cos(x)",
    "three times an angle": "cos(3 x) = 4 cos(x)^3 - 3 cos(x)",
    "difference of fourth powers": "cos(x)^4 - sin(x)^4 = cos(2 x)",
    "product of cosines": "cos(x)^2 cos(y)^2 - sin(x)^2 sin(y)^2 = cos(x + y) cos(x - y)",
    "sine of an angle with that sine": "sin(asin(x)) = x",
    "cosine of an angle with that sine": "sin(x)^2 cos(asin(y))^2 = sin(x)^2 (1 - y^2)",
    "tangent of an angle with that tangent": "tan(atan(x)) = x",
    "half a turn": "cos(x + 3 pi) = -cos(x)",
    "a quarter turn": "sin(pi/2 - x) = cos(x)",
    "log cosh": "log(cosh(x)) = x + log(1 + exp(-2 x)) - log(2)",
}
TRAPS = {
    "sign of log sigmoid": "log(sigmoid(x)) = -softplus(x)",
    "hyperbola for circle": "sin(x)^2 - cos(x)^2 = 1",
    "cosine of a sum": "cos(x + y) = cos(x) cos(y) + sin(x) sin(y)",
    "half of twice an angle": "sin(2 x) = sin(x) cos(x)",
    "an angle with a factor": "sin(y x) = y sin(x)",
    "power of the circle": "sin(x)^3 + cos(x)^3 = 1",
    "an angle with the sine of another": "asin(sin(x)) = x",
    "a third of a turn": "cos(x + 2 pi/3) = cos(x)",
    "a multiple of pi that is not whole": "sin(pi x) = 0",
    "log of a difference": "log(1 - 1/y) = log(y - 1) + log(y)",
    "divisor of unknown sign": "log(1 - 1/(x - y)) = log(x - y - 1) + log(y - x)",
}


def document(claim: str) -> str:
    return f"input x, y\n[1] {claim}"


@pytest.mark.parametrize("name", LAWS)
def test_an_identity_is_proved_and_holds_in_numbers(name: str):
    text = document(LAWS[name])
    assert proved(text)
    assert error_in_numbers(text) < 1e-10


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_one_is_not_proved(name: str):
    assert refused(document(TRAPS[name]))


def test_cosines_at_whole_multiples_of_pi_change_their_sign():
    assert proved("dim N\n[1] sum[i=0..N-1] cos(pi i) = (1 - (-1)^N)/2")
    assert proved("dim N\n[1] sin(pi N + pi/2) = (-1)^N")
    assert refused("dim N\n[1] cos(pi N/2) = 0")
