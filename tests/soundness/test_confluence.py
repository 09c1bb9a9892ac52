"""A random expression minus a shuffled copy of it has the normal form 0; a copy with a
mistake in it does not, unless numbers agree that it is none."""

import random
from collections.abc import Iterable

import pytest

from einrnn.core import affine as af
from einrnn.core.build import number, total
from einrnn.core.nodes import Affine, Apply, Element, Expr, Mul, Node, Number, Reduce
from einrnn.core.traverse import rebuild, walk
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.terms import TooLarge
from tests.builders import LETTERS, entry
from tests.soundness.deciding import agree, finite, normal_difference
from tests.soundness.generator import Maker, N, Shuffler

COUNT = 250


def pair(seed: int, depth: int = 4) -> tuple[Expr, Expr]:
    rng = random.Random(seed)
    expr = Maker(rng).expression(depth)
    return expr, Shuffler(rng).copy(expr)


def test_the_copies_are_equal_by_numbers():
    """The generator itself: what it calls equal is equal."""
    for seed in range(0, COUNT, 5):
        expr, copy = pair(seed)
        assert not finite(expr) or agree(expr, copy), seed


def without_symmetry(expr: Expr) -> Expr:
    """The expression with A in place of the symmetric S."""

    def change(node: Node) -> Node:
        plain = isinstance(node, Element) and node.tensor == "S"
        return Element("A", node.args) if plain else node

    return rebuild(expr, change)


def missed(pairs: Iterable[tuple[Expr, Expr]]) -> tuple[list[tuple[Expr, Expr]], int]:
    """The pairs that are not found equal, and how many could not be decided."""
    unequal: list[tuple[Expr, Expr]] = []
    undecided = 0
    for expr, copy in pairs:
        try:
            if normal_difference(expr, copy):
                unequal.append((expr, copy))
        except TooLarge:
            undecided += 1
    return unequal, undecided


def test_shuffled_copies_are_found_equal():
    pairs = []
    for seed in range(COUNT):
        rng = random.Random(seed)
        expr = without_symmetry(Maker(rng).expression(4))
        pairs.append((expr, Shuffler(rng).copy(expr)))
    unequal, undecided = missed(pairs)
    assert not unequal
    assert undecided <= COUNT // 20


def test_copies_with_a_symmetric_tensor_are_found_equal():
    unequal, undecided = missed(pair(seed) for seed in range(COUNT))
    assert not unequal
    assert undecided <= COUNT // 20


def test_symmetry_is_seen_inside_a_function():
    left, right = (
        total(LETTERS["k"], N, Mul((entry("x", "k"), Apply("sigmoid", (entry("S", *at),)))))
        for at in ("ki", "ik")
    )
    assert agree(left, right)
    assert not normal_difference(left, right)


def mistaken(expr: Expr, rng: random.Random) -> Expr:
    """The expression with one mistake in it, as people make them."""
    places = [
        node
        for node in walk(expr)
        if isinstance(node, Number | Reduce | Apply)
        or (isinstance(node, Element) and len(set(node.args)) > 1)
        or (isinstance(node, Mul) and len(node.factors) > 1)
    ]
    if not places:
        return Mul((number(-1), expr))
    chosen = rng.choice(places)

    def change(node: Node) -> Node:
        return wrong(node, rng) if node is chosen else node

    return rebuild(expr, change)


def wrong(node: Node, rng: random.Random) -> Node:
    match node:
        case Number(value):
            return Number(rng.choice((-value, value + 1)))
        case Element(tensor, args):
            return Element(tensor, args[1:] + args[:1])
        case Mul(factors):
            return Mul(factors[1:])
        case Apply(_, args):
            return Apply("cos", args)
        case Reduce(op, index, low, high, body):
            late: Affine = af.shift(low, 1)
            return Reduce(op, index, late, high, body)
        case _:
            return node


def test_near_misses_are_not_found_equal():
    """Where the normal form says 0, numbers must agree; most mistakes must be seen in numbers."""
    different = 0
    for seed in range(COUNT):
        expr, copy = pair(seed, depth=3)
        rng = random.Random(seed)
        broken = mistaken(copy, rng)
        same = agree(expr, broken)
        different += not same
        try:
            zero = not normal_difference(expr, broken)
        except TooLarge:
            continue
        assert not zero or same, (seed, expr, broken)
    assert different > COUNT // 2


@pytest.mark.parametrize("seed", range(5))
def test_the_normal_form_is_idempotent(seed: int):
    once = Normaliser().simple(pair(seed)[0])
    assert Normaliser().simple(once) is once
