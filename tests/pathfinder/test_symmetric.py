"""Symmetric products: found, counted, computed by half where that pays, and right."""

from __future__ import annotations

import random
from itertools import permutations

import numpy as np
import pytest

import einrnn
from einrnn.numeric.steps import Contract
from einrnn.pathfinder.joint import shared_flops
from einrnn.pathfinder.mirror import BLOCKED, computed, last_two, mirror
from einrnn.pathfinder.network import Network


def symmetric(size: int, seed: int = 0) -> np.ndarray:
    matrix = np.random.default_rng(seed).normal(size=(size, size))
    return matrix + matrix.T


def halves(program: einrnn.Program, **sizes: int) -> list[bool]:
    """For each matrix product of a program whether one triangle of it is computed."""
    return [s.symmetric for s in program.plan(**sizes).main if isinstance(s, Contract)]


def test_a_symmetric_matrix_squared_is_half_a_product() -> None:
    document = einrnn.parse("dim N\ninput S[N,N] symmetric\nC[i,k] := S[i,j] S[j,k]")
    program = document.compile("C")
    assert program.cost(N=200).flops == 200 * 200 * 201
    assert halves(program, N=200) == [True]
    assert "dot(S_0, S_0.T" in program.source(N=200)
    S = symmetric(200)
    np.testing.assert_allclose(program(S=S)["C"], S @ S, rtol=1e-10, atol=1e-10)


def test_what_does_not_pay_is_neither_done_nor_counted() -> None:
    document = einrnn.parse("dim N\ninput S[N,N] symmetric\nC[i,k] := S[i,j] S[j,k]")
    program = document.compile("C")
    assert program.cost(N=20).flops == 2 * 20**3
    assert halves(program, N=20) == [False]


def test_a_congruence_is_symmetric_although_its_last_two_factors_differ() -> None:
    text = "dim N, M\ninput S[N,N] symmetric, B[N,M]\nC[i,j] := B[a,i] S[a,b] B[b,j]"
    program = einrnn.parse(text).compile("C")
    N, M = 40, BLOCKED
    last = 2 * N * sum(64 * (M - at) for at in range(0, M, 64))
    assert program.cost(N=N, M=M).flops == 2 * N * N * M + last
    assert "symmetric_product" in program.source(N=N, M=M)
    rng = np.random.default_rng(0)
    S, B = symmetric(N), rng.normal(size=(N, M))
    np.testing.assert_allclose(program(S=S, B=B)["C"], B.T @ S @ B, rtol=1e-9, atol=1e-9)
    # without the fact it is two whole products
    plain = einrnn.parse(text.replace(" symmetric", "")).compile("C")
    assert plain.cost(N=N, M=M).flops == 2 * N * N * M + 2 * N * M * M


def test_a_product_times_its_transpose_is_made_once_and_squared() -> None:
    text = "dim I, K, L\ninput A[I,K], B[K,L]\nC[i,j] := A[i,k] B[k,l] A[j,m] B[m,l]"
    program = einrnn.parse(text).compile("C")
    sizes = {"I": 90, "K": 70, "L": 50}
    assert program.cost(**sizes).flops == 2 * 90 * 70 * 50 + 90 * 91 * 50
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=(90, 70)), rng.normal(size=(70, 50))
    expected = (A @ B) @ (A @ B).T
    np.testing.assert_allclose(program(A=A, B=B)["C"], expected, rtol=1e-9, atol=1e-9)


def test_a_symmetric_matrix_read_both_ways_is_multiplied_once() -> None:
    text = "dim N\ninput S[N,N] symmetric, x[N]\nu[i] := S[i,j] x[j]\nv[i] := S[j,i] x[j]"
    program = einrnn.parse(text).compile("u", "v")
    assert program.cost(N=30).flops == 2 * 30 * 30
    S, x = symmetric(30), np.arange(30.0)
    found = program(S=S, x=x)
    np.testing.assert_allclose(found["u"], S @ x)
    np.testing.assert_allclose(found["v"], S @ x)


