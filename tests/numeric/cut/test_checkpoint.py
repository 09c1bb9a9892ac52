"""Programs in stretches of time against the same programs in one go; memory by tracemalloc."""

import tracemalloc

import numpy as np
import pytest

import einrnn
from tests.numeric.calculus.documents import LSTM, RNN, WORDS, lstm_data, rnn_data, words_data

# a lag of two, a condition on time, time as a number, a boundary inside, a loss of the last state
LAGS = """
dim H, T
index t : T
input x[T,H], w[H,H], a[H], p
v[t,i] := p v[t-1,i] + { u[t-2,i] if t >= 2 ; x[t,i] otherwise }  with v[-1,i] := a[i]
u[t,i] := tanh(w[i,j] v[t,j] + t/T x[t,i]) + u[t-1,i]             with u[0,i] := a[i]^2
S      := sum[t] u[t,i] v[t,i]
L      := log(1 + S^2) + sum[i] u[T-1,i] v[T-2,i] + p^2 w[i,j]^2
"""

CELL = """
dim D, H, T
index t : T
input x[T,D], U[H,D], W[H,H], R[H,H], h0[H]
s[t,i] := tanh(U[i,j] x[t,j] + W[i,n] s[t-1,n])   with s[-1,i] := h0[i]
r[t,i] := tanh(R[i,n] s[t,n] + W[i,n] r[t-1,n])   with r[-1,i] := 0
L      := sum[t] r[t,i]^2
"""


def lags_data(T=11, H=3):
    rng = np.random.default_rng(5)
    return {
        "x": rng.normal(size=(T, H)),
        "w": rng.normal(size=(H, H)) / 2,
        "a": rng.normal(size=H),
        "p": np.array(0.7),
    }


def cell_data(T=12, D=2, H=3):
    rng = np.random.default_rng(6)
    shapes = {"x": (T, D), "U": (H, D), "W": (H, H), "R": (H, H), "h0": (H,)}
    return {name: rng.normal(size=shape) / 2 for name, shape in shapes.items()}


# positions as numbers and in conditions inside sums, sums over some positions, what is computed
# from sums, entries of an input at the start, a size that is another one by default
PLACES = """
dim T, H
dim N default T
index t : T
input x[T,H], A[H,H], w[T]
h[t,i] := tanh(A[i,j] h[t-1,j] + x[t,i])    with h[0,i] := x[0,i] + w[0]
Z      := sum[t] exp(w[t])
F      := sum[t,i] t h[t,i]^2 + sum[t,i] (9/10)^(T-t) h[t,i] + sum[t,i: t >= 3] h[t,i]^3
G      := sum[t=2..T-1] sum[i] h[t,i] h[t-1,i] + sum[t=0..T-3] w[t]^2 + 1/N sum[t,i] (-1)^t h[t,i]
L      := (sum[t,i] w[t] h[t,i]^2)/Z + F h[T-1,0] + G^2
"""


def places_data(T=11, H=3):
    rng = np.random.default_rng(8)
    shapes = {"x": (T, H), "A": (H, H), "w": (T,)}
    return {name: rng.normal(size=shape) / 2 for name, shape in shapes.items()}


# sums over all positions before one
SO_FAR = """
dim T, H
index t : T
input x[T,H], A[H,H], k[T], mu
v[t,i] := sum[s=0..t] mu^(t-s) x[s,i]
c[t,i] := sum[s=0..t] exp(k[s]) tanh(A[i,j] v[s,j])
L      := sum[t,i] c[t,i]^2 x[t,i]
"""


def so_far_data(T=11, H=3):
    rng = np.random.default_rng(9)
    shapes = {"x": (T, H), "A": (H, H), "k": (T,)}
    return {"mu": np.array(0.8)} | {name: rng.normal(size=s) / 2 for name, s in shapes.items()}


