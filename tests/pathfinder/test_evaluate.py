"""The evaluator against hand-worked counts, other libraries' rules, and the cost of programs."""

from __future__ import annotations

import random

import opt_einsum
import pytest
from opt_einsum.testing import rand_equation

from einrnn.numeric.cost import cost
from einrnn.numeric.einsum import einsum_plan
from einrnn.pathfinder.evaluate import flops, linear, numbered, score
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.planner import plan


def of(text: str, **sizes: int) -> Network:
    left, _, right = text.partition("->")
    return Network.of([list(term) for term in left.split(",")], list(right), sizes)


def test_a_matrix_product_counts_a_multiplication_and_an_addition_for_each_triple() -> None:
    network = of("ij,jk->ik", i=10, j=10, k=10)
    found = score(network, ((0, 1),))
    assert (found.flops, found.largest, found.peak) == (2000, 100, 300)
    assert (found.workspace, found.moved) == (500, 300)


def test_products_without_a_sum_count_once_and_hyperedges_stay_while_they_are_needed() -> None:
    network = of("bi,bj,bk->ijk", b=3, i=4, j=5, k=6)
    assert score(network, ((0, 1), (2, 3))).flops == 3 * 4 * 5 + 2 * 3 * 4 * 5 * 6


def test_an_index_of_one_operand_is_summed_first() -> None:
    network = of("abx,bc->ac", a=2, b=3, c=5, x=7)
    assert flops(network, ((0, 1),)) == 2 * 3 * 7 + 2 * 2 * 3 * 5


def test_size_one_is_no_work_and_a_repeated_index_is_a_diagonal() -> None:
    assert flops(of("ai,ib->ab", a=4, i=1, b=5), ((0, 1),)) == 20
    assert flops(of("ii,ij->ij", i=4, j=5), ((0, 1),)) == 20


def test_a_step_of_three_operands_multiplies_twice() -> None:
    network = of("ab,bc,cd->ad", a=2, b=3, c=5, d=7)
    assert flops(network, ((0, 1, 2),)) == 3 * 2 * 3 * 5 * 7


def test_the_peak_counts_what_is_alive() -> None:
    network = of("ab,bc,cd->ad", a=2, b=30, c=5, d=7)
    found = score(network, ((0, 1), (2, 3)))
    inputs = 60 + 150 + 35
    assert found.peak == inputs + 10 + 14
    assert found.workspace == max(inputs + 10 + 60 + 150, inputs + 10 + 14 + 10 + 35)


def test_where_indices_are_shared_the_count_is_that_of_opt_einsum() -> None:
    rng = random.Random(4)
    for case in range(60):
        text, shapes, sizes = rand_equation(
            rng.randint(3, 7), 3, n_out=1, d_min=2, d_max=6, seed=case, return_size_dict=True
        )
        found, info = opt_einsum.contract_path(text, *shapes, shapes=True, optimize="greedy")
        network = of(text, **sizes)
        if not any(network.private):
            path = numbered(found, len(shapes))
            assert flops(network, path) == int(info.opt_cost), text


def test_the_count_is_the_cost_of_the_program() -> None:
    rng = random.Random(6)
    for _ in range(40):
        letters = "abcdef"
        terms = [sorted(rng.sample(letters, 3)) for _ in range(4)]
        if len({tuple(term) for term in terms}) < 4:
            continue
        sizes = {letter: rng.randint(2, 6) for letter in letters}
        network = Network.of(terms, [terms[0][0]], sizes)
        text = ",".join("".join(term) for term in terms) + "->" + terms[0][0]
        shapes = [tuple(sizes[letter] for letter in term) for term in terms]
        # where the last product is a product of entries, its sum is counted by itself
        program = cost(einsum_plan(text, shapes))
        assert flops(network, plan(network)) <= program.flops
        if not any(network.private):
            assert program.flops <= 1.5 * flops(network, plan(network))


@pytest.mark.parametrize("seed", range(5))
def test_linear_and_numbered_are_inverse(seed: int) -> None:
    rng = random.Random(seed)
    held, steps = list(range(8)), []
    while len(held) > 1:
        chosen = sorted(rng.sample(held, 2))
        held = [at for at in held if at not in chosen] + [8 + len(steps)]
        steps.append(tuple(chosen))
    assert numbered(linear(tuple(steps), 8), 8) == tuple(steps)
