"""Clipped values and others that conditions compare with several bounds."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

GIVEN = "dim N\ninput r, c positive, d, e positive, x[N], y[N]\nindex i : N\n"
RIGHT = {
    "between two bounds": "[abs(r) <= c] = [r <= c] [-c <= r]",
    "strictly": "[abs(r) < d] = [r < d] [-d < r]",
    "a clipped value": "max(-c, min(r, c)) = { r if abs(r) <= c ; c sign(r) otherwise }",
    "in three branches": "max(-c, min(r, c)) = { -c if r < -c ; r if r <= c ; c otherwise }",
    "in either order": "min(max(r, -c), c) = max(min(r, c), -c)",
    "one bound beyond another": "[r > c + e] [r > c] = [r > c + e]",
    "a product with a sign": "[x[i] > c] abs(x[i]) = [x[i] > c] x[i]",
    "a hinge and a loss": "relu(r - c) [r > 0] = relu(r - c)",
    "three orders": "[r > d] [d > x[i]] [r > x[i]] = [r > d] [d > x[i]]",
    "at a bound": "r [r >= c] [r <= c] = c [r == c]",
    "in a sum": "sum[i] [x[i] > c] [x[i] > 0] y[i] = sum[i] [x[i] > c] y[i]",
    "a stable softplus": "log(1 + exp(r)) = max(r, 0) + log(1 + exp(-abs(r)))",
    "a stable logsumexp": "log(exp(r) + exp(d)) = max(r, d) + log(1 + exp(-abs(r - d)))",
    "cases in a function": "exp({ r if r > 0 ; -r otherwise }) = exp(abs(r))",
    "losses in a sum": (
        "sum[i] (-d log(sigmoid(x[i])) - (1 - d) log(1 - sigmoid(x[i])))"
        " = sum[i] (max(x[i], 0) - d x[i] + log(1 + exp(-abs(x[i]))))"
    ),
    "a hinge and its slope": "max(0, 1 - d r) [d r < 1] = max(0, 1 - d r)",
    "tanh by exp of a size": "tanh(r) = sign(r) (1 - exp(-2 abs(r))) / (1 + exp(-2 abs(r)))",
}
WRONG = {
    "bounds of no sign": "[r > d] [r > -d] = [r > d]",
    "a clipped value by no bound": (
        "max(-d, min(r, d)) = { r if abs(r) <= d ; d sign(r) otherwise }"
    ),
    "a sum of others": "sum[i] [x[i] > c] y[i] = sum[i] [x[i] > 0] y[i]",
    "nothing between": "[r > c] + [r < c] = 1",
    "at a bound": "[r >= c] [r <= c] = 0",
    "strict or not": "[abs(r) <= c] = [r < c] [-c <= r]",
    "two orders": "[r > d] [d > x[i]] = [r > x[i]]",
    "a product of bounds": "[r > c e] [r > c] = [r > c e]",
    "squares": "[r > d^2] [r > 0] = [r >= d^2]",
    "softplus without the size": "log(1 + exp(r)) = max(r, 0) + log(1 + exp(-r))",
    "another size": "log(exp(r) + exp(d)) = max(r, d) + log(1 + exp(-abs(r + d)))",
    "cases the other way round": "exp({ r if r < 0 ; -r otherwise }) = exp(abs(r))",
    "a sign in a function": "exp(sign(r) d) = exp(d)",
    "not at 0": "exp(sign(r)^2) = exp(1)",
    "a hinge the other way": "max(0, 1 - d r) [d r > 1] = max(0, 1 - d r)",
}


@pytest.mark.parametrize("name", RIGHT)
def test_it_is_proved(name: str) -> None:
    text = GIVEN + f"[1] {RIGHT[name]}\n"
    assert proved(text)
    assert error_in_numbers(text) < 1e-9


@pytest.mark.parametrize("name", WRONG)
def test_what_is_false_somewhere_is_not(name: str) -> None:
    assert refused(GIVEN + f"[1] {WRONG[name]}\n")
