"""Contractions of the kinds that people publish: lattices, trees, states, circuits, models.

Every generator gives the same network for the same arguments; none downloads anything. The kinds
are those of the collection "Einsum Benchmark" (M. Blacher et al., NeurIPS 2024 datasets track); the
generators are our own.
"""

from __future__ import annotations

import random
from collections.abc import Hashable, Iterable, Sequence
from itertools import pairwise, product

from einrnn.pathfinder.network import Network

_Terms = list[list[Hashable]]


def edges_of_regular(count: int, degree: int, rng: random.Random) -> list[tuple[int, int]]:
    """A random regular graph without loops and double edges, by pairing stubs."""
    while True:
        stubs = [node for node in range(count) for _ in range(degree)]
        rng.shuffle(stubs)
        edges = list(zip(stubs[::2], stubs[1::2], strict=True))
        if all(a != b for a, b in edges) and len(set(map(frozenset, edges))) == len(edges):
            return edges


def regular(count: int, seed: int, degree: int = 3, size: int = 2) -> Network:
    """An operand for each node of a random regular graph, an index for each edge; closed."""
    edges = edges_of_regular(count, degree, random.Random(seed))
    return _of_edges(count, edges, dict.fromkeys(range(len(edges)), size))


def lattice(dims: Sequence[int], seed: int, sizes: tuple[int, int] = (2, 2)) -> Network:
    """A rectangular lattice with open ends and random sizes; closed."""
    rng = random.Random(seed)
    places = list(product(*(range(dim) for dim in dims)))
    number = {place: at for at, place in enumerate(places)}
    edges = [
        (number[place], number[after])
        for place in places
        for axis in range(len(dims))
        if (after := (*place[:axis], place[axis] + 1, *place[axis + 1 :])) in number
    ]
    return _of_edges(len(places), edges, {at: rng.randint(*sizes) for at in range(len(edges))})


def tree(count: int, seed: int, sizes: tuple[int, int] = (4, 12), outputs: int = 2) -> Network:
    """A random tree: each operand is joined to one before it that has fewer than four
    neighbours; some have an output index."""
    rng = random.Random(seed)
    edges: list[tuple[int, int]] = []
    degree = [0] * count
    for at in range(1, count):
        above = rng.choice([node for node in range(at) if degree[node] < 4])
        edges.append((at, above))
        degree[at], degree[above] = 1, degree[above] + 1
    extent: dict[Hashable, int] = {at: rng.randint(*sizes) for at in range(len(edges))}
    open_at = {("out", at): node for at, node in enumerate(rng.sample(range(count), outputs))}
    extent |= {index: rng.randint(*sizes) for index in open_at}
    return _of_edges(count, edges, extent, open_at)


def matrix_chain(count: int, seed: int, sizes: tuple[int, int] = (10, 1000)) -> Network:
    """A shuffled product of matrices of random sizes."""
    rng = random.Random(seed)
    terms: _Terms = [[at, at + 1] for at in range(count)]
    extent = {at: rng.randint(*sizes) for at in range(count + 1)}
    rng.shuffle(terms)
    return Network.of(terms, [0, count], extent)


