"""The contractions that path finders are compared on, all made here or by our generators."""

from __future__ import annotations

import random
from collections.abc import Iterator

from benchmarks.paths import generators
from einrnn.pathfinder.network import Network


def hessian_vector() -> Network:
    """A Hessian-vector product of a two-layer network, nine operands, a batch index."""
    terms = [list(term) for term in ["bh", "hd", "bd", "bk", "kh", "bh", "kg", "bg", "gd"]]
    return Network.of(terms, list("hd"), {"b": 128, "h": 64, "d": 32, "k": 10, "g": 64})


def jacobians(count: int, size: int = 64, seed: int = 0) -> Network:
    """A shuffled chain of matrices with a vector at one end."""
    terms = [["i0"], *([f"i{at}", f"i{at + 1}"] for at in range(count))]
    random.Random(seed).shuffle(terms)
    return Network.of(terms, [f"i{count}"], {f"i{at}": size for at in range(count + 1)})


def backpropagation(steps: int, hidden: int = 32, batch: int = 16, seed: int = 0) -> Network:
    """Back-propagation through time with a batch index: 2 steps + 2 operands, shuffled."""
    terms = [["b", "i0"], ["b", f"i{steps}"]]
    for at in range(steps):
        terms += [["b", f"i{at}"], [f"i{at}", f"i{at + 1}"]]
    random.Random(seed).shuffle(terms)
    sizes = {f"i{at}": hidden for at in range(steps + 1)} | {"b": batch}
    return Network.of(terms, ["b"], sizes)


def hyper(count: int, seed: int) -> Network:
    """Random operands with indices that up to all of them share."""
    rng = random.Random(seed)
    letters = [f"i{at}" for at in range(count + 2)]
    terms = [rng.sample(letters, rng.randint(1, 4)) for _ in range(count)]
    used = sorted({letter for term in terms for letter in term})
    sizes = {letter: rng.choice((2, 3, 5, 8, 20)) for letter in used}
    return Network.of(terms, rng.sample(used, min(2, len(used))), sizes)


def named() -> Iterator[tuple[str, Network]]:
    """Every instance with its name."""
    yield "Hessian-vector product, 9", hessian_vector()
    yield "chain of Jacobians, 51", jacobians(50)
    yield "chain of Jacobians, 1001", jacobians(1000)
    yield "BPTT with batch, 1002", backpropagation(500)
    for seed in (1, 2, 3):
        yield f"random 3-regular, 60 (seed {seed})", generators.regular(60, seed)
    for seed in (1, 2, 3):
        yield f"random 3-regular, 200 (seed {seed})", generators.regular(200, seed)
    yield "hypernetwork, 40", generators.hypernetwork(40, 1)
    yield "matrix chain, 100", generators.matrix_chain(100, 1)
    yield "tree, 60", generators.tree(60, 1)
    yield "lattice 8 × 8", generators.lattice((8, 8), 1)
    yield "lattice 4 × 4 × 4", generators.lattice((4, 4, 4), 1)
    yield "PEPS norm 5 × 5, 50", generators.projected_pairs(5)
    yield "MPS inner product, 80", generators.matrix_product_states(40)
    yield "QAOA circuit, 84", generators.maximum_cut(12, 1)
    yield "MERA language model, 54", generators.renormalised_words(4)
    yield "hidden-state n-grams, 30", generators.hidden_states(10)
    yield "attention without softmax, 13", generators.attention(2)
