"""The bench's instances: as they are described, and paths of ours have numpy's value on them."""

from __future__ import annotations

import numpy as np
import pytest

from benchmarks.paths import generators
from benchmarks.paths.networks import named
from einrnn.numeric.pathwise import Pathwise
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.parts import parts
from einrnn.pathfinder.planner import plan

SMALL = {
    "regular": generators.regular(10, 1),
    "lattice": generators.lattice((2, 3, 2), 1, sizes=(2, 3)),
    "tree": generators.tree(9, 1, sizes=(2, 3)),
    "matrix chain": generators.matrix_chain(7, 1, sizes=(2, 9)),
    "hypernetwork": generators.hypernetwork(9, 1),
    "PEPS": generators.projected_pairs(3, bond=2),
    "MPS": generators.matrix_product_states(6, bond=3),
    "QAOA": generators.maximum_cut(4, 1),
    "MERA": generators.renormalised_words(2, bond=2, words=3),
    "hidden states": generators.hidden_states(5, 3, 4, 2),
    "attention": generators.attention(1, 4, 4, 2),
}


@pytest.mark.parametrize("name", SMALL)
def test_the_value_is_that_of_numpy(name: str) -> None:
    network = SMALL[name]
    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=[network.sizes[bit] for bit in term]) for term in network.axes]
    given = [part for pair in zip(arrays, map(list, network.axes), strict=True) for part in pair]
    expected = np.einsum(*given, list(network.order), optimize=("greedy", 2**24))
    found = Pathwise(network, plan(network))(*arrays)
    np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


def test_every_instance_hangs_together_and_has_the_operands_that_its_name_says() -> None:
    for name, network in named():
        assert len(parts(network)) == 1, name
        last = name.split(" (")[0].split(", ")[-1]
        if last.isdigit():
            assert len(network.operands) == int(last), name


def held_by(network: Network) -> list[int]:
    return [sum(mask >> bit & 1 for mask in network.operands) for bit in range(len(network.sizes))]


def test_gates_of_two_qubits_share_wires() -> None:
    # a wire of the first round: its start, three gates of two qubits, and the gate after them
    assert max(held_by(generators.maximum_cut(12, 1))) == 5
    assert set(held_by(generators.regular(20, 1))) == {2}
    assert max(held_by(generators.hypernetwork(40, 1))) in (3, 4)
