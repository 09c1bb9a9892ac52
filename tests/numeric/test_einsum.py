from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from einrnn.errors import EvaluationError
from einrnn.numeric.cost import operations
from einrnn.numeric.einsum import einsum, einsum_equation, einsum_plan
from tests.numeric.building import built, dims, letters, tensors, total

TEXT = Path(__file__).with_name("einsum_strings.txt").read_text()
ROWS = [row for row in TEXT.split("\n") if row.strip() and not row.startswith("#")]
DISTINCT = list(dict.fromkeys(ROWS))


def operands(string, seed=0):
    """Random arrays that fit; sizes 2, 3, 4 by letter, (2, 3) under an ellipsis."""
    rng = np.random.default_rng(seed)
    arrays = []
    for term in string.split("->")[0].split(","):
        before, dots, after = term.replace(" ", "").partition("...")
        size = [[2 + ord(letter) % 3 for letter in part] for part in (before, after)]
        arrays.append(rng.normal(size=[*size[0], *([2, 3] if dots else []), *size[1]]))
    return arrays


def test_there_are_at_least_300_strings():
    assert len(DISTINCT) >= 300


@pytest.mark.parametrize("string", DISTINCT)
def test_numpy_agrees(string):
    arrays = operands(string)
    expected = np.einsum(string, *arrays, optimize=False)
    found = einsum(string, *arrays)
    assert found.shape == expected.shape
    np.testing.assert_allclose(found, expected, rtol=1e-12, atol=1e-12)
    assert all(found is not array and found.base is not array for array in arrays)


LETTERS = "abcde"


@given(st.data())
def test_numpy_agrees_on_random_strings(data):
    terms = data.draw(st.lists(st.text(LETTERS, max_size=3), min_size=1, max_size=4))
    used = sorted(set("".join(terms)))
    chosen = data.draw(st.permutations(used)) if used else []
    output = "".join(chosen[: data.draw(st.integers(0, len(used)))])
    string = ",".join(terms) + (f"->{output}" if data.draw(st.booleans()) else "")
    arrays = operands(string, data.draw(st.integers(0, 99)))
    expected = np.einsum(string, *arrays, optimize=False)
    np.testing.assert_allclose(einsum(string, *arrays), expected, rtol=1e-11, atol=1e-11)


@pytest.mark.parametrize("dtype", [np.float32, np.float64, np.int32, np.int64, np.complex64, bool])
def test_the_result_has_the_dtype_of_the_operands(dtype):
    rng = np.random.default_rng(0)
    a, b = rng.integers(0, 2, (3, 4)).astype(dtype), rng.integers(0, 2, (4, 2)).astype(dtype)
    found = einsum("ij,jk->ik", a, b)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, np.einsum("ij,jk->ik", a, b))


def test_mixed_dtypes_lists_and_repeated_operands():
    a = np.arange(6).reshape(2, 3)
    assert einsum("ij,j->i", a, [0.5, 1.0, 2.0]).dtype == np.float64
    np.testing.assert_allclose(einsum("ij,kj->ik", a, a), a @ a.T)
    assert einsum(",", 2, 3) == 6
    np.testing.assert_array_equal(einsum("i,i->i", [1, 2], [3, 4]), [3, 8])


def test_axes_under_an_ellipsis_broadcast_as_in_numpy():
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(5, 1, 2, 3)), rng.normal(size=(4, 3, 2))
    expected = np.einsum("...ij,...jk->...ik", a, b)
    np.testing.assert_allclose(einsum("...ij,...jk->...ik", a, b), expected)
    np.testing.assert_allclose(einsum("...,...", a, a[0]), np.einsum("...,...", a, a[0]))
    assert einsum("...i->...", np.ones((1, 3))).shape == (1,)


def test_axes_without_entries():
    assert (
        einsum("ij,jk->ik", np.ones((2, 0)), np.ones((0, 3))).tolist() == np.zeros((2, 3)).tolist()
    )
    assert einsum("ij->j", np.ones((2, 0))).shape == (0,)


