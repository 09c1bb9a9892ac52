"""Work shared among threads, against the naive interpreter: sizes that leave rests, both dtypes."""

import shutil
import warnings
from functools import cache
from itertools import product

import numpy as np
import pytest

import einrnn
from einrnn.numeric.interpret import Interpreter
from einrnn.numeric.native import draft, writer
from tests.numeric.test_generated import RNN, WORDS

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")

BATCH = """
dim B, D, H, K, T
index t : T
index b : B
input x[T,B,D], y[T,B,K] one-hot in K, U[H,D], W[H,H], V[K,H]
s[t,b,i]    := tanh(U[i,j] x[t,b,j] + W[i,n] s[t-1,b,n])   with s[-1,b,i] := 0
yhat[t,b,k] := softmax[k](V[k,m] s[t,b,m])
L           := -sum[t,b] y[t,b,k] log(yhat[t,b,k])
"""

# the batch in front, and states that act on each other through two matrices
FRONT = """
dim B, D, H, T
input x[B,T,D], R[H,H], Q[H,H], A[H,D], h0[B,H], k[B,T,H]
c[b,t,m] := sigmoid(R[m,n] h[b,t-1,n]) c[b,t-1,m] + A[m,d] x[b,t,d]   with c[b,-1,m] := 1/2
h[b,t,m] := tanh(c[b,t,m] + Q[m,n] h[b,t-1,n])   with h[b,-1,m] := h0[b,m]
L := k[b,t,m] h[b,t,m]
"""

# each state reads all of the batch: no thread may go ahead alone
MIXED = """
dim B, H, T
input a[T,B,H], W[H,H], M[B,B]
s[t,b,i] := tanh(a[t,b,i] + W[i,n] s[t-1,b,n] + M[b,c] s[t-1,c,i])   with s[-1,b,i] := 0
L := sum[t,b,i] s[t,b,i]^2
"""

DIAGONAL = """
dim H
input a[H], b[H], C[H,H]
L := sum[i] exp(a[i] b[i]) + C[i,j] a[i] b[j]
"""

CASES = {
    "rnn": (RNN, ("L", "dL/dU", "dL/dV", "dL/dW")),
    "words": (WORDS, ("L", "dL/dU", "dL/dV", "dL/dW")),
    "batch": (BATCH, ("L", "dL/dU", "dL/dV", "dL/dW", "dL/dx")),
    "front": (FRONT, ("L", "dL/dR", "dL/dQ", "dL/dA", "dL/dh0")),
    "mixed": (MIXED, ("L", "dL/dW", "dL/dM", "dL/da")),
    "diagonal": (DIAGONAL, ("L", "d2L/(da da)", "d2L/(da db)")),
}
SIZES = {"B": 5, "D": 9, "H": 17, "K": 13, "T": 4}
POSITIONS = {"x": "D", "y": "K"}


def data_for(program):
    rng = np.random.default_rng(3)
    data = {}
    for name, axes in program.inputs.items():
        shape = tuple(SIZES[str(axis)] for axis in axes)
        if program.model.inputs[name].integer:
            data[name] = rng.integers(SIZES[POSITIONS[name]], size=shape)
        elif name == "y":
            data[name] = np.eye(SIZES["K"])[rng.integers(SIZES["K"], size=shape[:-1])]
        else:
            data[name] = rng.normal(size=shape) / 3
    return data


@cache
def expected(name):
    text, outputs = CASES[name]
    program = einrnn.parse(text).compile(*outputs)
    data = data_for(program)
    oracle = Interpreter(program.model, SIZES, data)
    found = {}
    for output in outputs:
        expr, order, ranges = program.outputs[output]
        spans = [
            range(oracle.index(ranges[i].lo, {}), oracle.index(ranges[i].hi, {}) + 1) for i in order
        ]
        places = [dict(zip(order, place, strict=True)) for place in product(*spans)]
        values = np.array([oracle.value(expr, place) for place in places], dtype=float)
        found[output] = values.reshape([len(span) for span in spans])
    return found


@pytest.fixture
def everything_is_shared(monkeypatch):
    """However small it is."""
    for limit in ("_MUCH_PRODUCT", "_MUCH_READ", "_MUCH_SWEEP", "_MUCH_MOVED"):
        monkeypatch.setattr(writer, limit, 1)
    monkeypatch.setattr(draft, "_LONG", 2)


def run(name, dtype, threads, monkeypatch):
    monkeypatch.setenv("EINRNN_NUM_THREADS", str(threads))
    text, outputs = CASES[name]
    program = einrnn.parse(text).compile(*outputs, backend="native")
    data = {n: a if a.dtype.kind == "i" else a.astype(dtype) for n, a in data_for(program).items()}
    with warnings.catch_warnings():
        warnings.simplefilter("error")  # it may not fall back to numpy
        return program, [program(**data) for _ in range(3)]


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CASES)
@pytest.mark.usefixtures("everything_is_shared")
def test_threads_compute_what_the_interpreter_does(name, dtype, threads, monkeypatch):
    _, found = run(name, dtype, threads, monkeypatch)
    exact = {"rtol": 2e-5, "atol": 5e-6} if dtype == "float32" else {"rtol": 1e-11, "atol": 1e-12}
    for output, want in expected(name).items():
        for out in found:
            assert out[output].dtype == dtype
            np.testing.assert_allclose(out[output], want, **exact)


def shared_loops(program):
    """How many time loops are cut among threads, and how many there are."""
    parts = program.source(dtype="float64").split("static void part_")[1:]
    loops = [part for part in parts if "for (long c" in part]
    return sum("worker, workers)" in part for part in loops), len(loops)


@pytest.mark.usefixtures("everything_is_shared")
@pytest.mark.parametrize(("name", "shared"), [("batch", True), ("front", True), ("mixed", False)])
def test_a_time_loop_is_shared_if_its_rows_do_not_mix(name, shared, monkeypatch):
    program, _ = run(name, "float64", 2, monkeypatch)
    cut, loops = shared_loops(program)
    assert loops >= 2
    assert cut == (loops if shared else 0)


@pytest.mark.usefixtures("everything_is_shared")
def test_without_a_batch_a_time_loop_runs_on_one_thread(monkeypatch):
    program, _ = run("rnn", "float64", 2, monkeypatch)
    cut, loops = shared_loops(program)
    assert loops >= 2
    assert cut == 0
