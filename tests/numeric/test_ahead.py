"""Recurrences that read rows of what they are still filling."""

import numpy as np
import pytest

import einrnn
from tests.numeric.test_native import needs_compiler

SOLVE = """
input A[N,N], b[N]
x[i] := (b[i] - sum[j: j < i] A[i,j] x[j]) / A[i,i]
L := sum[i] x[i]^2
"""
ROWS = """
index i, j : N
input x[N,N]
b[i,j] := x[i,j] + b[i+1,j] + sum[k: k < j] b[i,k] x[k,j] with b[N,j] := 0
"""
CHOLESKY = """
index i, j : N
input A[N,N]
G[i,j] := { sqrt(A[i,i] - sum[k: k < i] G[i,k]^2) if i == j ;
  (A[i,j] - sum[k: k < j] G[i,k] G[j,k])/G[j,j] if i > j ; 0 otherwise }
"""
BACKENDS = ["numpy", pytest.param("native", marks=needs_compiler)]


def _matrix(size: int) -> np.ndarray:
    return np.random.default_rng(size).standard_normal((size, size))


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_call_leaves_nothing_to_the_next(backend: str, dtype: type):
    size = 9
    A = (_matrix(size) + 3 * np.eye(size)).astype(dtype)
    b = _matrix(size)[0].astype(dtype)
    program = einrnn.parse(SOLVE).compile("x", "L", "dL/db", backend=backend)
    first = {name: value.copy() for name, value in program(A=A, b=b).items()}
    huge = np.full(size, np.finfo(dtype).max / 4, dtype)
    program(A=np.eye(size, dtype=dtype), b=huge)
    again = program(A=A, b=b)
    for name, value in first.items():
        np.testing.assert_array_equal(again[name], value)
    wanted = np.linalg.solve(np.tril(A).astype(float), b)
    np.testing.assert_allclose(first["x"], wanted, rtol=1e-3 if dtype is np.float32 else 1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_an_entry_is_stored_beside_the_others_of_its_row(backend: str, size: int):
    x = _matrix(size)
    wanted = np.zeros((size + 1, size))
    for j in range(size):
        for i in reversed(range(size)):
            wanted[i, j] = x[i, j] + wanted[i + 1, j] + wanted[i, :j] @ x[:j, j]
    found = einrnn.parse(ROWS).compile("b", backend=backend)(x=x)["b"]
    np.testing.assert_allclose(found, wanted[:size], rtol=1e-9)


@pytest.mark.parametrize("backend", BACKENDS)
@pytest.mark.parametrize("size", [1, 2, 5, 12])
def test_a_factor_by_its_recurrence(backend: str, size: int):
    A = _matrix(size) @ _matrix(size).T + np.eye(size)
    found = einrnn.parse(CHOLESKY).compile("G", backend=backend)(A=A)["G"]
    np.testing.assert_allclose(found, np.linalg.cholesky(A), rtol=1e-8, atol=1e-10)
