"""The contractions that path finders are compared on, all made here or by a generator."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence

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


def regular(count: int, seed: int, degree: int = 3, size: int = 2) -> Network:
    """A random regular graph without loops, by pairing stubs; closed."""
    rng = random.Random(seed)
    while True:
        stubs = [node for node in range(count) for _ in range(degree)]
        rng.shuffle(stubs)
        edges = list(zip(stubs[::2], stubs[1::2], strict=True))
        if all(a != b for a, b in edges) and len(set(map(frozenset, edges))) == len(edges):
            break
    terms = [[f"e{at}" for at, edge in enumerate(edges) if node in edge] for node in range(count)]
    return Network.of(terms, [], {f"e{at}": size for at in range(len(edges))})


def hyper(count: int, seed: int) -> Network:
    """Random operands with indices that up to all of them share."""
    rng = random.Random(seed)
    letters = [f"i{at}" for at in range(count + 2)]
    terms = [rng.sample(letters, rng.randint(1, 4)) for _ in range(count)]
    used = sorted({letter for term in terms for letter in term})
    sizes = {letter: rng.choice((2, 3, 5, 8, 20)) for letter in used}
    return Network.of(terms, rng.sample(used, min(2, len(used))), sizes)


def from_text(text: str, shapes: Sequence[Sequence[int]]) -> Network:
    """The network of an einsum string."""
    left, _, right = text.partition("->")
    terms = left.split(",")
    pairs = zip(terms, shapes, strict=True)
    sizes = {i: size for term, shape in pairs for i, size in zip(term, shape, strict=True)}
    return Network.of(terms, right, sizes)


def generated() -> Iterator[tuple[str, Network]]:
    """Instances of einsum-benchmark's offline generators, if it is installed."""
    try:
        from einsum_benchmark.generators.random.connected_hypernetwork import (
            connected_hypernetwork,
        )
        from einsum_benchmark.generators.structured.lattice import lattice
        from einsum_benchmark.generators.structured.matrix_chain import generate_mcm
        from einsum_benchmark.generators.structured.tree import tree
    except ImportError:
        return
    kwargs = {"regularity": 2.5, "max_tensor_order": 6, "max_edge_order": 4, "min_axis_size": 2}
    kwargs |= {"max_axis_size": 4, "number_of_output_indices": 2, "seed": 1}
    yield "hypernetwork, 40", from_text(*connected_hypernetwork(40, **kwargs))
    yield "matrix chain, 100", from_text(*generate_mcm(100, is_shuffle=True, seed=1)[:2])
    yield "tree, 60", from_text(*tree(60, seed=1)[:2])
    yield "lattice 8 × 8", from_text(*lattice([8, 8], seed=1)[:2])


def named() -> Iterator[tuple[str, Network]]:
    """Every instance with its name."""
    yield "Hessian-vector product, 9", hessian_vector()
    yield "chain of Jacobians, 51", jacobians(50)
    yield "chain of Jacobians, 1001", jacobians(1000)
    yield "BPTT with batch, 1002", backpropagation(500)
    yield "random 3-regular, 60", regular(60, 1)
    yield "random 3-regular, 200", regular(200, 1)
    yield from generated()
