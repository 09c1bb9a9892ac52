"""What has no value: it stands for nothing that has one, and no claim is refuted by it."""

from __future__ import annotations

import pytest

import einrnn
from tests.soundness.test_found import all_proved, proved_alone

# 0 where it has a value, and none where x + 7 y = 33
ZERO = "(1/(x+7 y-33) - 1/(7 y-33) + x/((7 y-33) (x+7 y-33)))"
START = """dim T, N
input x, y, c, q boolean, r boolean, h[N] one-hot in N, a[N], g[N], m[N] integer in N
"""
INDICES = "index t : T\nindex i, k : N\n"
FREE = "input A, B, E[T], F[T], S[N,N] spd, O[N,N] orthogonal, V[N,N] invertible\n"


def _two(value: str) -> str:
    """Two numbers said to be one value: where that is none nothing is said of them."""
    return f"assume [a] A = {value}\nassume [b] B = {value}\n[1] A = B using a, b"


def _each(value: str) -> str:
    """The same at each time."""
    return f"assume [a] E[t] = {value}\nassume [b] F[t] = {value}\n[1] E[t] = F[t] using a, b"


# each false at one place, where something on the way has no value
FALSE = {
    "a lemma": f"A := {{1 if x+7 y != 33; 5 otherwise}}\n[l] A = 1 + {ZERO}\n[1] A = 1",
    "a lemma about what is 0": (
        "A := [x == 3]\nC := [x == 3] (x - 3)\n[l] C = 0\n[m] A = C/(x - 3)\n[1] A = 0"
    ),
    "a lemma over time": (
        "A[t] := A[t-1] with A[-1] := [x == 3]\nC[t] := C[t-1] with C[-1] := [x == 3] (x - 3)\n"
        "[l] C[t] = 0\n[m] A[t] = C[t]/(x - 3)\n[1] A[t] = 0"
    ),
    "a hypothesis": (
        "s[t] := s[t-1] with s[0] := {1 if x+7 y != 33; 5 otherwise}\n"
        f"[1] s[t] = {{1 + {ZERO} if t == 0; 1 otherwise}}"
    ),
    "a branch": "[1] {1/(x+7 y-33) if x+7 y != 33; 5 otherwise} (x+7 y-33) = 1",
    "two branches": (
        "[1] {1/(x+y) if x+y != 0; 5 otherwise} = 1/y - x/y {1/(x+y) if x+y != 0; 0 otherwise}"
    ),
    "a branch over indices": "[1] {1/(a[i] - a[k]) if i != k; 5 otherwise} (a[i] - a[k]) = 1",
    "what is left over": "[1] {5 if i == k; 1/(i - k) otherwise} (i - k) = 1",
    "a bracket beside a quotient": "[1] ([x != y]/(x - y) + 5 [x == y]) (x - y) = 1",
    "a definition in a branch": ("A := 1/(x - y)\n[1] {A if x != y; 5 otherwise} (x - y) = 1"),
    "a sum that may be empty": f"[1] sum[k: k < i] {ZERO} + a[i] = a[i] + [x + 7 y == 33]",
    "a sum over all others": f"[1] sum[k: k != i] {ZERO} + a[i] = a[i] + [x + 7 y == 33]",
    "a sum over all but one": f"[1] sum[k=1..N-1] {ZERO} = [x + 7 y == 33]",
    "a sum as far as a look-up": f"[1] sum[k: k < m[i]] {ZERO} + a[i] = a[i] + [x + 7 y == 33]",
    "a sum of numbers": f"[1] sum[k: k < i] k {ZERO} + a[i] = a[i] + [x + 7 y == 33]",
    "a sum of powers": f"[1] sum[k: k < i] 2^k {ZERO} + a[i] = a[i] + [x + 7 y == 33]",
    "a sum over pairs that may be none": (
        FREE + "Z := sum[i,k: i != k] S[i,k]\n[1] [x == 33] (sum[i,k: i != k] S[i,k]/Z - 1) = 0"
    ),
    "a quotient out of an empty sum": "[1] sum[k=1..t] k/t = (t+1)/2",
    "a constant out of an empty sum": "[1] sum[k=1..t] 1/t = 1",
    "a bit": f"[1] {{{ZERO} if q == 1; 0 otherwise}} = [x + 7 y == 33]",
    "one of two bits": f"[1] {{{ZERO} if q == 1 or r == 1; 0 otherwise}} = [x + 7 y == 33]",
    "a one-hot entry": f"[1] {{{ZERO} if h[i] == 1; 0 otherwise}} = [x + 7 y == 33]",
    "a square in a bracket": "[1] x [x^2 == y] = y [x^2 == y]",
    "a quotient in a bracket": "[1] x [1/x + y == 0] = -y [1/x + y == 0]",
    "nothing to the power of nothing": "[1] sum[r=-1..t] 0^(r+1) = 0",
    "a bracket to the power of nothing": "[1] sum[r=-1..t] [x > 0]^(r+1) (1 - [x > 0]) = 0",
    "a difference to the power of nothing": "[1] [x == 3] (x - 3)^(3-t) = 0 for t <= 3",
    "less than, of a bit": "[1] {x if q >= 1/2; 0 otherwise} = x",
    "less than, of numbers": "[1] {1 if x < x + 1; 0 otherwise} = 0",
    "an assumption": (f"assume [z] c exp({ZERO}) exp(-{ZERO}) = 1\n[1] c = 1 using z"),
    "a pattern": (
        f"A := {{1 if x+7 y != 33; 5 otherwise}}\nB := 1 + {ZERO}\n"
        f"[l] A exp({ZERO}) exp(-{ZERO}) = B\n[m] B = 1\n[1] A = 1"
    ),
    "a factor over time": (
        "s[t] := 2 s[t-1] with s[0] := {1 if x+7 y != 33; 5 otherwise}\n"
        f"[1] s[t] = {{1 + {ZERO} if t == 0 ; 2^t otherwise}}"
    ),
    "one more of a sum": (
        "[1] sum[k=0..t] {5 [x+7 y == 33] if k == 0; 0 otherwise}"
        f" = {{{ZERO} if t == 0; 0 otherwise}}"
    ),
    "one more of a product": (
        "[1] prod[k=0..t] {{5 if x+7 y == 33; 1 otherwise} if k == 0; 1 otherwise}"
        f" = {{1 + {ZERO} if t == 0; 1 otherwise}}"
    ),
    "one more of a size": (
        "[1] sum[k=0..N-1] {5 [x+7 y == 33] if k == 0; 0 otherwise}"
        f" = {{{ZERO} if N == 1; 0 otherwise}}"
    ),
    "the same summands": (
        "s[t] := s[t-1] with s[0] := {1 if x+7 y != 33; 5 otherwise}\n"
        f"[1] sum[t] s[t] = {{T + {ZERO} if T == 3; T otherwise}}"
    ),
    "the first two times": (
        "s[t] := s[t-1] with s[0] := {1 if x+7 y != 33; 5 otherwise}\n"
        f"[1] s[t] = {{1 + {ZERO} if t <= 1; 1 otherwise}}"
    ),
    "a factor of all": (
        "[1] x a[i] (1 - {1 if x+7 y != 33; 5 otherwise})"
        f" = {{a[i] x {ZERO} if i == 0; 0 otherwise}}"
    ),
    "a logarithm at one time": (
        "[1] {log(x) if t == 0; 0 otherwise} + abs(x) = {log(x) if t == 0; 0 otherwise} + x"
    ),
    "claims together": (
        "u[t] := v[t-1] with u[0] := 1\n"
        "v[t] := u[t-1] with v[0] := {1 if x+7 y != 33; 5 otherwise}\n"
        f"[2] v[t] = {{1 + {ZERO} if t == 0; 1 otherwise}}\n[1] u[t] = 1"
    ),
    "a divisor that is picked": (
        "[1] x (sum[k] h[k] a[k])/(x - sum[k] h[k] g[k])"
        " - (sum[k] h[k] a[k] g[k])/(x - sum[k] h[k] g[k])"
        " = sum[k] h[k] a[k] + sum[k] a[k] [x == g[k]]"
    ),
    "a natural power of what is 0": (
        "input z\n[1] (x^2 + y - 33)^(N-1) (y - z)/(x^2 + z - 33) = (x^2 + y - 33)^N/(x^2 + z - 33)"
        " - (x^2 + y - 33)^(N-1) + 5 [x^2 + y == 33]"
    ),
    "the same, twice as much": (
        "input z\n[1] (2 x^2 + 2 y - 66)^(N-1) (2 y - 2 z)/(x^2 + z - 33)"
        " = (2 x^2 + 2 y - 66)^N/(x^2 + z - 33)"
        " - 2 (2 x^2 + 2 y - 66)^(N-1) + 5 [x^2 + y == 33]"
    ),
    "a power that is natural at some sizes": (
        "input z\n[1] (x^2 + y - 33)^(N-2) (y - z)/(x^2 + z - 33) = (x^2 + y - 33)^(N-1)/"
        "(x^2 + z - 33) - (x^2 + y - 33)^(N-2) + 5 [x^2 + y == 33]"
    ),
    "a power by a look-up": (
        "input z\n[1] (x^2 + y - 33)^(m[i]-1) (y - z)/(x^2 + z - 33) = (x^2 + y - 33)^m[i]/"
        "(x^2 + z - 33) - (x^2 + y - 33)^(m[i]-1) + 5 [x^2 + y == 33]"
    ),
    "a difference to a natural power": "[1] [x == y] (x-y)^(N-1) = 0",
    "an absolute value to a natural power": "[1] [abs(x) == 0] abs(x)^(N-2) = 0",
    "a derivative to a natural power": (
        "input w[T]\ns[t] := s[t-1] + w[t]^2 with s[-1] := 0\nindex r2 : T\n"
        "[1] [r2 > t] (ds[t]/dw[r2])^(N-1) = 0"
    ),
    "a letter of a matrix": (
        "input v[T], w[T]\ns[t] := s[t-1] + det[t,l]([t == l] + v[t] w[l]) with s[-1] := 0\n"
        "index r2 : T\n[1] ds[t]/dv[r2] = 0 for r2 > t"
    ),
    "a row of a matrix": (
        "dim D = 4\ninput A[D], F[D], v[N]\nindex p : D\n"
        "B := det[p,l]([p == l] + v[l]/(p-401))\n"
        "assume [a] A[p] = B\nassume [b] F[p] = B\n[1] A[p] = F[p] using a, b"
    ),
    "cofactors of what is said to be singular": (
        FREE + "input M[N,N]\nassume [a] det(M) = x - 33\nG := det(M)\n"
        "[1] dG/dM[i,k] [x == 33] = 0 using a"
    ),
    "a condition in another range": (
        "input u, v, w\n[1] sum[k=0..t] {(w-v)/((u+v) (u+w)) if k < N and m[k] == 5 ; 0 otherwise}"
        " = sum[k=0..t] {1/(u+v) - 1/(u+w) if k < N and m[k] == 5 ; 0 otherwise}"
        " + sum[k] [m[k] == 5] [u+v == 0]   for t < N"
    ),
    "conditions of which none may hold": (
        "Z := sum[k] [a[k] > 0]\n[1] sum[k] {1/Z if a[k] > 0 ; 0 otherwise} = 1"
    ),
    "an inverse of what may be 0 times a matrix": (
        "input p[N] probability in N, A[N,N], B[N,N]\n"
        "P[i,k] := inv[j,l](sqrt(p[0]) A[j,l] + B[j,l])[i,k]\n[1] p[0] sum[j] A[i,j] P[j,k] ="
        " sqrt(p[0]) ([i == k] - sum[j] B[i,j] P[j,k]) + [p[0] == 0]"
    ),
    "a determinant of what may be 0 on the diagonal": (
        "input p[N] probability in N, v[N], w[N]\n"
        "P := det[j,l](sqrt(p[0]) [j == l] + v[j] w[l])\n"
        "[1] p[0] P = p[0]^(N/2) (p[0] + sqrt(p[0]) sum[i] v[i] w[i]) + [p[0] == 0]"
    ),
    "a multiple of a lemma by what it multiplies": (
        "input w[T,N], u, v\nassume [e] u = v\n"
        "A[t,k] := A[t-1,k] + w[t,k] with A[-1,k] := 0\n"
        "s[t] := s[t-1] + sum[k] w[t,k] with s[-1] := [v == 0]\nB[t] := v s[t]\n"
        "C[t] := C[t-1] + sum[k] A[t,k] - s[t] with C[-1] := 0\n"
        "[l] u sum[k] A[t,k] = B[t] using e\n[1] C[t] = 0 using l, e"
    ),
    "an empty sum": FREE + "s := sum[r=N..400] exp(r)\n" + _two("1/s"),
    "an empty sum at each time": FREE + "s[t] := sum[r=t..400] exp(r)\n" + _each("log(s[t])"),
    "a recurrence from an empty sum": (
        FREE + "s[t] := s[t-1] exp(E[t]) with s[-1] := sum[r=N..400] 1\n" + _each("1/s[t]")
    ),
    "a multiple of a definite matrix": FREE
    + "s := sum[r=N..400] exp(r)\nW[i,k] := s S[i,k]\n"
    + _two("inv(W)[0,0]"),
    "a definite matrix at some times": FREE + _each("inv[i,k]([t <= 400] S[i,k])[0,0]"),
    "the logarithm of a determinant": FREE + _two("logdet(O)"),
    "the logarithm of another": FREE + _two("logdet(V)"),
    "a root of what is below 0": FREE + _two("(-1)^([x == 33]/2)"),
    "another root": FREE + _two("(-exp(x))^([y == 33]/2)"),
    "nothing times a logarithm": FREE
    + "d := 0*log(x + 33)\nassume [a] A = B + d\n[1] A = B using a",
    "a logarithm less itself": FREE
    + "d := log(x + 33) - log(x + 33)\nassume [a] A = B + d\n[1] A = B using a",
    "a quotient to the power of nothing": FREE
    + "d := (1/(x - 33))^0\nassume [a] A = d\n[1] A = 1 using a",
    "a lost entry beside another": FREE
    + "d[i,k] := 0*log(a[i]) + log(a[k])\nassume [a] g[i] + d[i,k] = log(a[k])\n"
    "[1] g[i] = 0 using a",
    "a second edge": (
        "u[t,i] := u[t-1,i] + u[t-1,i-2] with u[-1,i] := 1, u[-1,-1] := 1, u[-1,-2] := 1,"
        " u[t,-1] := 7, u[t,-2] := 7\n"
        "[1] [x == 33] u[t,i-2] = [x == 33] ([i >= 2] u[t,i-2] + 7 [i == 1])"
    ),
    "a second edge at the end": (
        "u[t,i] := u[t-1,i] + u[t-1,i+2] with u[-1,i] := 1, u[-1,N] := 1, u[-1,N+1] := 1,"
        " u[t,N] := 7, u[t,N+1] := 7\n"
        "[1] [x == 33] u[t,i+2] = [x == 33] ([i <= N-3] u[t,i+2] + 7 [i == N-2])"
    ),
    "a corner": (
        "u[t,i] := u[t-1,i-1] + a[i] with u[t,-1] := 0, u[-1,i] := 0, u[-1,-1] := c\n"
        "[1] u[t,i] = [i >= 1] u[t-1,i-1] + a[i]"
    ),
}


