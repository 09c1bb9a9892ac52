"""Literal sums over pairs of times against reverse mode, and what they may not cost."""

import itertools

import numpy as np
import pytest

import einrnn
from tests.numeric.networks import rnn_arrays

RNN = """
dim D, H, K, T
index t, r : T
input x[T,D], y[T,K], U[H,D], W[H,H], V[K,H]
s[t,i]    := tanh(U[i,j] x[t,j] + W[i,n] s[t-1,n])   with s[-1,i] := 0
yhat[t,k] := softmax[k](V[k,m] s[t,m])
E[t]      := -y[t,k] log(yhat[t,k])
L         := sum[t] E[t]
g21[t,i,j] := (yhat[t,l] - y[t,l]) V[l,m] sum[r=0..t] ds[t,m]/ds[r,n] ∂s[r,n]/∂W[i,j]
g24[t,i,j] := (yhat[t,l] - y[t,l]) V[l,m] sum[r=0..t] ds[t,m]/ds[r,n] ∂s[r,n]/∂U[i,j]
W21[i,j]  := sum[t] g21[t,i,j]
U24[i,j]  := sum[t] g24[t,i,j]
W20[i,j]  := sum[t] sum[l,m] (yhat[t,l] - y[t,l]) V[l,m] ds[t,m]/dW[i,j]
total[i,j] := sum[t] dE[t]/dW[i,j]
g[t,m] := (yhat[t,l] - y[t,l]) V[l,m]
before[i,j] := sum[t,m,n] g[t,m] sum[r: r < t] ds[t,m]/ds[r,n] ∂s[r,n]/∂W[i,j]
"""

LSTM = """
dim D, H, T
index t, r : T
input x[T,D], c[T,H]
input Ai[H,D], Af[H,D], Ao[H,D], Ag[H,D], Bi[H,H], Bf[H,H], Bo[H,H], Bg[H,H]
gi[t,j] := sigmoid(Ai[j,k] x[t,k] + Bi[j,l] h[t-1,l])
gf[t,j] := sigmoid(Af[j,k] x[t,k] + Bf[j,l] h[t-1,l])
go[t,j] := sigmoid(Ao[j,k] x[t,k] + Bo[j,l] h[t-1,l])
gg[t,j] := tanh(Ag[j,k] x[t,k] + Bg[j,l] h[t-1,l])
m[t,j]  := gf[t,j] m[t-1,j] + gi[t,j] gg[t,j]   with m[-1,j] := 0
h[t,j]  := go[t,j] tanh(m[t,j])                 with h[-1,j] := 0
L := sum[t,j] c[t,j] h[t,j]
lit[i,j] := sum[t,p] c[t,p] dh[t,p]/dBf[i,j]
"""

TWO_LAYERS = """
dim D, H, T
index t, r : T
input x[T,D], c[T,H], U[H,D], W[H,H], P[H,H], R[H,H]
a[t,i] := tanh(U[i,j] x[t,j] + W[i,n] a[t-1,n])   with a[-1,i] := 0
b[t,i] := tanh(P[i,j] a[t,j] + R[i,n] b[t-1,n])   with b[-1,i] := 0
L := sum[t,i] c[t,i] b[t,i]
lit[i,j] := sum[t,m] c[t,m] sum[r=0..t] sum[n] db[t,m]/da[r,n] ∂a[r,n]/∂W[i,j]
"""

STATE_SPACE = """
dim D, H, T
index t, r : T
input x[T,D], c[T,H], A[H,H], B[H,D]
h[t,i] := A[i,n] h[t-1,n] + B[i,j] x[t,j]   with h[-1,i] := 0
L := sum[t,i] c[t,i] h[t,i]^2
lit[i,j] := sum[t,m] 2 c[t,m] h[t,m] sum[r=0..t] sum[n] dh[t,m]/dh[r,n] ∂h[r,n]/∂A[i,j]
"""

HMM = """
dim K, T
index t, r : T
input A[K,K], o[T,K], p[K], c[T,K]
f[t,i] := o[t,i] A[j,i] f[t-1,j]   with f[-1,i] := p[i]
L := sum[t,i] c[t,i] f[t,i]
lit[i,j] := sum[t,m] c[t,m] sum[r=0..t] sum[n] df[t,m]/df[r,n] ∂f[r,n]/∂A[i,j]
"""

