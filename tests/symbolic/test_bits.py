"""Functions of entries that are 0 or 1."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

LAWS = {
    "an exponential": "exp(k x) = 1 - k + k exp(x)",
    "the larger": "max(k, l) = k + l - k l",
    "the smaller": "min(k, l) = k l",
    "a distance": "abs(m[i] - m[j]) = m[i] + m[j] - 2 m[i] m[j]",
    "an odd function": "tanh(k x) = k tanh(x)",
    "inside a sum": "sum[i] exp(m[i] z[i]) = N + sum[i] m[i] (exp(z[i]) - 1)",
    "a label": "-(k log(sigmoid(x)) + (1-k) log(1 - sigmoid(x))) = softplus((1 - 2 k) x)",
    "an entry of a one-hot vector": "exp(y[i] x) = 1 + y[i] (exp(x) - 1)",
    "twice": "exp(k^2 x + k y0) = 1 + k (exp(x + y0) - 1)",
}
TRAPS = {
    "nothing left where it is 0": "exp(k x) = k exp(x)",
    "both": "max(k, l) = k + l",
    "another entry": "exp(m[i] z[j]) = 1 + m[i] (exp(z[i]) - 1)",
    "a softplus": "softplus(k x) = k softplus(x)",
    "a logarithm of it": "log(k) + abs(x) = log(k) + x",
    "a divisor": "exp(x/k) + abs(x) = exp(x/k) + x",
    "what is no bit": "exp(x y0) = 1 - x + x exp(y0)",
}
INPUTS = (
    "dim N\nindex i, j : N\ninput k boolean, l boolean, m[N] boolean, y[N] one-hot in N\n"
    "input x, y0, z[N]\n[1] "
)


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(INPUTS + LAWS[name])
    assert error_in_numbers(INPUTS + LAWS[name]) < 1e-10


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_law_is_not_proved(name: str):
    assert refused(INPUTS + TRAPS[name])
