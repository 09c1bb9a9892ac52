"""The normal form's answer, and the naive interpreter's, about a difference."""

from __future__ import annotations

import math
from itertools import product

import numpy as np

from einrnn.core.build import sub
from einrnn.core.nodes import Expr
from einrnn.numeric.interpret import Interpreter
from einrnn.symbolic.normal.domain import known_from
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.rules import rules_of
from einrnn.symbolic.normal.stated import facts_of
from einrnn.symbolic.normal.terms import Poly
from tests.soundness.generator import FREE, MODEL, RANK, I, J


def normal_difference(left: Expr, right: Expr) -> Poly:
    """The normal form of the difference; raises TooLarge where the budget ends."""
    facts = facts_of(MODEL)
    work = Normaliser(known_from(FREE), rules=rules_of(MODEL, (), facts), facts=facts)
    return work.poly(sub(left, right))


def inputs(count: int, seed: int) -> dict[str, np.ndarray]:
    """Random entries of both signs, away from 0; S is symmetric."""
    rng = np.random.default_rng(seed)
    arrays = {}
    for name, rank in RANK.items():
        shape = (count,) * rank
        arrays[name] = rng.uniform(0.3, 0.9, shape) * rng.choice([-1, 1], shape)
    arrays["S"] = (arrays["S"] + arrays["S"].T) / 2
    return arrays


def values(expr: Expr, count: int, seed: int) -> np.ndarray:
    """The expression at all i and j."""
    run = Interpreter(MODEL, {"N": count}, inputs(count, seed))
    rows = [float(run.value(expr, {I: i, J: j})) for i, j in product(range(count), repeat=2)]
    return np.array(rows)


def agree(left: Expr, right: Expr) -> bool:
    """Whether two expressions have the same values, where both have one, at three sizes."""
    for count, seed in ((1, 1), (2, 2), (4, 3)):
        first, second = values(left, count, seed), values(right, count, seed)
        usable = np.isfinite(first) & np.isfinite(second)
        scale = 1 + np.abs(first[usable]) + np.abs(second[usable])
        if not np.all(np.abs(first - second)[usable] <= 1e-9 * scale):
            return False
    return True


def finite(expr: Expr) -> bool:
    """Whether the values are of a size at which a comparison means something."""
    found = np.abs(values(expr, 2, 2))
    return bool(np.isfinite(found).all()) and float(found.max(initial=0.0)) < math.exp(20)