@pytest.mark.parametrize("name", FALSE)
def test_it_does_not_stand_for_what_has_one(name: str) -> None:
    text = START + INDICES + FALSE[name] + "\n"
    assert not proved_alone(text)[-1]


SLICES = """
dim N
input S[N,N,N] symmetric, R[N,N,N] invertible, x
[1] inv[r,c](S[r,c,0])[i,j] = inv[r,c](S[r,c,0])[j,i]
[2] sum[n] S[n,i,k] inv[r,c](S[r,c,k])[n,j] = delta[i,j]
"""


def test_what_is_said_of_the_last_axes_holds_of_no_others() -> None:
    assert not any(proved_alone(SLICES))


# where both sides have values they are equal
TRUE = {
    "an exponential of a logarithm": "[1] exp(log(x)) = abs(x)",
    "a quotient by itself": "[1] x/x = [x != 0]",
    "a root times itself": "[1] x^(1/2) x^(1/2) = abs(x)",
    "positions": "[1] t/t = [t >= 1]",
    "nothing times a logarithm": "[1] 0 log(x) = [x < 0]",
    "a difference of what has no value": "[1] acos(x) - acos(x) = relu(x - 1)",
    "a reciprocal twice": "[1] 1/(1/x) = {x if x != 0 ; 5 otherwise}",
    "a power of -1": "[1] (-1)^x (-1)^x = 1",
    "a bit divided by itself": "[1] q x/q = q x",
    "a sign of a reciprocal": "[1] sign(1/x) = sign(x)",
    "a relation of reciprocals": "[1] [1/x > 0] = [x > 0]",
    "a relation of logarithms": "[1] [log(x) < 0] = [x < 1]",
    "an angle": "[1] [atan(x) + atan(1/x) == pi/2] = [x > 0]",
    "sums in another order": "[1] [x + y + c == c + y + x] = 1",
    "a square": "[1] [(x+y)^2 == x^2 + 2 x y + y^2] = 1",
    "sines": "[1] [sin(x)^2 + cos(x)^2 == 1] = 1",
    "a root of a number": "[1] [sqrt(2)^2 == 2] = 1",
    "the sign of nothing": "[1] sign(sin(pi)) = 0",
    "a derivative where two are equal": "[1] d/dx max(x,y) = [x >= y]",
}


