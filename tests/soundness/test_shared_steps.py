"""What all tiers share, derivatives and names among it: where that is wrong they agree.

Each false claim here had a proof, with numbers that agreed.
"""

from __future__ import annotations

import pytest

import einrnn

START = """dim M, N, T
input x, y, z, c, a[N], g[N+1], A[M,M], p[T], q[T], r[T], w[T]
index i, j, k, l : M
index t, s, r_ : T
index m, n : N + 1
"""

POWERS = "[1] d/dA[k,l] (matpow(A,{n})[i,j]) = {right}"
BOUNDARY = "v[m] := exp(g[m]) with v[1] := sum[n] exp(g[n])^2\n"
PRODUCT = "E := sum[t] (p[t] q[t]) r[t]\nlet b[t] := p[t] q[t]\n"
SQUARES = "E := sum[t] (p[t] q[t]) (p[t] q[t])\nlet b[t] := p[t] q[t]\n"
ENTRY = "E := sum[t] p[t]^2\nlet b[t] := p[t]\n"
LONG = "E := sum[t] tanh(p[t] + q[t] + r[t] + w[t] + p[0] + q[0] + r[0])\nlet b[t] := p[t] + q[t]\n"
ENDED = "e[m] := exp(g[m]) + c\nlet b[m] := exp(g[m]) with b[1] := 5\n"
RECURRENT = "h[t] := c h[t-1] + p[t] with h[-1] := 0\nlet b[t] := h[t]\n"
TWICE = "E := sum[t] p[t]^2\nlet b[t] := p[t]\nlet d[t] := p[t]\n"
LATER = "E := exp(x + y)\nlet b := x + y\nlet d := exp(x + y)\n"
FUNCTION = "function f[i](z)\n"
QUOTIENT = "e := x y^2\n"
LATE_START = "let b[m] := exp(x g[m]) with b[0] := 5\nd[m] := 3 b[m]\n"
LOGS = "e := logsumexp[t](p[t])\n"

FALSE = {
    "a power below 0": POWERS.format(n=-1, right="0"),
    "a power that may be below 0": POWERS.format(
        n="12-N", right="sum[n=0..11-N] matpow(A,n)[i,k] matpow(A,11-N-n)[l,j]"
    ),
    "another clause": BOUNDARY + "[1] dv[1]/dg[m] = 2 v[m]^2",
    "a late name at a boundary": ENDED + "[1] e[1] = 5 + c",
    "a late name in a product": PRODUCT + "[1] dE/db[t] = 0",
    "a late name in squares": SQUARES + "[1] dE/db[t] = 0",
    "a late name of an entry": ENTRY + "[1] dE/db[t] = 0",
    "a late name in a long sum": LONG + "[1] dE/db[t] = 0",
    "a late name of a recurrence": RECURRENT + "[1] dh[t]/db[s] = 0",
    "a partial of a partial": "e := exp(x)\n[1] ∂/∂x (∂e/∂x) = 0",
    "a partial of a derivative": "e := tanh(x)\n[1] ∂/∂x (de/dx) = 0",
    "a sum of probabilities": (
        "e := logsumexp[t](x p[t])\n[1] ∂/∂x (∂e/∂x) = sum[t] softmax[t](x p[t]) p[t]^2"
    ),
    "an entry of a function": FUNCTION + "[1] f[i](x + y) = f[i](x) + f[i](y)",
    "twice the argument": FUNCTION + "[1] f[i](2 x) = 2 f[i](x)",
    "an entry of a function in an exponent": (
        FUNCTION + "[1] 2^f[i](x + y) = 2^f[i](x) + 2^f[i](y)"
    ),
    "an entry of a function after a sign": FUNCTION + "[1] c / -f[i](x + x) = c / -f[i](x)",
    "an entry of a function before a condition": (
        FUNCTION + "[1] f[i](x + y)[1 < 2] = f[i](x)[1 < 2] + f[i](y)[1 < 2]"
    ),
    "a derivative after a sign": QUOTIENT + "[1] d/dy (c * -de/dx) = 0",
    "a derivative in an exponent": QUOTIENT + "[1] d/dy (2^de/dx) = 0",
    "a partial at a boundary": LATE_START + "[1] ∂d[0]/∂x = 3 g[0] exp(x g[0])",
    "a third partial": (
        LOGS + "[1] ∂/∂p[r_] (∂/∂p[s] (∂e/∂p[t])) = -∂e/∂p[t] (∂/∂p[r_] (∂e/∂p[s]))"
    ),
    "a raised number": "[1] d/dx (x²) = 0",
}