def test_a_batch_of_symmetric_matrices_is_symmetric_in_its_last_two_axes_only() -> None:
    text = (
        "dim N\ninput S[N,N,N] symmetric, x[N]\n"
        "u[i,j] := S[i,j,k] x[k]\nv[i,j] := S[i,k,j] x[k]\nw[i,j] := S[k,i,j] x[k]"
    )
    program = einrnn.parse(text).compile("u", "v", "w")
    assert program.cost(N=7).flops == 2 * 2 * 7**3
    S = np.random.default_rng(0).normal(size=(7, 7, 7))
    S, x = S + S.transpose(0, 2, 1), np.arange(7.0)
    found = program(S=S, x=x)
    np.testing.assert_allclose(found["u"], S @ x)
    np.testing.assert_allclose(found["v"], S @ x)
    np.testing.assert_allclose(found["w"], np.tensordot(x, S, 1))


@pytest.mark.parametrize("backend", ["numpy", "jax", "torch", "native"])
def test_every_backend_agrees(backend: str) -> None:
    if backend in ("jax", "torch"):
        pytest.importorskip(backend)
    text = (
        "dim N, M\ninput S[N,N] symmetric, B[N,M]\n"
        "C[i,j] := B[a,i] S[a,b] B[b,j]\nP[i,l] := S[i,j] S[j,k] S[k,l]"
    )
    rng = np.random.default_rng(0)
    S, B = symmetric(70), rng.normal(size=(70, 260))
    found = einrnn.parse(text).compile("C", "P", backend=backend)(S=S, B=B)
    for name, expected in (("C", B.T @ S @ B), ("P", S @ S @ S)):
        scale = np.abs(expected).max()
        np.testing.assert_allclose(np.asarray(found[name]), expected, atol=1e-5 * scale)


def by_brute_force(
    factors: list[tuple[str, tuple[int, ...]]],
    orders: dict[str, list[tuple[int, ...]]],
    left: list[int],
    right: list[int],
    fixed: list[int],
) -> bool:
    """Whether some exchange of axes leaves the set of factors as it is: all are tried."""

    def spelt(image: dict[int, int]) -> list[tuple[str, tuple[int, ...]]]:
        found: list[tuple[str, tuple[int, ...]]] = []
        for name, axes in factors:
            moved = tuple(image[axis] for axis in axes)
            readings = [moved, *(tuple(moved[at] for at in o) for o in orders.get(name, []))]
            found.append((name, min(readings)))
        return sorted(found)

    axes = sorted({axis for _, own in factors for axis in own})
    summed = [axis for axis in axes if axis not in (*left, *right, *fixed)]
    itself = spelt({axis: axis for axis in axes})
    for onto in permutations(right):
        for moved in permutations(summed):
            image = dict(zip(left, onto, strict=True)) | dict(zip(onto, left, strict=True))
            image |= dict(zip(summed, moved, strict=True)) | {axis: axis for axis in fixed}
            involution = all(image[image[axis]] == axis for axis in axes)
            if involution and spelt(image) == itself:
                return True
    return False


def test_symmetries_are_found_as_by_brute_force() -> None:
    rng = random.Random(1)
    found = 0
    for _ in range(600):
        names = [rng.choice("AAB") for _ in range(rng.randint(1, 4))]
        factors = [(name, tuple(rng.sample(range(5), 2))) for name in names]
        orders = {"A": [(1, 0)]} if rng.random() < 0.5 else {}
        axes = sorted({axis for _, own in factors for axis in own})
        if len(axes) < 2:
            continue
        left, right = rng.sample(axes, 2)
        fixed = [axis for axis in axes if axis not in (left, right) and rng.random() < 0.2]
        image = mirror(factors, orders, [left], [right], fixed)
        assert (image is not None) == by_brute_force(factors, orders, [left], [right], fixed)
        found += image is not None
    assert found > 60


def test_the_planner_counts_what_is_computed() -> None:
    sizes = {"i": 300, "j": 300, "a": 100, "b": 100}
    terms = [["a", "i"], ["a", "b"], ["b", "j"]]
    network = Network.of(
        terms, ["i", "j"], sizes, identities=["B", "S", "B"], symmetric={"S": [last_two(2)]}
    )
    whole, half = 2 * 100 * 300 * 300, 100 * computed(300, same=False, batch=False)
    first = 2 * 100 * 100 * 300
    assert shared_flops([network], [((0, 1), (2, 3))]) == first + half
    assert half < 0.65 * whole
