"""Models that several tests use."""

from __future__ import annotations

import numpy as np

from einrnn.core.model import Fact
from tests.numeric.building import (
    built,
    cases,
    cmp,
    delta,
    dims,
    exp,
    fn,
    letters,
    log,
    lse,
    red,
    tanh,
    tensors,
    total,
)

t, r, i, j, k, l, m, n, p = letters("t r i j k l m n p")
D, H, K, N, TT = dims("D H K N T")


def rnn():
    """The vanilla RNN with its loss and, written out, adjoint, forward and two-time tensors."""
    U, V, W, x, y, s, q, yhat, E = tensors("U V W x y s q yhat E")
    sbar, ds, G = tensors("sbar ds/dW ds/ds")
    b = built().input("U", H, D).input("V", K, H).input("W", H, H).input("x", TT, D)
    b.input("y", TT, K, facts=[Fact("one-hot", axis=1)])
    b.define(
        "s",
        [(-1, TT - 1), H],
        ((-1, i), {i: H}, 0),
        (
            (t, i),
            {t: TT, i: H},
            tanh(total(j, D, U[i, j] * x[t, j]) + total(n, H, W[i, n] * s[t - 1, n])),
        ),
    )
    b.plain("q", (t, l), (TT, K), total(m, H, V[l, m] * s[t, m]))
    b.plain("yhat", (t, k), (TT, K), exp(q[t, k] - lse(l, K, q[t, l])))
    b.plain("E", (t,), (TT,), total(k, K, -y[t, k] * log(yhat[t, k])))
    b.define("L", [], ((), {}, 1 / N.value() * total(t, TT, E[t])))
    step = total(n, H, sbar[t + 1, n] * (1 - s[t + 1, n] ** 2) * W[n, m])
    later = cases((cmp("<=", t + 1, TT - 1), step))
    b.plain("sbar", (t, m), (TT, H), total(k, K, (yhat[t, k] - y[t, k]) * V[k, m]) + later)
    zbar = sbar[t, i] * (1 - s[t, i] ** 2) / N.value()
    b.plain("dL/dW", (i, j), (H, H), total(t, TT, zbar * s[t - 1, j]))
    b.plain("dL/dU", (i, j), (H, D), total(t, TT, zbar * x[t, j]))
    b.plain("dL/dV", (i, j), (K, H), total(t, TT, (yhat[t, i] - y[t, i]) * s[t, j]) / N.value())
    gate = 1 - s[t, m] ** 2
    b.define(
        "ds/dW",
        [(-1, TT - 1), H, H, H],
        ((-1, m, i, j), {m: H, i: H, j: H}, 0),
        (
            (t, m, i, j),
            {t: TT, m: H, i: H, j: H},
            gate * (delta(m, i) * s[t - 1, j] + total(p, H, W[m, p] * ds[t - 1, p, i, j])),
        ),
    )
    b.define(
        "ds/ds",
        [(-1, TT - 1), H, (-1, TT - 1), H],
        (
            (t, m, r, n),
            {t: (-1, TT - 1), m: H, r: (-1, TT - 1), n: H},
            cases(
                (cmp("==", r, t), delta(m, n)),
                (cmp(">", r, t), 0),
                otherwise=gate * total(p, H, W[m, p] * G[t - 1, p, r, n]),
            ),
        ),
    )
    b.plain(
        "dsdW20",
        (t, m, i, j),
        (TT, H, H, H),
        red("sum", r, 0, t, G[t, m, r, i] * (1 - s[r, i] ** 2) * s[r - 1, j]),
    )
    return b.model


def rnn_arrays(rng, sizes, dtype=np.float64):
    d, h, k_, t_ = (sizes[name] for name in "DHKT")
    arrays = {
        "U": rng.normal(size=(h, d)) / np.sqrt(d),
        "V": rng.normal(size=(k_, h)) / np.sqrt(h),
        "W": rng.normal(size=(h, h)) / np.sqrt(h),
        "x": rng.normal(size=(t_, d)),
        "y": np.eye(k_)[rng.integers(k_, size=t_)],
    }
    return {name: array.astype(dtype) for name, array in arrays.items()}


def lstm():
    """An LSTM: four gates in a mutual recursion, and the adjoints that run downwards."""
    gates = "i f o g"
    b = built().input("x", TT, D).input("w", H)
    h, c, x, w = tensors("h c x w")
    for g in gates.split():
        (A, B) = tensors(f"A{g} B{g}")
        b.input(f"A{g}", H, D).input(f"B{g}", H, H)
        inner = total(k, D, A[j, k] * x[t, k]) + total(l, H, B[j, l] * h[t - 1, l])
        b.plain(g, (t, j), (TT, H), fn("tanh" if g == "g" else "sigmoid", inner))
    ig, fg, og, gg = tensors(gates)
    b.define(
        "c",
        [(-1, TT - 1), H],
        ((-1, j), {j: H}, 0),
        ((t, j), {t: TT, j: H}, fg[t, j] * c[t - 1, j] + ig[t, j] * gg[t, j]),
    )
    b.define(
        "h",
        [(-1, TT - 1), H],
        ((-1, j), {j: H}, fn("sin", w[j])),
        ((t, j), {t: TT, j: H}, og[t, j] * tanh(c[t, j])),
    )
    b.define("L", [], ((), {}, total(t, TT, j, H, w[j] * h[t, j] ** 2)))
    return b.model
