"""The forms in which products and sums of rows are written for jax, against numpy."""

import numpy as np
import pytest

import einrnn

jax = pytest.importorskip("jax")

PRODUCTS = """
dim I, J, B, T
input a[T,B,I], b[T,B,J], m[I,J], v[T]
columns[i,j] := sum[t,q] a[t,q,i] b[t,q,j]
rows[t,q,j] := sum[i] a[t,q,i] m[i,j]
moved[q,i] := sum[t] v[t] a[t,q,i]
"""

WORDS = """
dim D, H, T
index t : T
input x[T] integer in D, U[H,D]
L := sum[t,i] U[i,x[t]]^2
"""


def products(sizes):
    outputs = ("columns", "rows", "moved")
    program = einrnn.parse(PRODUCTS).compile(*outputs, backend="jax")
    rng = np.random.default_rng(0)
    data = {
        name: rng.normal(size=tuple(sizes[str(axis)] for axis in axes))
        for name, axes in program.inputs.items()
    }
    found = program(**data)
    a, b, m, v = (data[name] for name in "abmv")
    np.testing.assert_allclose(found["columns"], np.einsum("tqi,tqj->ij", a, b), atol=1e-10)
    np.testing.assert_allclose(found["rows"], a @ m, atol=1e-10)
    np.testing.assert_allclose(found["moved"], np.einsum("t,tqi->qi", v, a), atol=1e-10)
    return program.source()


@pytest.mark.parametrize(
    ("sizes", "columns", "rows", "moved"),
    [
        ({"I": 3, "J": 2, "B": 2, "T": 4}, "entrywise", "entrywise", "entrywise"),
        ({"I": 30, "J": 20, "B": 2, "T": 40}, "product_of_columns", "np.dot", "np.dot"),
        ({"I": 200, "J": 9, "B": 7, "T": 200}, "np.dot", "np.dot", "np.dot"),
        ({"I": 90, "J": 20, "B": 7, "T": 200}, "product_of_columns", "np.dot", "np.dot"),
        ({"I": 2, "J": 1, "B": 1, "T": 3}, "entrywise", "entrywise", "entrywise"),
        ({"I": 30, "J": 20, "B": 1, "T": 2}, "product_of_columns", "np.dot", "entrywise"),
    ],
)
def test_products(sizes, columns, rows, moved):
    lines = [line.strip() for line in products(sizes).splitlines()]
    for name, form in (("columns", columns), ("rows", rows), ("moved", moved)):
        assert any(line.startswith(name) and form in line for line in lines), name


def test_sums_of_rows():
    """Positions out of range add nothing; the result is made in the order of its axes."""
    program = einrnn.parse(WORDS).compile("dL/dU", backend="jax")
    rng = np.random.default_rng(0)
    x, U = rng.integers(5, size=7), rng.normal(size=(3, 5))
    expected = np.zeros((3, 5))
    for at in x:
        expected[:, at] += 2 * U[:, at]
    np.testing.assert_allclose(program(x=x, U=U)["dL/dU"], expected, atol=1e-12)
    text = program.source()
    assert "(1, 0))" in text
    space = {}
    exec(text, space)
    rows, index = rng.normal(size=(2, 3, 4, 6)), np.array([[4, -1, 0], [9, 0, 5]])
    for order in ((0, 1, 2), (1, 0, 2), (2, 1, 0)):
        whole = np.zeros((5, 4, 6))
        for at in np.ndindex(2, 3):
            if 0 <= index[at] < 5:
                whole[index[at]] += rows[at]
        found = space["scatter"](jax.numpy.asarray(rows), jax.numpy.asarray(index), 5, order)
        np.testing.assert_allclose(found, whole.transpose(order), rtol=1e-6)
