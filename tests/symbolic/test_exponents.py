"""Powers with symbolic exponents, and closed forms of recurrences that have them."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

LAWS = {
    "one step": "input b\nindex t : T\n[1] b b^t = b^(t+1)",
    "one step back": "input b positive\nindex t : T\n[1] b^(t-1) b = b^t",
    "sum of exponents": "input b positive, x, y\n[1] b^x b^y = b^(x+y)",
    "quotient": "input b positive, x, y\n[1] b^x/b^y = b^(x-y)",
    "square": "input b positive, x\n[1] (b^x)^2 = b^(2 x)",
    "zeroth": "input b\nindex t : T\n[1] sum[r=0..t] [r == t] b^(t-r) = 1",
    "power of a power": "input b positive, x, y\n[1] (b^x)^y = b^(x y)",
    "number": "input x\nindex t : T\n[1] 2^t 2 x = 2^(t+1) x",
    "signs": "input x\nindex t : T\n[1] (-x)^(2 t) (-1)^(t+1) = -x^(2 t) (-1)^t",
    "a product": "input x, y\nindex t : T\n[1] (x^2 y)^t = x^(2 t) y^t",
    "of an exponential": "input x, y, z\n[1] exp(x)^(y z) = exp(x y z)",
    "of nothing": "dim N\ninput x\n[1] x^(N-1) x [x != 0] = x^N",
    "closed form": (
        "input g[T], b\nindex t : T\nv[t] := b v[t-1] + g[t] with v[-1] := 0\n"
        "[1] v[t] = sum[r=0..t] b^(t-r) g[r]"
    ),
}
TRAPS = {
    "even root of an even power": "input b, x\n[1] sqrt(b^(2 x)) = b^x",
    "of nothing to the zeroth": "dim N\ninput x\n[1] x^(N-1) [x != 0] = x^(N-1)",
    "an odd sign": "input x\nindex t : T\n[1] (-x)^t = -x^t",
    "roots of a product": "input x, y\n[1] (x^2 y)^(1/2) = x y^(1/2)",
    "power of a power of any sign": "input b, x, y\n[1] (b^x)^y = b^(x y)",
    "any power of a product": "input x, y, z\n[1] (x y)^z = x^z y^z",
    "product for sum": "input b positive, x, y\n[1] b^x b^y = b^(x y)",
    "power of a power": "input b positive, x\n[1] (b^x)^2 = b^(x^2)",
    "off by one": (
        "input g[T], b\nindex t : T\nv[t] := b v[t-1] + g[t] with v[-1] := 0\n"
        "[1] v[t] = sum[r=0..t] b^(t-r+1) g[r]"
    ),
    "sum of powers": "input b\nindex t : T\n[1] b^t + b^t = b^(2 t)",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-10


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_law_is_not_proved(name: str):
    assert refused(TRAPS[name])