@pytest.mark.parametrize("name", TRUE)
def test_it_refutes_nothing(name: str) -> None:
    (verdict,) = einrnn.parse(START + INDICES + TRUE[name] + "\n").check()
    assert verdict.verdict in ("proved", "tested"), verdict


# true, and proved although something in them may have no value
PROVED = {
    "a gain": (
        "input F positive, H, R positive, P0 positive, z[T]\n"
        "S[t] := H^2 P[t-1] F + R\nK[t] := P[t-1] F H/S[t]\n"
        "P[t] := F P[t-1] - K[t] S[t] K[t] with P[-1] := P0\n"
        "[1] P[t] = F P[t-1] - K[t] H F P[t-1]"
    ),
    "a sum over pairs": (
        FREE + "Z := sum[i,k: i != k] S[i,k]\n[1] sum[i,k: i != k] S[i,k]/Z = 1 for N >= 2"
    ),
    "an adjoint with divisors that are not of time": (
        "input w[T,N]\nd[i] := 1/a[i]\ns[t,i] := d[i] s[t-1,i] + x with s[-1,i] := 0\n"
        "L := sum[t,i] w[t,i] s[t,i]\nl[t,i] := w[t,i] + d[i] l[t+1,i] with l[T,i] := 0\n"
        "[1] dL/ds[t,i] = l[t,i]"
    ),
    "what is the same over time": (
        "input p[N], A[N,N], e[T,N]\n"
        "u[t,k] := e[t,k] A[i,k] f[t-1,i] with u[0,k] := p[k] e[0,k]\n"
        "d[t] := sum[k] u[t,k]\nf[t,k] := u[t,k]/d[t]\n"
        "b[t,i] := A[i,k] e[t+1,k] b[t+1,k]/d[t+1] with b[T-1,i] := 1\n"
        "[1] sum[k] f[t,k] b[t,k] = 1"
    ),
    "a ratio that is the same over time": (
        "input p[N] positive, A[N,N] positive\n"
        "u[t,k] := A[i,k] u[t-1,i]/d[t-1] with u[0,k] := p[k]\n"
        "d[t] := sum[k] u[t,k]\nb[t,i] := A[i,k] b[t+1,k]/d[t+1] with b[T-1,i] := 1\n"
        "[1] sum[k] u[t,k] b[t,k] = d[t]"
    ),
    "a lemma beside its own divisor": (
        "A := sum[i] a[i]/c\n[l] A = 1/c sum[i] a[i]\n[1] c A = sum[i] a[i]"
    ),
    "a power of a time": "[1] y^(t+1) = y y^t",
    "a mean under a mask": ("input w[N] boolean\nZ := sum[k] w[k]\n[1] sum[k] w[k]/Z = 1"),
    "powers that differ by one": (
        "input p[T], z\n[1] sum[t] (1 - p[t])^z = sum[t] (1 - p[t])^(z-1)"
        " - sum[t] p[t] (1 - p[t])^(z-1)"
    ),
    "a guarded quotient": "[1] {c/x if x != 0; 0 otherwise} x = [x != 0] c",
}


