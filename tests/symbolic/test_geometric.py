"""Sums of powers whose exponent is the index, and claims that drift apart by a factor."""

import pytest

from tests.symbolic.proving import error_in_numbers, proved, refused

LAWS = {
    "closed": "dim N\ninput a\n[1] (1 - a) sum[k=0..N-1] a^k = 1 - a^N",
    "from a number": "dim N\ninput a\n[1] (a - 1) sum[k=2..N+1] a^k = a^(N+2) - a^2",
    "even powers": "dim N\ninput a\n[1] (1 - a^2) sum[k=0..N] a^(2 k) = 1 - a^(2 N + 2)",
    "interest": "dim N\ninput r\n[1] r sum[k=0..N-1] (1 + r)^k = (1 + r)^N - 1",
    "of two": "dim N\ninput c\n[1] c sum[k=0..N-1] 2^k = c (2^N - 1)",
    "of a half": "dim N\ninput c\n[1] c sum[k=1..N] (1/2)^k = c (1 - (1/2)^N)",
    "may be empty": "input x[T], a\nindex t : T\n"
    "[1] x[t] (1 - a) sum[r=0..t-1] a^r = x[t] (1 - a^t)",
    "of entries": "dim N, H\ninput a[H]\n[1] (1 - a[i]) sum[k=0..N-1] a[i]^k = 1 - a[i]^N",
    "a quotient": "dim N\ninput a\n[1] sum[k=0..N-1] a^k = (1 - a^N)/(1 - a)",
    "affine recurrence": "dim T\ninput a, b, s0\ns[t] := a s[t-1] + b   with s[-1] := s0\n"
    "index t : T\n[1] (1 - a) s[t] = a^(t+1) (1 - a) s0 + b (1 - a^(t+1))",
    "as a sum": "dim T\ninput a, b, s0\ns[t] := a s[t-1] + b   with s[-1] := s0\n"
    "index t : T\n[1] s[t] = a^(t+1) s0 + b sum[r=0..t] a^r",
    "backwards": "dim T\ninput a, b, s1\ns[t] := a s[t+1] + b   with s[T] := s1\n"
    "index t : T\n[1] (1 - a) s[t] = a^(T-t) (1 - a) s1 + b (1 - a^(T-t))",
    "two together": "dim T\ninput a, b, u0, v0\nu[t] := a u[t-1] + b   with u[-1] := u0\n"
    "v[t] := a v[t-1] + b   with v[-1] := v0\nindex t : T\n"
    "[1] u[t] - v[t] = a^(t+1) (u0 - v0)",
    "exponentials": "dim N\ninput a\n[1] (exp(a) - 1) sum[k=0..N-1] exp(a k) = exp(a N) - 1",
    "exponentials that fall": "dim N\ninput a, b\n"
    "[1] (1 - b exp(-2 a)) sum[k=0..N] b^k exp(-2 a k) = 1 - b^(N+1) exp(-2 a (N+1))",
    "a product": "dim N\ninput a, b\n"
    "[1] (1 - 2 a b) sum[k=0..N] (2 a b)^k = 1 - 2^(N+1) a^(N+1) b^(N+1)",
    "beside another sum": "dim N\ninput a, c, g[N]\n"
    "[1] (1 - a) (sum[r] c^r g[r]) (sum[k=0..N] a^k) = (sum[r] c^r g[r]) (1 - a^(N+1))",
    "beside another sum of its powers": "dim N\ninput a, g[N]\nindex t : N\n"
    "[1] (1 - a) (sum[r=0..t] a^(t-r) g[r]) (sum[r=0..t] a^(t-r)) = "
    "(sum[r=0..t] a^(t-r) g[r]) (1 - a^(t+1))",
    "an average with weights that fall": "dim N\ninput a, g[N]\nindex t : N\n"
    "m[t] := a m[t-1] + (1 - a) g[t] with m[-1] := 0\n"
    "[1] m[t]/(1 - a^(t+1)) = (sum[r=0..t] a^(t-r) g[r])/(sum[r=0..t] a^(t-r))",
    "from elsewhere": "dim N\ninput a positive, n\n"
    "[1] (1 - a) sum[k=0..N] a^(k+n+1) = a^(n+1) - a^(n+N+2)",
    "two powers": "dim N\ninput a, b\n[1] (1 - a b) sum[k=0..N] a^k b^k = 1 - (a b)^(N+1)",
}
TRAPS = {
    "an exponential at zero": "dim N\ninput a\n[1] sum[k=0..N-1] exp(a k) = (exp(a N) - 1)/a",
    "a product of others": "dim N\ninput a, b\n[1] (1 - a b) sum[k=0..N] a^k b^k = 1 - a b^(N+1)",
    "beside a sum of others": "dim N\ninput a, c, g[N]\n"
    "[1] (1 - a) (sum[r] c^r g[r]) (sum[k=0..N] c^k) = (sum[r] c^r g[r]) (1 - a^(N+1))",
    "of both indices": "dim N\ninput a, g[N]\n"
    "[1] (1 - a) sum[r] sum[k=0..N] a^(r k) g[r] = sum[r] g[r] (1 - a^(r (N+1)))",
    "from another place": "dim N\ninput a positive, n\n"
    "[1] (1 - a) sum[k=0..N] a^(k+n+1) = a^n - a^(n+N+1)",
    "one too many": "dim N\ninput a\n[1] (1 - a) sum[k=0..N-1] a^k = 1 - a^(N+1)",
    "emptier than empty": "dim N\ninput x[N], a\n"
    "[1] x[i] (1 - a) sum[r=N+2..i] a^r = x[i] (a^(N+2) - a^(i+1))",
    "another ratio": "dim N\ninput a\n[1] (1 - a) sum[k=0..N-1] a^(2 k) = 1 - a^(2 N)",
    "two bounds": "dim N, M\ninput a\n[1] (1 - a) sum[k=0..N-1] a^k [k < M] = 1 - a^N",
    "another start": "dim T\ninput a, b, s0\ns[t] := a s[t-1] + b   with s[-1] := s0\n"
    "index t : T\n[1] (1 - a) s[t] = a^t (1 - a) s0 + b (1 - a^t)",
    "not the first": "dim T\ninput a, u0, v0\nu[t] := a u[t-1]   with u[-1] := u0\n"
    "v[t] := a v[t-1]   with v[-1] := v0\nindex t : T\n[1] u[t] - v[t] = 0",
    "another factor": "dim T\ninput a, c, u0\nu[t] := a u[t-1]   with u[-1] := u0\n"
    "v[t] := c v[t-1]   with v[-1] := u0\nindex t : T\n[1] u[t] - v[t] = 0",
    "not of this time": "dim T\ninput a[T], u0\nu[t] := a[t] u[t-1]   with u[-1] := u0\n"
    "v[t] := a[t-1] v[t-1]   with v[-1] := u0, v[0] := a[0] u0\nindex t : T\n"
    "[1] u[t] - v[t] = 0   for t >= 1",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str):
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-10


@pytest.mark.parametrize("name", TRAPS)
def test_a_false_law_is_not_proved(name: str):
    assert refused(TRAPS[name])


FIBONACCI = "index t : T\nF[t] := F[t-1] + F[t-2] with F[0] := 0, F[-1] := 1\n[1] "
OF_TWO_STEPS = "F[t+1] F[t-1] - F[t]^2 = {} for t < T-1"


def test_a_claim_about_two_steps_that_changes_its_sign():
    assert proved(FIBONACCI + OF_TWO_STEPS.format("(-1)^t"))
    assert error_in_numbers(FIBONACCI + OF_TWO_STEPS.format("(-1)^t")) < 1e-10


@pytest.mark.parametrize("right", ["(-1)^(t+1)", "1", "2 (-1)^t", "(-2)^t"])
def test_the_like_that_is_false(right: str):
    assert refused(FIBONACCI + OF_TWO_STEPS.format(right))