CRF = """
dim K, T
index t, r : T
input A[K,K], o[T,K], c[T,K]
f[t,i] := o[t,i] + logsumexp[j](A[j,i] + f[t-1,j])   with f[-1,i] := 0
L := sum[t,i] c[t,i] f[t,i]
lit[i,j] := sum[t,m] c[t,m] sum[r=0..t] sum[n] df[t,m]/df[r,n] ∂f[r,n]/∂A[i,j]
"""

MOMENTUM = """
dim N, T
index t, r : T
input A[N,N], b[N], c[T,N], w[N]
v[t,i] := 1/2 v[t-1,i] + A[i,j] u[t-1,j] - b[i]   with v[-1,i] := 0
u[t,i] := u[t-1,i] - 1/8 v[t,i]                   with u[-1,i] := w[i]
L := sum[t,i] c[t,i] u[t,i]
lit[i,j] := sum[t,m] c[t,m] sum[r=0..t] sum[n] du[t,m]/dv[r,n] ∂v[r,n]/∂A[i,j]
"""


def given(doc, outputs, sizes):
    """Random inputs of the shapes the document declares."""
    rng = np.random.default_rng(1)
    program = doc.compile(*outputs)
    shapes = {
        name: tuple(sizes[str(axis)] for axis in axes) for name, axes in program.inputs.items()
    }
    return {name: rng.uniform(-0.9, 0.9, shape) for name, shape in shapes.items()}


@pytest.mark.parametrize(
    ("text", "wrt"),
    [
        (LSTM, "Bf"),
        (TWO_LAYERS, "W"),
        (STATE_SPACE, "A"),
        (HMM, "A"),
        (CRF, "A"),
        (MOMENTUM, "A"),
    ],
    ids=["lstm", "two layers", "state space", "hmm", "crf", "momentum"],
)
def test_literal_is_reverse_mode_and_linear(text, wrt):
    doc = einrnn.parse(text)
    doc.raise_errors()
    sizes = {"D": 3, "H": 4, "K": 4, "N": 4, "T": 7}
    data = given(doc, ["lit", f"dL/d{wrt}"], sizes)
    both = doc.compile("lit", f"dL/d{wrt}")(**data)
    np.testing.assert_allclose(both["lit"], both[f"dL/d{wrt}"], rtol=1e-10, atol=1e-12)
    program = doc.compile("lit")
    costs = [
        program.cost(**{n: {**sizes, "T": length}[n] for n in program.sizes})
        for length in (1000, 2000)
    ]
    assert costs[1].flops < 2.1 * costs[0].flops
    assert costs[1].peak < 2.1 * costs[0].peak


SIZES = {"D": 3, "H": 5, "K": 4, "T": 6}


@pytest.fixture(scope="module")
def document():
    doc = einrnn.parse(RNN)
    doc.raise_errors()
    return doc


@pytest.mark.parametrize(
    ("literal", "gradient"),
    [("W21", "W"), ("W20", "W"), ("total", "W"), ("U24", "U")],
)
def test_equations_of_the_document(document, literal, gradient):
    data = rnn_arrays(np.random.default_rng(0), SIZES)
    found = document.compile(literal)(**data)[literal]
    # oracle: central differences of the loss alone
    loss = document.compile("L")
    expected, step = np.zeros_like(found), 1e-6
    for place in np.ndindex(*found.shape):
        ends = []
        for sign in (1, -1):
            moved = {name: array.copy() for name, array in data.items()}
            moved[gradient][place] += sign * step
            ends.append(loss(**moved)["L"])
        expected[place] = (ends[0] - ends[1]) / (2 * step)
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("literal", ["W21", "U24", "W20", "total"])
def test_no_pair_of_times_and_no_third_order_tensor(document, literal):
    program = document.compile(literal)
    sizes = {"D": 8, "H": 8, "K": 8}
    wanted = {name: {**sizes, "T": 1000}[name] for name in program.sizes}
    cost = program.cost(**wanted)
    assert cost.largest <= 1001 * 8
    twice = program.cost(**{**wanted, "T": 2000})
    assert twice.flops < 2.1 * cost.flops


def test_per_time_step_gradients_sum_to_the_total(document):
    data = rnn_arrays(np.random.default_rng(3), SIZES)
    each = document.compile("g21")(**data)["g21"]
    total = document.compile("dL/dW")(**data)["dL/dW"]
    np.testing.assert_allclose(each.sum(0), total, rtol=1e-10)