CASES = {
    "so far": (SO_FAR, ["L", "c", "dL/dA", "dL/dx", "dL/dmu", "dL/dk"], so_far_data()),
    "rnn": (RNN, ["L", "dL/dU", "dL/dV", "dL/dW", "dL/dx", "yhat"], rnn_data(T=13)),
    "lstm": (LSTM, ["L", "dL/dQ", "dL/dF", "dL/dx", "dL/dh0", "dL/dc0", "h[t,i]"], lstm_data(T=12)),
    "words": (WORDS, ["L", "dL/dU", "dL/dV", "dL/dW"], words_data(T=10)),
    "lags": (LAGS, ["L", "S", "dL/dw", "dL/da", "dL/dp", "dS/dp", "dL/dx"], lags_data()),
    "cell": (CELL, ["dL/dh0", "dL/dW", "dL/dR"], cell_data()),
    "places": (PLACES, ["L", "F", "G", "dL/dA", "dL/dx", "dL/dw"], places_data()),
}


@pytest.mark.parametrize("every", [None, 3, 5, 100])
@pytest.mark.parametrize("name", CASES)
def test_as_in_one_go(name, every):
    text, outputs, data = CASES[name]
    program = einrnn.parse(text).compile(*outputs)
    found, expected = program.checkpoint("t", every)(**data), program(**data)
    assert list(found) == list(expected)
    for output in outputs:
        assert found[output].shape == expected[output].shape, output
        np.testing.assert_allclose(
            found[output], expected[output], rtol=1e-10, atol=1e-10, err_msg=output
        )


def test_on_jax():
    pytest.importorskip("jax")
    text, outputs, data = CASES["lstm"]
    program = einrnn.parse(text).compile(*outputs, backend="jax")
    found, expected = program.checkpoint("t")(**data), program(**data)
    for output in outputs:
        np.testing.assert_allclose(found[output], expected[output], rtol=1e-10, atol=1e-10)


def peak(run, make):
    """The most memory of a call at a length it has not been called at: buffers are new."""
    peaks = []
    run(**make(T=9, D=4, H=96))
    for T in (1000, 4000):
        data = make(T=T, D=4, H=96)
        tracemalloc.start()
        run(**data)
        peaks.append(tracemalloc.get_traced_memory()[1])
        tracemalloc.stop()
    return peaks


def test_memory():
    """Four times the length takes at most twice the memory, and far less than in one go."""
    text, outputs, _ = CASES["cell"]
    program = einrnn.parse(text).compile(*outputs)
    short, long = peak(program.checkpoint("t"), cell_data)
    _, in_one_go = peak(program, cell_data)
    assert long < 2 * short
    assert long < in_one_go / 5


DOWN = """
dim K, T
index t : T
input A[K,K], o[T,K]
b[t,i] := logsumexp[j](A[i,j] + o[t,j] + b[t+1,j])   with b[T-1,i] := 0
L := logsumexp[i](b[0,i])
"""


@pytest.mark.parametrize(
    ("text", "outputs", "index", "code"),
    [
        (DOWN, ["L"], "t", "E821"),
        (RNN, ["L"], "z", "E820"),
        (RNN, ["ds[t,b,i]/dW[i,j]"], "t", "E823"),
        ("input x[T]\nm := sum[t] x[t]\nz[t] := x[t] - m\nL := sum[t] z[t]^2", ["L"], "t", "E821"),
        ("input x[T], y[T]\nL := sum[t=1..T-1] x[t-1] y[t]", ["L"], "t", "E821"),
    ],
)
def test_what_cannot_be_cut(text, outputs, index, code):
    with pytest.raises(einrnn.EinrnnError) as error:
        einrnn.parse(text).compile(*outputs).checkpoint(index)
    assert error.value.code == code


def test_every():
    program = einrnn.parse(RNN).compile("L")
    with pytest.raises(einrnn.EinrnnError) as error:
        program.checkpoint("t", 0)
    assert error.value.code == "E823"
