"""Differences that are multiples: of what is assumed, of themselves one step before; and quotients
by what recurs."""

import random
from fractions import Fraction

import pytest
import sympy

import einrnn
from einrnn.core.nodes import Element, Expr
from einrnn.symbolic.normal.ideal import is_combination
from einrnn.symbolic.normal.terms import Poly, Term
from tests.symbolic.proving import error_in_numbers, proved, refused

PROD = "dim T\ninput f[T], g, c[T]\nindex t : T\n"
FIXED = """dim T
input a, p, q, r positive, s positive, u[T], c[T]
assume [h1] p = a p + q
assume [h2] s (s + r) = a^2 s r + q (s + r)
assume [h3] s^2 = q s + r
assume [h4] u[t]^2 = c[t] u[t] + 1
"""
FILTER = """dim T
index t : T
input F, Q positive, R positive, P0 positive
M[t] := F^2 P[t-1] + Q with M[0] := P0
P[t] := R M[t]/(M[t] + R)
C[t] := P[t] F/M[t+1] with C[T-1] := 0
"""
GAIN = """dim T
index t : T
input P0 positive, r positive, q
P[t] := P[t-1] r/(P[t-1] + r) + q with P[-1] := P0
"""
LAWS = {
    "what is left of one": PROD
    + "[1] sum[r=0..t] (1 - f[r]) prod[k=r+1..t] f[k] + prod[k=0..t] f[k] = 1",
    "what comes later": PROD
    + "[1] sum[r=t..T-1] (1 - f[r]) prod[k=t..r-1] f[k] = 1 - prod[k=t..T-1] f[k]",
    "to the end": PROD + "[1] sum[r] f[r] prod[k=r+1..T-1] (1 - f[k]) = 1 - prod[k] (1 - f[k])",
    "discounted": PROD + "[1] (1 - g) sum[r=0..t] g^(t-r) = 1 - g^(t+1)",
    "one assumption": FIXED + "[1] p (1 - a) = q using h1",
    "divided": FIXED + "[1] a^2 s r/(s + r) + q = s using h2",
    "a power": FIXED + "[1] s^3 = (q^2 + r) s + q r using h3",
    "by an entry": FIXED + "[1] s = q + r/s using h3",
    "two of them": FIXED + "[1] p s^2 = (a p + q) (q s + r) using h1, h3",
    "at one position": FIXED + "[1] u[t+1] - c[t+1] = 1/u[t+1] using h4 for t < T-1",
    "a smoother's gain": FILTER + "[1] 1 - C[t] F = Q/M[t+1] for t < T-1",
    "through quotients": GAIN + "[1] dP[t]/dP0 = prod[k=0..t] r^2/(P[k-1] + r)^2",
}
TRAPS = {
    "one factor more": PROD
    + "[1] sum[r=0..t] (1 - f[r]) prod[k=r..t] f[k] + prod[k=0..t] f[k] = 1",
    "another constant": PROD
    + "[1] sum[r=0..t] (1 - f[r]) prod[k=r+1..t] f[k] + prod[k=0..t] f[k] = 2",
    "nearly a power": FIXED + "[1] s^3 = (q^2 + r) s + q using h3",
    "at another position": FIXED + "[1] u[t]^2 = c[t+1] u[t] + 1 using h4 for t < T-1",
    "not named": FIXED + "[1] p (1 - a) = q",
    "one step off": GAIN + "[1] dP[t]/dP0 = prod[k=0..t] r^2/(P[k] + r)^2",
}


@pytest.mark.parametrize("name", LAWS)
def test_a_law_is_proved_and_holds_in_numbers(name: str) -> None:
    assert proved(LAWS[name])
    assert error_in_numbers(LAWS[name]) < 1e-9


@pytest.mark.parametrize("name", TRAPS)
def test_a_near_miss_is_not_proved(name: str) -> None:
    assert refused(TRAPS[name])


SYMBOLS = sympy.symbols("x y z")
ATOMS: tuple[Expr, ...] = tuple(Element(str(symbol), ()) for symbol in SYMBOLS)


