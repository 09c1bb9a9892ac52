"""Claims whose sides differ by less than floats are trusted with, and claims that only seem to."""

import mpmath
import pytest

import einrnn

FORGOTTEN = {
    "the divisor's epsilon": "x/(sqrt(v) + 1/10^8) = x/sqrt(v)",
    "a digit of pi": "pi = 355/113",
    "the constant of a density": "0.39894228 exp(-x^2/2) = exp(-x^2/2)/sqrt(2 pi)",
    "a factor near one": "exp(x) (1 + 1/10^12) = exp(x)",
    "a sum of squares": "sin(x)^2 + cos(x)^2 = 1 + 1/10^12",
    "a shift inside": "erf(x) = erf(x + 1/10^12)",
    "a shift of a maximum": "max(x, y) = max(x, y + 1/10^12)",
}
TRUE = {
    "angles": "atan(x) + atan(1/x) = pi/2 sign(x)",
    "angles beside a large number": "10^9 + atan(x) + atan(1/x) - 10^9 = pi/2 sign(x)",
    "angles scaled": "10^10 (atan(x) + atan(1/x) - pi/2 sign(x)) = 0",
    "a difference of roots": (
        "10^6 (sqrt(v + 10^9) - sqrt(10^9)) = 10^6 v/(sqrt(v + 10^9) + sqrt(10^9))"
    ),
    "a triple of an angle": "cosh(3 log(w + sqrt(w^2 - 1))) = 4 w^3 - 3 w",
    "an odd function": "10^9 + tan(x) + tan(-x) = 10^9",
    "logarithms": "(log(v + 10^10) - log(10^10)) 10^9 = log(1 + v/10^10) 10^9",
}
INPUTS = "input x, y, v positive\nw := 1 + v\n"


def _verdict(claim: str):
    (verdict,) = einrnn.parse(f"{INPUTS}[1] {claim}\n").check()
    return verdict


@pytest.mark.parametrize("name", FORGOTTEN)
def test_what_is_small_is_not_forgotten(name: str):
    verdict = _verdict(FORGOTTEN[name])
    assert verdict.verdict == "refuted"
    assert verdict.counterexample.hidden


@pytest.mark.parametrize("name", TRUE)
def test_rounding_refutes_nothing(name: str):
    assert _verdict(TRUE[name]).verdict in ("proved", "tested")


def test_the_sides_differ_there_in_many_digits():
    inputs = _verdict(FORGOTTEN["the divisor's epsilon"]).counterexample.inputs
    with mpmath.workdps(50):
        x, v = mpmath.mpf(inputs["x"]), mpmath.mpf(inputs["v"])
        off = x / (mpmath.sqrt(v) + mpmath.mpf(10) ** -8) - x / mpmath.sqrt(v)
        assert abs(off) > 1e-9
