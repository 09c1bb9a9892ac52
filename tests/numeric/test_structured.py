"""Compressed results: what they hold, what they become, and products with them."""

import numpy as np
import pytest

import einrnn
from tests.numeric.hessians import PAIRS, SIZES, TEXTS, arrays, hessian


def both(name, first, second):
    """The dense and the compressed second derivative."""
    doc = einrnn.parse(TEXTS[name])
    doc.raise_errors()
    data = arrays(doc.model)
    text = hessian(doc.model, first, second)
    found = []
    for compress in (False, True):
        program = doc.compile(text, compress=compress)
        given = {n: array for n, array in data.items() if n in program.inputs}
        found.append(program(**given, **{n: SIZES[n] for n in program.sizes})[text])
    return found


@pytest.mark.parametrize(("name", "first", "second"), PAIRS)
def test_dense_and_products(name, first, second):
    dense, compressed = both(name, first, second)
    assert compressed.shape == dense.shape
    assert compressed.dtype == dense.dtype
    assert compressed.nbytes <= dense.nbytes * 1.001 + 8
    np.testing.assert_allclose(compressed.dense(), dense, rtol=1e-12, atol=1e-12)
    np.testing.assert_array_equal(np.asarray(compressed), compressed.dense())
    rng = np.random.default_rng(0)
    for count in range(dense.ndim + 1):
        v = rng.normal(size=dense.shape[count:])
        expected = np.tensordot(dense, v, v.ndim)
        np.testing.assert_allclose(compressed @ v, expected, rtol=1e-10, atol=1e-10)


def test_a_repeated_block_is_kept_once():
    dense, compressed = both("factors", "U", "U")
    assert compressed.nbytes == SIZES["K"] ** 2 * dense.itemsize
    (component,) = compressed.components
    assert component.places[0] == component.places[2]
    assert repr(compressed) == "Structured(7 × 3 × 7 × 3, 72 bytes: δ[0,2] 3 × 3)"


def test_products_of_matrices_stay_apart():
    """d²L/dU dV = 2 U ⊗ V and a diagonal: K (N + M) + N M numbers for N K M K entries."""
    _, compressed = both("factors", "U", "V")
    n, m, k = SIZES["N"], SIZES["M"], SIZES["K"]
    assert compressed.nbytes == 8 * (n * m + k * (n + m))


def test_a_tridiagonal_matrix():
    dense, compressed = both("smoothing", "x", "x")
    assert np.count_nonzero(np.triu(dense, 2)) == 0
    # the diagonal, and one number for each of both lines beside it
    assert compressed.nbytes == 8 * (SIZES["N"] + 2)


def test_diagonal_plus_outer_product():
    _, compressed = both("log sum", "x", "x")
    assert compressed.nbytes <= 8 * 3 * SIZES["N"]


def test_a_vector_of_another_shape_is_an_error():
    _, compressed = both("factors", "U", "U")
    with pytest.raises(einrnn.EinrnnError) as caught:
        compressed @ np.ones((3, 7))
    assert caught.value.code == "E602"
    with pytest.raises(einrnn.EinrnnError):
        compressed @ np.ones((7, 3, 7, 3, 1))


def test_float32_stays_float32():
    doc = einrnn.parse(TEXTS["factors"])
    V = np.ones((4, 3), np.float32)
    found = doc.compile("d2L/dU[i,k]dU[j,l]", compress=True)(V=V, N=5)["d2L/dU[i,k]dU[j,l]"]
    assert found.dtype == found.dense().dtype == (found @ np.ones((5, 3), np.float32)).dtype
    assert found.dtype == np.float32


def test_a_size_that_no_input_gives_is_asked_for():
    doc = einrnn.parse(TEXTS["factors"])
    program = doc.compile("d2L/dU[i,k]dU[j,l]", compress=True)
    assert "N" in program.sizes
    with pytest.raises(einrnn.EinrnnError) as caught:
        program(V=np.ones((4, 3)))
    assert caught.value.code == "E610"


@pytest.mark.parametrize("size", [1, 2, 3, 4, 6])
def test_stretches_that_are_empty_at_a_size(size: int):
    doc = einrnn.parse("input x[N]\nG := sum[i=3..N-1] x[i]^2 x[i-3] + sum[i=1..N-1] x[i-1]^3\n")
    x = np.arange(1.0, size + 1)
    dense, short = (
        doc.compile("d2G/dx[i]dx[j]", compress=compress)(x=x)["d2G/dx[i]dx[j]"]
        for compress in (False, True)
    )
    np.testing.assert_array_equal(short.dense(), dense)