@pytest.mark.parametrize("name", PROVED)
def test_what_is_true_is_proved(name: str) -> None:
    assert all_proved(START + INDICES + PROVED[name] + "\n")


# false at plain places, though rounding decides what the sides are at others
REFUTED = {
    "a relation at ties too": "[1] [exp(a[i]) <= exp(a[k])] = [i < k]",
    "a distance at ties too": "[1] [sqrt((a[i] - a[k])^2) <= 0] = 1 - delta[i,k]",
    "nothing times a value": "[1] [q exp(x) > 0] = 1",
    "a root of a bit": "[1] sign(sqrt(q)) = 1",
    "a logarithm of a whole number": "[1] sign(log(1 + q)) = 1",
    "an exponential of a whole number": "[1] [exp(m[i]) <= 1] = 0",
    "a second derivative": "L := sum[i] a[i]^3\n[1] d2L/da[i]da[k] = 6 delta[i,k]",
    "labels at the same place": "[1] [a[i] > a[k]] = 1 - delta[i,k]",
}


@pytest.mark.parametrize("name", REFUTED)
def test_what_is_false_elsewhere_is_refuted(name: str) -> None:
    (verdict,) = einrnn.parse(START + INDICES + REFUTED[name] + "\n").check()
    assert verdict.verdict == "refuted"


# divisions by what is 0, but for rounding: there is no value anywhere
NOWHERE = {
    "beside a derivative": "G := 3 x\n[1] (x-1)/(x-1) [x == 1] dG/dx = 0",
    "a logarithm beside a derivative": "G := 3 x\n[1] dG/dx [x == 1] exp(log(x-2)) = 0",
    "a derivative of nothing": "[1] d/dx(log(x)) [x < 0] = 0",
    "tangent": "[1] tan(pi/2) = 1",
    "squares": "[1] 1/((x+y)^2 - x^2 - 2 x y - y^2) = 0",
    "sines": "[1] 1/(sin(x)^2 + cos(x)^2 - 1) = 0",
    "roots": "[1] atan(1/(sqrt(x^2) sqrt(x^2) - x^2)) = 0",
    "logarithms": "[1] log(exp(x+y) - exp(x) exp(y)) = 0",
}


@pytest.mark.parametrize("name", NOWHERE)
def test_of_what_has_no_value_nothing_is_false(name: str) -> None:
    (verdict,) = einrnn.parse(START + INDICES + NOWHERE[name] + "\n").check()
    assert verdict.verdict in ("tested", "proved"), verdict
