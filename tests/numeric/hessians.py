"""Documents with second derivatives, the outputs asked of them, and the same losses in jax."""

from __future__ import annotations

from importlib.util import find_spec

import numpy as np
import pytest

import einrnn

BACKENDS = [
    "numpy",
    *(
        pytest.param(n, marks=pytest.mark.skipif(find_spec(n) is None, reason=f"no {n} here"))
        for n in ("jax", "torch")
    ),
]

SIZES = {"N": 7, "M": 6, "D": 5, "H": 4, "K": 3, "T": 6}

QUADRATIC = "dim N\ninput A[N,N], x[N]\nL := x[i] A[i,j] x[j]"
QUARTIC = "dim N\ninput A[N,N], x[N]\nf := x[i] A[i,j] x[j]\nL := f^2"
LOGISTIC = """
dim N, D
input X[N,D], y[N], w[D]
L := sum[n] (softplus(X[n,j] w[j]) - y[n] X[n,j] w[j])
"""
POISSON = """
dim N, D
input X[N,D], y[N], r[N], w[D]
L := sum[n] r[n] (exp(X[n,j] w[j]) - y[n] X[n,j] w[j])
"""
FACTORS = """
dim N, M, K
input A[N,M], U[N,K], V[M,K]
L := sum[i,j] (A[i,j] - U[i,k] V[j,k])^2
"""
MLP = """
dim N, D, H
input X[N,D], y[N], W[H,D], v[H]
h[n,a]  := tanh(W[a,d] X[n,d])
yhat[n] := v[a] h[n,a]
L       := 1/2 sum[n] (yhat[n] - y[n])^2
"""
SOFTMAX = """
dim N, D, K
input X[N,D], Y[N,K], W[K,D]
p[n,k] := softmax[k](W[k,d] X[n,d])
L      := -Y[n,k] log(p[n,k])
"""
TWO_LAYER = """
dim N, D, H, K
input X[N,D], Y[N,K], A[H,D], B[H,H], C[K,H]
g[n,a] := sigmoid(A[a,d] X[n,d])
h[n,b] := tanh(B[b,a] g[n,a])
p[n,k] := softmax[k](C[k,b] h[n,b])
L      := -Y[n,k] log(p[n,k])
"""
RNN = """
dim D, H, K, T
index t : T
input x[T,D], y[T,K], U[H,D], W[H,H], V[K,H]
s[t,i]    := tanh(U[i,j] x[t,j] + W[i,n] s[t-1,n])   with s[-1,i] := 0
yhat[t,k] := softmax[k](V[k,m] s[t,m])
L         := -sum[t] y[t,k] log(yhat[t,k])
"""
LSTM = """
dim D, H, T
index t : T
input x[T,D], A[H,D], B[H,H], E[H,D], F[H,H], w[H]
f[t,i] := sigmoid(A[i,j] x[t,j] + B[i,n] h[t-1,n])
g[t,i] := tanh(E[i,j] x[t,j] + F[i,n] h[t-1,n])
c[t,i] := f[t,i] c[t-1,i] + (1 - f[t,i]) g[t,i]   with c[-1,i] := 0
h[t,i] := f[t,i] tanh(c[t,i])                     with h[-1,i] := 0
L      := sum[t,i] w[i] h[t,i]^2
"""
SMOOTHING = """
dim N
input x[N], b[N]
L := sum[i: i > 0] (x[i] - x[i-1])^2 + sum[i] b[i] x[i]^4
"""
LOG_SUM = "dim N\ninput x[N]\nL := logsumexp[i](x[i])"