def as_poly(expr: sympy.Expr) -> Poly:
    """The normal form of a polynomial of sympy."""
    found: Poly = {}
    for exponents, c in sympy.Poly(expr, *SYMBOLS).terms():
        pairs = zip(ATOMS, exponents, strict=True)
        factors = tuple((atom, Fraction(e)) for atom, e in pairs if e)
        found[Term((), (), factors)] = Fraction(int(c))
    return found


def random_poly(rng: random.Random, degree: int) -> sympy.Expr:
    monomials = [
        sympy.prod(s**e for s, e in zip(SYMBOLS, powers, strict=True))
        for powers in sympy.utilities.iterables.multiset_permutations([0, 0, 1, 1, 2, 2], 3)
        if sum(powers) <= degree
    ]
    return sum(rng.randint(-3, 3) * m for m in rng.sample(monomials, 3)) or SYMBOLS[0]


@pytest.mark.parametrize("seed", range(12))
def test_combinations_are_those_of_an_ideal(seed: int) -> None:
    rng = random.Random(seed)
    equations = [random_poly(rng, 2) for _ in range(2)]
    inside = sympy.expand(sum(random_poly(rng, 1) * e for e in equations))
    outside = sympy.expand(inside + random_poly(rng, 1))
    basis = sympy.groebner(equations, *SYMBOLS, order="grevlex")
    rows = [as_poly(e) for e in equations]
    if inside != 0:
        assert is_combination(as_poly(inside), rows)
    if not basis.contains(outside):
        assert not is_combination(as_poly(outside), rows)


def test_what_a_claim_says_to_be_symmetric_is_used_in_later_ones() -> None:
    text = """dim N
input r[N], a[N]
R[i,j] := { r[i-j] if i >= j ; r[j-i] otherwise }
[sym] R[i,j] = R[j,i]
[1] sum[j] R[j,i] a[j] = R[i,j] a[j]
[2] d(sum[i,j] a[i] R[i,j] a[j])/da[k] = 2 R[k,j] a[j]
refute R[i,j] a[j] = 2 R[j,i] a[j]
"""
    verdicts = einrnn.parse(text).check()
    assert [v.verdict for v in verdicts] == ["proved"] * 3 + ["refuted"]


def test_sums_counted_by_each_other_keep_their_dummies_apart() -> None:
    text = """dim T
input rel[2*T-1], g[T,T]
A[i,j] := softmax[j](rel[i-j+T-1])
L := g[i,j] A[i,j]
[zero] sum[m] dL/drel[m] = 0
"""
    (verdict,) = einrnn.parse(text).check(timeout=2)
    assert verdict.verdict in ("proved", "tested")


def test_points_at_which_an_input_vanishes_are_left_out_unless_it_has_to() -> None:
    rayleigh = """dim N
input A[N,N] symmetric, v[N], lam
assume [eig] sum[j] A[i,j] v[j] = lam v[i]
[R] sum[i,j] v[i] A[i,j] v[j]/sum[k](v[k]^2) = lam using eig
"""
    at_rest = """dim T, H
input x[T,H], h0[H]
h[t,i] := tanh(h[t-1,i] + x[t,i]) with h[-1,i] := h0[i]
assume [z] h0[i] = 0
[1] h[0,i] = tanh(x[0,i]) using z
refute h[0,i] = 2 tanh(x[0,i]) using z
"""
    assert [v.verdict for v in einrnn.parse(rayleigh).check()] == ["proved"]
    assert [v.verdict for v in einrnn.parse(at_rest).check()] == ["proved", "refuted"]


def test_a_claim_about_every_time_says_what_holds_at_its_ends() -> None:
    text = """dim T, K
index t : T
input M[T,K,K]
P[t,i,j] := sum[k] P[t-1,i,k] M[t,k,j] with P[-1,i,j] := delta[i,j]
Q[t,i,j] := sum[k] M[t,i,k] Q[t+1,k,j] with Q[T,i,j] := delta[i,j]
[split] sum[k] P[t-1,i,k] Q[t,k,j] = P[T-1,i,j]
[all] Q[0,i,j] = P[T-1,i,j]
[other letters] Q[0,a,b] = P[T-1,a,b]
refute Q[0,i,j] = P[T-1,j,i]
refute Q[0,i,j] = P[0,i,j]
"""
    verdicts = [v.verdict for v in einrnn.parse(text).check()]
    assert verdicts == ["proved"] * 3 + ["refuted"] * 2