def test_strictly_before_is_another_sum(document):
    """``r < t`` is not where ds[t]/ds[r] is nonzero: the condition must not be dropped."""
    data = rnn_arrays(np.random.default_rng(4), SIZES)
    found = document.compile("before")(**data)["before"]
    s, q = _states(data)
    expected = np.zeros_like(found)
    for t in range(SIZES["T"]):
        jacobian = np.eye(SIZES["H"])
        for r in range(t, -1, -1):
            if r < t:
                row = q[t] @ data["V"] @ jacobian * (1 - s[r + 1] ** 2)
                expected += np.outer(row, s[r])
            jacobian = jacobian @ ((1 - s[r + 1] ** 2)[:, None] * data["W"])
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-13)


def _states(data):
    """States, shifted by one, and yhat - y."""
    s = [np.zeros(len(data["W"]))]
    rows = []
    for x, y in zip(data["x"], data["y"], strict=True):
        s.append(np.tanh(data["U"] @ x + data["W"] @ s[-1]))
        e = np.exp(data["V"] @ s[-1])
        rows.append(e / e.sum() - y)
    return np.array(s), np.array(rows)


AT_THE_END = {
    "momentum": (
        "dim T, D\ninput A[D,D], b[D], w0[D], be, lr\n"
        "m[t,i] := be m[t-1,i] + A[i,j] w[t-1,j] - b[i] with m[-1,i] := 0\n"
        "w[t,i] := w[t-1,i] - lr m[t,i] with w[-1,i] := w0[i]\nL := sum[i] w[T-1,i] b[i]\n",
        "sum[i,n] b[i] (sum[r=0..T-1] dw[T-1,i]/dm[r,n] ∂m[r,n]/∂A[k,l])",
        "dL/dA",
        {"A": (3, 3), "b": (3,), "w0": (3,), "be": (), "lr": ()},
    ),
    "a chain of tags": (
        "dim T, K\ninput e[T,K], A[K,K]\n"
        "a[t,k] := logsumexp[l](a[t-1,l] + A[l,k]) + e[t,k] with a[0,k] := e[0,k]\n"
        "L := logsumexp[k](a[T-1,k])\n",
        "sum[k,n] dL/da[T-1,k] (sum[r=0..T-1] da[T-1,k]/da[r,n] ∂a[r,n]/∂A[i,j])",
        "dL/dA",
        {"e": ("T", 3), "A": (3, 3)},
    ),
    "hidden states": (
        "dim T, K\ninput p[T,K] positive, A[K,K] positive\n"
        "a[t,k] := p[t,k] sum[l] a[t-1,l] A[l,k] with a[0,k] := p[0,k]\nL := sum[k] a[T-1,k]\n",
        "sum[k,n] (sum[r=0..T-1] da[T-1,k]/da[r,n] ∂a[r,n]/∂A[i,j])",
        "dL/dA",
        {"p": ("T", 3), "A": (3, 3)},
    ),
    "one entry of the last state": (
        "dim T, H\ninput x[T,H], W[H,H]\n"
        "s[t,i] := tanh(W[i,j] s[t-1,j] + x[t,i]) with s[-1,i] := 0\nL := s[T-1,0]\n",
        "sum[n] sum[r=0..T-1] ds[T-1,0]/ds[r,n] ∂s[r,n]/∂W[i,j]",
        "dL/dW",
        {"x": ("T", 3), "W": (3, 3)},
    ),
}


@pytest.mark.parametrize("name", AT_THE_END)
def test_a_literal_sum_to_the_last_time_is_linear_in_time(name):
    text, literal, gradient, shapes = AT_THE_END[name]
    document = einrnn.parse(text)
    program, reference = document.compile(literal), document.compile(gradient)
    sizes = dict.fromkeys(program.sizes, 3)
    work = [program.cost(**{**sizes, "T": length}) for length in (100, 200, 400)]
    for shorter, longer in itertools.pairwise(work):
        assert longer.flops < 2.2 * shorter.flops
        assert longer.peak < 2.2 * shorter.peak
    rng = np.random.default_rng(3)
    given = {
        key: rng.uniform(0.1, 0.6, size=[7 if size == "T" else size for size in shape])
        for key, shape in shapes.items()
    }
    needed = {"T": 7} if name == "momentum" else {}
    np.testing.assert_allclose(
        program(**given, **needed)[literal], reference(**given, **needed)[gradient], rtol=1e-10
    )