TRUE = {
    "an inverse": POWERS.format(n=-1, right="-inv(A)[i,k] inv(A)[l,j]"),
    "the same clause": BOUNDARY + "[1] dv[1]/dg[m] = 2 exp(g[m])^2",
    "beside a boundary": ENDED + "[1] e[m] = exp(g[m]) + c",
    "a product": PRODUCT + "[1] dE/db[t] = r[t]",
    "squares": SQUARES + "[1] dE/db[t] = 2 b[t]",
    "an entry": ENTRY + "[1] dE/db[t] = 2 p[t]",
    "a recurrence": RECURRENT + "[1] dh[t]/db[s] = [s < t] c^(t-s)",
    "two names of one entry": TWICE + "[1] dE/dp[t] = 2 p[t]\n[2] dE/dd[t] = 2 p[t]",
    "a name inside another": LATER + "[1] dE/dd = 1\n[2] dE/db = exp(x + y)",
    "second partials": (
        "e := exp(x)\nh := tanh(x)\n[1] ∂/∂x (∂e/∂x) = exp(x)\n[2] ∂/∂x (2 ∂h/∂x) = -4 h (1 - h^2)"
    ),
    "a sign before an entry": FUNCTION + "[1] c * -f[i](x) = -c * f[i](x)",
    "derivatives behind": QUOTIENT + "[1] c * -de/dx = -c y^2\n[2] 2^de/dx = 2^(y^2)",
    "a partial of a late name": LATE_START + "[1] ∂d[0]/∂x = 0",
    "third partials": (LOGS + "[1] ∂/∂p[r_] (∂/∂p[s] (∂e/∂p[t])) = d/dp[r_] (d/dp[s] (de/dp[t]))"),
    "raised numbers": "[1] (x + y)² = x² + 2 x y + y²\n[2] d²/dx² (x³) = 6 x\n[3] x⁻¹ = 1/x",
    "a raised T": "[1] (Aᵀ)[i,j] = A[j,i]",
    "the chain rule": FUNCTION + "[1] d/dx (f[i](x)^2) = 2 f[i](x) d/dx (f[i](x))",
}

# what a derivative is at one place only is a convention
CONVENTIONS = {
    "cases": "B := {x if x != 0; 0 otherwise}\n[1] dB/dx = [x != 0]",
    "a removable pole": (
        "B := {(exp(x) - 1)/x if x != 0; 1 otherwise}\n"
        "[1] dB/dx = {(x exp(x) - exp(x) + 1)/x^2 if x != 0; 0 otherwise}"
    ),
    "two halves": "[1] d/dx (relu(x) - relu(-x)) = [x != 0]",
    "both of two": "[1] d/dx (max(x,y) + min(x,y)) = [x != y]",
    "equal values": "[1] d/dx (max[t](x)) = T",
    "equal entries": "b[t] := x + relu(y)\n[1] d/dx (max[t](b[t])) = T",
}


def _verdicts(claims: str) -> list[str]:
    return [verdict.verdict for verdict in einrnn.parse(START + claims + "\n").check()]


@pytest.mark.parametrize("name", FALSE)
def test_no_false_proof(name: str) -> None:
    assert set(_verdicts(FALSE[name])) <= {"refuted", "tested"}


@pytest.mark.parametrize("name", TRUE)
def test_what_is_true_is_proved(name: str) -> None:
    assert set(_verdicts(TRUE[name])) == {"proved"}


@pytest.mark.parametrize("name", CONVENTIONS)
def test_conventions_decide_nothing(name: str) -> None:
    assert _verdicts(CONVENTIONS[name]) == ["tested"]


def test_equalities_of_what_is_not_differentiated_decide() -> None:
    text = "B := {x^2 if z == 3; x otherwise}\n[1] dB/dx = {2 x if z == 3; 1 otherwise}"
    assert _verdicts(text) == ["proved"]
    assert _verdicts(text.replace("2 x if", "3 x if")) == ["refuted"]