def flops(string, *shapes):
    plan = einsum_plan(string, shapes)
    return sum(operations(step, plan.registers) for step in plan.main), plan.lifetimes


def test_a_chain_is_contracted_along_its_path():
    count, life = flops("ab,bc,cd->ad", (8, 64), (64, 64), (64, 2))
    assert count == 2 * 64 * 64 * 2 + 2 * 8 * 64 * 2
    assert life.largest == 64 * 2
    count, life = flops("a,a,ab->b", (90,), (90,), (90, 70))
    assert count == 90 + 2 * 90 * 70


def test_nothing_larger_than_needed_is_made():
    count, life = flops("bi,oij,bj->bo", (32, 20), (10, 20, 20), (32, 20))
    assert life.largest <= 32 * 10 * 20
    assert count < 2 * prod((32, 20, 10, 20)) * 1.2


def error(string, *shapes):
    with pytest.raises(EvaluationError) as caught:
        einsum(string, *(np.ones(shape) for shape in shapes))
    return caught.value


@pytest.mark.parametrize(
    ("string", "shapes", "code", "words", "caret"),
    [
        (
            "ij,jk->ik",
            [(2, 3), (4, 5)],
            "E701",
            ["index j", "3 on axis 1 of operand 0", "4 on axis 0 of operand 1"],
            3,
        ),
        ("ij,jk->ik", [(2, 3), (1, 5)], "E701", ["3 on axis 1", "1 on axis 0"], 3),
        ("ij,jk->ik", [(2, 1), (3, 5)], "E701", ["1 on axis 1", "3 on axis 0"], 3),
        ("ii->i", [(2, 3)], "E701", ["2 on axis 0 of operand 0", "3 on axis 1 of operand 0"], 1),
        ("...i,...i->...", [(2, 3), (4, 3)], "E701", ["the ellipsis"], 5),
        ("ij,jk->ix", [(2, 3), (3, 4)], "E702", ["output index x"], 8),
        ("ij,jk->ii", [(2, 3), (3, 4)], "E703", ["output index i occurs twice"], 8),
        ("ij,jk->ik", [(2, 3)], "E704", ["2 operands; 1 were given"], 0),
        ("ij->", [(2, 3), (3, 4)], "E704", ["1 operands; 2 were given"], 0),
        ("ij,jk->ik", [(2, 3), (3,)], "E705", ["operand 1 has 1 axes", "name 2"], 3),
        ("ij->ij", [(2, 3, 4)], "E705", ["operand 0 has 3 axes"], 0),
        ("i.j->ij", [(2, 3)], "E706", ["'.'"], 1),
        ("i1->i", [(2, 3)], "E706", ["'1'"], 1),
        ("i->i->i", [(2,)], "E706", ["'-'"], 4),
        ("...i...->i", [(2, 3)], "E706", ["second ellipsis"], 4),
        ("...i->i", [(2, 3)], "E707", ["ellipsis stands for 1 axes"], 6),
    ],
)
def test_mistakes_are_named_with_their_place(string, shapes, code, words, caret):
    found = error(string, *shapes)
    assert found.code == code
    for word in words:
        assert word in found.message
    assert found.span is not None
    assert found.span.start == caret
    assert f"{string}\n{' ' * caret}^" in str(found)


def test_operands_that_are_not_numbers_or_by_name_are_refused():
    with pytest.raises(EvaluationError, match="E708"):
        einsum("i->i", ["a", "b"])
    with pytest.raises(EvaluationError, match="E708"):
        einsum("ij->i", [[1, 2], [3]])
    with pytest.raises(EvaluationError, match="E709"):
        einsum("i->i", A=[1, 2])


def test_an_index_equation_is_the_value_of_a_definition():
    i, j, k = letters("i j k")
    N, M, K = dims("N M K")
    A, B = tensors("A B")
    b = built().input("A", N, M).input("B", M, K)
    b.plain("C", (i, k), (N, K), total(j, M, A[i, j] * B[j, k]))
    x, y = np.arange(6.0).reshape(2, 3), np.ones((3, 4))
    np.testing.assert_allclose(einsum_equation(b.model, "C", {"A": x, "B": y}), x @ y)
