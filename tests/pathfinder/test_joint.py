"""Joint paths against reverse mode written by hand."""

from __future__ import annotations

import numpy as np
import pytest

from einrnn.numeric.pathwise import Pathwise
from einrnn.pathfinder.evaluate import flops
from einrnn.pathfinder.joint import joint, shared_flops
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.planner import plan


def loss_and_gradients(steps: int, hidden: int) -> list[Network]:
    """``v J1 … JT w``, and its derivative by each Jacobian."""
    names = ["v", *(f"J{at}" for at in range(steps)), "w"]
    terms = [["a0"], *([f"a{at}", f"a{at + 1}"] for at in range(steps)), [f"a{steps}"]]
    sizes = {f"a{at}": hidden for at in range(steps + 1)}
    found = [Network.of(terms, [], sizes, identities=names)]
    for left_out in range(1, steps + 1):
        rest = [at for at in range(len(terms)) if at != left_out]
        found.append(
            Network.of(
                [terms[at] for at in rest],
                terms[left_out],
                sizes,
                identities=[names[at] for at in rest],
            )
        )
    return found


@pytest.mark.parametrize("steps", [1, 5, 60])
def test_loss_and_all_gradients_cost_what_reverse_mode_does(steps: int) -> None:
    hidden = 16
    matrix = 2 * hidden**2
    forward, backward, outer = steps * matrix, (steps - 1) * matrix, steps * hidden**2
    by_hand = forward + 2 * hidden + backward + outer
    found = joint(loss_and_gradients(steps, hidden))
    assert found.flops <= 1.05 * by_hand


def test_the_gradients_are_right() -> None:
    networks = loss_and_gradients(4, 3)
    rng = np.random.default_rng(0)
    arrays = {"v": rng.normal(size=3), "w": rng.normal(size=3)}
    arrays |= {f"J{at}": rng.normal(size=(3, 3)) for at in range(4)}
    found = joint(networks)
    for left_out, (network, path) in enumerate(zip(networks, found.paths, strict=True)):
        run = Pathwise(network, path)
        result = run(*(arrays[str(name)] for name in network.identities))
        before, after = arrays["v"], arrays["w"]
        for at in range(4 if left_out == 0 else left_out - 1):
            before = before @ arrays[f"J{at}"]
        for at in reversed(range(left_out, 4 if left_out else 0)):
            after = arrays[f"J{at}"] @ after
        expected = before @ after if left_out == 0 else np.outer(before, after)
        np.testing.assert_allclose(result, expected)


def test_a_repeated_product_counts_once() -> None:
    sizes = dict.fromkeys("ijklm", 9)
    terms = [["i", "j"], ["j", "k"], ["k", "l"], ["l", "m"]]
    network = Network.of(terms, ["i", "m"], sizes, identities=["A"] * 4)
    product = 2 * 9**3
    assert shared_flops([network], [((0, 1), (2, 3), (4, 5))]) == 2 * product
    assert shared_flops([network], [((0, 1), (2, 4), (3, 5))]) == 3 * product


@pytest.mark.parametrize(("symmetric", "times"), [({"A": [(1, 0)]}, 1), ({}, 2)])
def test_a_symmetric_operand_may_be_read_either_way(symmetric: dict, times: int) -> None:
    sizes = dict.fromkeys("ijk", 9)
    kwargs = {"identities": ["A", "B"], "symmetric": symmetric}
    one = Network.of([["i", "j"], ["k", "j"]], ["i", "k"], sizes, **kwargs)
    other = Network.of([["j", "i"], ["k", "j"]], ["i", "k"], sizes, **kwargs)
    assert shared_flops([one, other], [((0, 1),), ((0, 1),)]) == times * 2 * 9**3


def test_unrelated_outputs_cost_what_they_cost_alone() -> None:
    sizes = dict.fromkeys("ijkl", 5)
    networks = [
        Network.of([["i", "j"], ["j", "k"]], ["i", "k"], sizes, identities=["A", "B"]),
        Network.of([["i", "j"], ["j", "k"], ["k"]], ["i"], sizes, identities=["C", "D", "E"]),
    ]
    assert joint(networks).flops == sum(flops(one, plan(one)) for one in networks)
