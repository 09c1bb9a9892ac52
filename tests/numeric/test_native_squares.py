"""Arrays read across the rows that are written, against numpy, at sizes that leave every rest."""

import shutil

import numpy as np
import pytest

import einrnn
from einrnn.numeric.native import writer

pytestmark = pytest.mark.skipif(shutil.which("cc") is None, reason="no C compiler here")

TEXT = """
dim N, M, K
input A[N,N], B[M,N], C[K,N,M], n[N,N] integer in K
H[i,j] := A[i,j] + A[j,i]
F[k,i,j] := C[k,i,j]^2 + B[j,i]/2 - B[j,i] C[k,i,j]
S[i,j] := A[j,i] + A[j-1,i] + n[j,i]   with S[i,0] := A[0,i]
"""
OUTPUTS = ("H", "F", "S")


def expected(A, B, C, n):
    return {
        "H": A + A.T,
        "F": C**2 + B.T / 2 - B.T * C,
        "S": np.concatenate((A.T[:, :1], A.T[:, 1:] + A.T[:, :-1] + n.T[:, 1:]), axis=1),
    }


@pytest.mark.parametrize("threads", [1, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n", "m"), [(64, 64), (67, 129), (130, 71), (95, 64), (260, 1031)])
def test_what_is_read_across(n, m, dtype, threads, monkeypatch):
    monkeypatch.setenv("EINRNN_NUM_THREADS", str(threads))
    monkeypatch.setattr(writer, "_MUCH_SWEEP", 1)
    rng = np.random.default_rng(n)
    data = {
        "A": rng.normal(size=(n, n)).astype(dtype),
        "B": rng.normal(size=(m, n)).astype(dtype),
        "C": rng.normal(size=(2, n, m)).astype(dtype),
        "n": rng.integers(2, size=(n, n)),
    }
    program = einrnn.parse(TEXT).compile(*OUTPUTS, backend="native")
    found = program(**data)
    assert "turned_" in program.source()
    exact = {"rtol": 1e-5, "atol": 1e-5} if dtype == "float32" else {"rtol": 1e-13}
    for name, want in expected(**data).items():
        assert found[name].dtype == dtype
        np.testing.assert_allclose(found[name], want, **exact)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_hessian_of_a_quadratic_form(dtype):
    text = "dim N\ninput S[N,N], x[N]\nL := x[i] S[i,j] x[j]"
    program = einrnn.parse(text).compile("d2L/dx[i]dx[j]", backend="native")
    S = np.random.default_rng(0).normal(size=(301, 301)).astype(dtype)
    np.testing.assert_array_equal(program(S=S)["d2L/dx[i]dx[j]"], S + S.T)
    assert "turned_" in program.source()


ALIKE = """
dim N, M
input A[N,N], B[N,N], C[M,N,N], x[N]
half[i,j] := (A[i,j] + A[j,i])/2
times[i,j] := -A[i,j] A[j,i]
sums[i,j] := A[i,j] + A[j,i] + B[i,j] + B[j,i]
slice[i,j] := C[0,i,j] + C[0,j,i]
skew[i,j] := A[i,j] - A[j,i]
mixed[i,j] := A[i,j] + B[j,i]
rows[i,j] := A[i,j] + A[j,i] + x[i]
"""


@pytest.mark.parametrize("threads", [1, 2, 3])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("n", [64, 71, 131, 1100])
def test_what_is_the_same_exchanged_and_what_is_not(n, dtype, threads, monkeypatch):
    monkeypatch.setenv("EINRNN_NUM_THREADS", str(threads))
    monkeypatch.setattr(writer, "_MUCH_SWEEP", 1)
    rng = np.random.default_rng(n)
    A, B = rng.normal(size=(2, n, n)).astype(dtype)
    C, x = rng.normal(size=(3, n, n)).astype(dtype), rng.normal(size=n).astype(dtype)
    wanted = {
        "half": (A + A.T) / 2,
        "times": -A * A.T,
        "sums": A + A.T + B + B.T,
        "slice": C[0] + C[0].T,
        "skew": A - A.T,
        "mixed": A + B.T,
        "rows": A + A.T + x[:, None],
    }
    given = {"A": A, "B": B, "C": C, "x": x}
    document = einrnn.parse(ALIKE)
    exact = {"rtol": 1e-5, "atol": 1e-5} if dtype == "float32" else {"atol": 1e-14}
    for name, want in wanted.items():
        program = document.compile(name, backend="native")
        found = program(**{key: given[key] for key in program.inputs})[name]
        np.testing.assert_allclose(found, want, **exact)
        alike = name in ("half", "times", "slice")  # sums are not, to the last bit
        assert ("store_turned(square" in program.source()) == alike