def _losses():
    import jax
    import jax.numpy as jnp

    log_softmax = jax.nn.log_softmax

    def two_layer(X, Y, A, B, C):
        return -(Y * log_softmax(jnp.tanh(jax.nn.sigmoid(X @ A.T) @ B.T) @ C.T)).sum()

    def rnn(x, y, U, W, V):
        def step(s, row):
            s = jnp.tanh(U @ row + W @ s)
            return s, s

        states = jax.lax.scan(step, jnp.zeros(len(W)), x)[1]
        return -(y * log_softmax(states @ V.T)).sum()

    def lstm(x, A, B, E, F, w):
        def step(carry, row):
            h, c = carry
            f = jax.nn.sigmoid(A @ row + B @ h)
            c = f * c + (1 - f) * jnp.tanh(E @ row + F @ h)
            h = f * jnp.tanh(c)
            return (h, c), h

        zero = jnp.zeros(len(B))
        return (w * jax.lax.scan(step, (zero, zero), x)[1] ** 2).sum()

    return {
        "quadratic": lambda A, x: x @ A @ x,
        "quartic": lambda A, x: (x @ A @ x) ** 2,
        "logistic": lambda X, y, w: (jax.nn.softplus(X @ w) - y * (X @ w)).sum(),
        "poisson": lambda X, y, r, w: (r * (jnp.exp(X @ w) - y * (X @ w))).sum(),
        "factors": lambda A, U, V: ((A - U @ V.T) ** 2).sum(),
        "mlp": lambda X, y, W, v: ((jnp.tanh(X @ W.T) @ v - y) ** 2).sum() / 2,
        "softmax": lambda X, Y, W: -(Y * log_softmax(X @ W.T)).sum(),
        "two layers": two_layer,
        "rnn": rnn,
        "lstm": lstm,
        "smoothing": lambda x, b: ((x[1:] - x[:-1]) ** 2).sum() + (b * x**4).sum(),
        "log sum": lambda x: jax.nn.logsumexp(x),
    }


TEXTS = {
    "quadratic": QUADRATIC,
    "quartic": QUARTIC,
    "logistic": LOGISTIC,
    "poisson": POISSON,
    "factors": FACTORS,
    "mlp": MLP,
    "softmax": SOFTMAX,
    "two layers": TWO_LAYER,
    "rnn": RNN,
    "lstm": LSTM,
    "smoothing": SMOOTHING,
    "log sum": LOG_SUM,
}

# the pairs of tensors a loss is differentiated by
PAIRS = [
    ("quadratic", "x", "x"),
    ("quadratic", "A", "x"),
    ("quartic", "x", "x"),
    ("logistic", "w", "w"),
    ("poisson", "w", "w"),
    ("factors", "U", "U"),
    ("factors", "U", "V"),
    ("factors", "V", "U"),
    ("mlp", "W", "W"),
    ("mlp", "W", "v"),
    ("mlp", "v", "v"),
    ("softmax", "W", "W"),
    ("two layers", "A", "A"),
    ("two layers", "B", "C"),
    ("two layers", "C", "C"),
    ("rnn", "W", "W"),
    ("rnn", "U", "V"),
    ("lstm", "F", "F"),
    ("lstm", "B", "w"),
    ("smoothing", "x", "x"),
    ("smoothing", "b", "x"),
    ("log sum", "x", "x"),
]


def arrays(model, seed=0, sizes=SIZES):
    """Random arrays for all inputs of a document."""
    rng = np.random.default_rng(seed)
    return {
        name: rng.normal(size=[sizes[str(axis)] for axis in given.axes]) / 2
        for name, given in model.inputs.items()
    }


def hessian(model, first, second):
    """The text of a second derivative: axes of the first tensor, then of the second."""
    letters = iter("abcdefgh")
    rows = [
        "[" + ",".join(next(letters) for _ in model.inputs[name].axes) + "]"
        for name in (first, second)
    ]
    return f"d2L/d{first}{rows[0]}d{second}{rows[1]}"


def parsed(name):
    doc = einrnn.parse(TEXTS[name])
    doc.raise_errors()
    return doc


def called(program, data):
    """The program on those arrays and sizes that it takes."""
    given = {name: array for name, array in data.items() if name in program.inputs}
    return program(**given, **{name: SIZES[name] for name in program.sizes})
