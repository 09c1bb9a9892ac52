"""Loops that go through one array along rows and another along columns, on large arrays."""

import numpy as np
import pytest

import einrnn

TEXT = """
dim m, n
input A[m,n], B[n,m], S[n,n], x[n]
C[i,j] := A[i,j] + tanh(B[j,i])
L := x[i] S[i,j] x[j]
"""


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("m", "n"), [(128, 128), (200, 131), (500, 260), (127, 300)])
def test_as_numpy(m: int, n: int, dtype: str) -> None:
    rng = np.random.default_rng(m)
    given = {
        "A": rng.normal(size=(m, n)),
        "B": rng.normal(size=(n, m)),
        "S": rng.normal(size=(n, n)),
    }
    given = {name: array.astype(dtype) for name, array in given.items()}
    program = einrnn.parse(TEXT).compile("C", "d2L/dx[i]dx[j]", backend="native")
    found = program(**given)
    np.testing.assert_allclose(found["C"], given["A"] + np.tanh(given["B"].T), rtol=2e-5, atol=1e-6)
    np.testing.assert_array_equal(found["d2L/dx[i]dx[j]"], given["S"] + given["S"].T)
    assert "from_i0" in program.source() or m < 128
