"""Sums over pairs of odd and even functions of differences."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

START = "dim N\ninput W[N,N], s[N], r[N]\n"
LAWS = {
    "even": "[1] sum[i,j] W[i,j] abs(s[i]-s[j]) = sum[i,j] W[j,i] abs(s[i]-s[j])",
    "odd": "[1] sum[i,j] W[i,j] tanh(s[i]-s[j]) = -sum[i,j] W[j,i] tanh(s[i]-s[j])",
    "odd alone": "[1] sum[i,j] sin(s[i]-s[j]) = 0",
    "sigmoids": "[1] sum[i,j] W[i,j] sigmoid(s[i]-s[j]) + sum[i,j] W[j,i] sigmoid(s[i]-s[j]) = "
    "sum[i,j] W[i,j]",
    "two differences": "[1] sum[i,j] W[i,j] tanh(s[i]-s[j]+r[j]-r[i]) = "
    "-sum[i,j] W[j,i] tanh(s[i]-s[j]+r[j]-r[i])",
    "under a condition": "[1] sum[i,j: i < j] tanh(s[i]-s[j]) = -sum[i,j: j < i] tanh(s[i]-s[j])",
    "of a loss that a shift leaves": "L := sum[i,j] W[i,j] log(sigmoid(s[i] - s[j]))\n"
    "[1] sum[k] dL/ds[k] = 0",
}
TRAPS = {
    "even taken for odd": "[1] sum[i,j] W[i,j] abs(s[i]-s[j]) = -sum[i,j] W[j,i] abs(s[i]-s[j])",
    "odd taken for even": "[1] sum[i,j] W[i,j] tanh(s[i]-s[j]) = sum[i,j] W[j,i] tanh(s[i]-s[j])",
    "not a difference": "[1] sum[i,j] W[i,j] sin(s[i]-2 s[j]) = -sum[i,j] W[j,i] sin(s[i]-2 s[j])",
    "one index weighted": "[1] sum[i,j] r[i] tanh(s[i]-s[j]) = 0",
    "one order only": "[1] sum[i,j: i < j] tanh(s[i]-s[j]) = 0",
    "a square of what is odd": "[1] sum[i,j] W[i,j] tanh(s[i]-s[j])^2 = "
    "-sum[i,j] W[j,i] tanh(s[i]-s[j])^2",
    "neither": "[1] sum[i,j] W[i,j] exp(s[i]-s[j]) = sum[i,j] W[j,i] exp(s[i]-s[j])",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(START + LAWS[name])
    assert error_in_numbers(START + LAWS[name]) < 1e-10


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_law_is_not_proved(name: str):
    assert refused(START + TRAPS[name])