def hypernetwork(count: int, seed: int, outputs: int = 2) -> Network:
    """A random connected network of which each index joins two to four operands."""
    rng = random.Random(seed)
    terms: _Terms = [[] for _ in range(count)]
    extent: dict[Hashable, int] = {}

    def join(nodes: Iterable[int]) -> None:
        index = len(extent)
        extent[index] = rng.randint(2, 4)
        for node in nodes:
            terms[node].append(index)

    for node in range(1, count):
        join({node, rng.randrange(node)})
    for _ in range(count // 2):
        join(rng.sample(range(count), rng.randint(2, 4)))
    return Network.of(terms, rng.sample(sorted(extent, key=str), outputs), extent)


def projected_pairs(side: int, bond: int = 3, physical: int = 2) -> Network:
    """The norm of a projected entangled pair state (PEPS): a square lattice and its conjugate,
    joined by an index at each place."""
    places = list(product(range(side), repeat=2))
    extent: dict[Hashable, int] = dict.fromkeys(places, physical)
    terms: dict[Hashable, list[Hashable]] = {
        (layer, place): [place] for layer in "ab" for place in places
    }
    for layer in "ab":
        for x, y in places:
            for after in ((x + 1, y), (x, y + 1)):
                if (layer, after) in terms:
                    index = (layer, (x, y), after)
                    extent[index] = bond
                    terms[layer, (x, y)].append(index)
                    terms[layer, after].append(index)
    return Network.of(list(terms.values()), [], extent)


def matrix_product_states(count: int, bond: int = 32, physical: int = 2) -> Network:
    """The inner product of two matrix product states."""
    terms: _Terms = []
    extent: dict[Hashable, int] = {("p", at): physical for at in range(count)}
    for layer in "ab":
        extent |= {(layer, at): bond for at in range(1, count)}
        terms += [
            [bond_at for bond_at in ((layer, at), (layer, at + 1)) if bond_at in extent]
            + [("p", at)]
            for at in range(count)
        ]
    return Network.of(terms, [], extent)


def maximum_cut(qubits: int, seed: int, rounds: int = 2) -> Network:
    """An amplitude of the approximate optimisation circuit (QAOA) for maximum cut on a random
    3-regular graph.

    The gates of two qubits are diagonal: they read both wires and make no new index, so an index
    joins up to five operands.
    """
    edges = edges_of_regular(qubits, 3, random.Random(seed))
    terms: _Terms = [[(wire, 0)] for wire in range(qubits)]
    for turn in range(rounds):
        terms += [[(a, turn), (b, turn)] for a, b in edges]
        terms += [[(wire, turn), (wire, turn + 1)] for wire in range(qubits)]
    terms += [[(wire, rounds)] for wire in range(qubits)]
    return Network.of(terms, [], {index: 2 for term in terms for index in term})


def renormalised_words(levels: int, bond: int = 3, words: int = 8) -> Network:
    """The probabilities of the first and the last of ``2**levels`` words in a language model that
    is a tensor network: a multi-scale tree (MERA) squared, the words between summed.

    At each level neighbours that different parents take are disentangled, then pairs become one.
    """
    count = 2**levels
    terms: _Terms = []
    extent: dict[Hashable, int] = {("word", at): words for at in range(count)}
    for layer in "ab":
        row: list[Hashable] = [("word", at) for at in range(count)]
        for level in range(levels):
            row = _disentangled(terms, row, (layer, level))
            above: list[Hashable] = [(layer, level, "pair", at) for at in range(len(row) // 2)]
            terms += [[row[2 * at], row[2 * at + 1], index] for at, index in enumerate(above)]
            row = above
        terms.append(row)
    for term in terms:
        for index in term:
            extent.setdefault(index, bond)
    return Network.of(terms, [("word", 0), ("word", count - 1)], extent)


def _disentangled(
    terms: _Terms, row: Sequence[Hashable], name: tuple[Hashable, ...]
) -> list[Hashable]:
    result = list(row)
    for at in range(1, len(row) - 1, 2):
        result[at : at + 2] = [(*name, "apart", at), (*name, "apart", at + 1)]
        terms.append([row[at], row[at + 1], *result[at : at + 2]])
    return result


def hidden_states(words: int, states: int = 24, vocabulary: int = 50, batch: int = 32) -> Network:
    """The likelihood of sentences in an n-gram model with hidden states: a state goes over into
    the next and emits a word, which is given as weights over the vocabulary."""
    terms: _Terms = [["s0"]]
    for at in range(words):
        terms += [[f"s{at}", f"w{at}"], ["b", f"w{at}"]]
    terms += [[f"s{a}", f"s{b}"] for a, b in pairwise(range(words))]
    extent = {f"s{at}": states for at in range(words)} | {
        f"w{at}": vocabulary for at in range(words)
    }
    return Network.of(terms, ["b"], extent | {"b": batch})


def attention(layers: int, tokens: int = 128, width: int = 64, heads: int = 4) -> Network:
    """Layers of attention without the softmax, in a batch: queries, keys and values are the
    tokens' features through matrices of each head, and the heads are put together by another.

    The operands of a layer's queries and keys are the tokens as they were given.
    """
    terms: _Terms = [["b", "t0", "f0"]]
    for at in range(layers):
        query, key = ["b", f"t{at + 1}", f"q{at}"], ["b", f"t{at}", f"k{at}"]
        terms += [query, [f"q{at}", f"h{at}", f"c{at}"], key, [f"k{at}", f"h{at}", f"c{at}"]]
        terms += [[f"f{at}", f"h{at}", f"v{at}"], [f"h{at}", f"v{at}", f"f{at + 1}"]]
    small = {"c": width // heads, "v": width // heads, "h": heads, "b": 8, "t": tokens}
    extent = {index: small.get(str(index)[0], width) for term in terms for index in term}
    return Network.of(terms, ["b", f"t{layers}", f"f{layers}"], extent)


def _of_edges(
    count: int,
    edges: Sequence[tuple[int, int]],
    sizes: dict[Hashable, int] | dict[int, int],
    open_at: dict[tuple[str, int], int] | None = None,
) -> Network:
    terms: _Terms = [[] for _ in range(count)]
    for at, edge in enumerate(edges):
        for node in edge:
            terms[node].append(at)
    for index, node in (open_at or {}).items():
        terms[node].append(index)
    return Network.of(terms, list(open_at or {}), dict(sizes))
