"""Operands that occur more than once: equal products are made once, in search and in programs."""

from __future__ import annotations

import random
from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pytest

import einrnn
from einrnn.pathfinder.evaluate import Path, flops
from einrnn.pathfinder.joint import Jointly, joint, shared_flops
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.planner import plan


def every_path(count: int) -> Iterator[Path]:
    def further(held: tuple[int, ...], path: Path) -> Iterator[Path]:
        if len(held) == 1:
            yield path
        for at, a in enumerate(held):
            for b in held[at + 1 :]:
                rest = tuple(one for one in held if one not in (a, b))
                yield from further((*rest, count + len(path)), (*path, (a, b)))

    return further(tuple(range(count)), ())


def power(times: int, size: int = 9) -> Network:
    terms = [[f"i{at}", f"i{at + 1}"] for at in range(times)]
    sizes = {f"i{at}": size for at in range(times + 1)}
    return Network.of(terms, ["i0", f"i{times}"], sizes, identities=["A"] * times)


@pytest.mark.parametrize(("times", "products"), [(2, 1), (3, 2), (4, 2), (5, 3), (6, 3), (8, 3)])
def test_a_power_of_a_matrix_is_made_by_squaring(times: int, products: int) -> None:
    assert joint([power(times)]).flops == products * 2 * 9**3


@pytest.mark.parametrize("times", [4, 8])
def test_a_program_makes_as_few_products(times: int) -> None:
    right = " ".join(f"A[i{at},i{at + 1}]" for at in range(times))
    document = einrnn.parse(f"input A[N,N]\nB[i0,i{times}] := {right}\n")
    program = document.compile(f"B[i0,i{times}]")
    assert program.cost(N=9).flops == (times.bit_length() - 1) * 2 * 9**3
    A = np.random.default_rng(0).normal(size=(9, 9))
    found = program(A=A)[f"B[i0,i{times}]"]
    np.testing.assert_allclose(found, np.linalg.matrix_power(A, times), rtol=1e-9)


def test_small_networks_with_equal_operands_are_solved_as_by_brute_force() -> None:
    rng = random.Random(4)
    paid = optimal = 0
    for case in range(80):
        count = rng.choice((3, 4, 4, 5))
        letters = "abcdef"[: count + 1]
        terms = [rng.sample(letters, 2) for _ in range(count)]
        if case % 2:
            terms = [rng.sample(pair, 2) for pair in pairwise(letters)]
        used = sorted({letter for term in terms for letter in term})
        output = [letters[0], letters[-1]] if case % 2 else rng.sample(used, rng.randint(0, 2))
        sizes = dict.fromkeys(used, rng.choice((3, 7)))
        names = [rng.choice("AAAAB") for _ in range(count)]
        network = Network.of(terms, output, sizes, identities=names)
        least = min(shared_flops([network], [path]) for path in every_path(count))
        found = shared_flops([network], [Jointly()(network)])
        alone = shared_flops([network], [plan(network)])
        assert least <= found <= alone
        optimal += found == least
        paid += found < alone
    assert optimal >= 76
    assert paid > 3


def test_a_matrix_times_its_transpose_may_be_read_either_way() -> None:
    sizes = {"n": 20, "i": 6, "j": 6, "k": 6}
    gram = [["n", "i"], ["n", "j"]]
    one = Network.of([*gram, ["j"]], ["i"], sizes, identities=["X", "X", "v"])
    other = Network.of([*gram, ["i"]], ["j"], sizes, identities=["X", "X", "v"])
    path: Path = ((0, 1), (2, 3))
    assert shared_flops([one, other], [path, path]) == flops(one, path)
