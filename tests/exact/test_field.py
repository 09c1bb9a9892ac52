"""The tower of primes and arithmetic on residues, against Python's whole numbers."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from sympy import isprime

from einrnn.exact.field import FIELDS, PRIMES, Field
from einrnn.exact.linear import solve
from einrnn.exact.matrices import eliminated, product


def draw(field: Field, *shape: int) -> np.ndarray:
    return field.random(np.random.default_rng(field.level), shape)


def test_the_tower_is_one_of_primes_in_which_small_numbers_are_squares() -> None:
    for prime, above in zip(PRIMES, (*PRIMES[1:], None), strict=True):
        assert isprime(prime)
        assert prime < 2**32
        assert prime % 8 == 7
        assert above is None or prime == 2 * above + 1
        assert all(pow(q, (prime - 1) // 2, prime) == 1 for q in range(1, 11))


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_operations_are_those_of_whole_numbers(field: Field) -> None:
    a, b, p = draw(field, 150), draw(field, 150)[::-1], field.prime
    pairs = list(zip(a.tolist(), b.tolist(), strict=True))
    assert field.add((a, b, a)).tolist() == [(2 * x + y) % p for x, y in pairs]
    assert field.mul(a, b).tolist() == [x * y % p for x, y in pairs]
    assert field.sub(a, b).tolist() == [(x - y) % p for x, y in pairs]
    assert field.inverse(a).tolist() == [pow(x, -1, p) for x, _ in pairs]
    assert field.power(a, -5).tolist() == [pow(x, -5, p) for x, _ in pairs]
    assert field.powers(a, b).tolist() == [pow(x, y, p) for x, y in pairs]
    assert field.prod(a.reshape(50, 3), 1).tolist() == [
        x * y * z % p for x, y, z in a.reshape(50, 3).tolist()
    ]
    half = field.number(Fraction(-3, 2))
    assert (2 * int(half[0]) + 3) % p == 0


def test_zero_has_no_inverse_and_disturbs_no_other() -> None:
    field = FIELDS[0]
    values = np.array([0, 7, 0, 5], dtype=np.uint64)
    assert field.inverse(values).tolist() == [
        0,
        pow(7, -1, field.prime),
        0,
        pow(5, -1, field.prime),
    ]


@pytest.mark.parametrize("level", range(len(FIELDS) - 1))
def test_exp_turns_sums_of_one_field_into_products_of_the_one_below(level: int) -> None:
    low, high = FIELDS[level], FIELDS[level + 1]
    a, b = draw(high, 60), draw(high, 60)[::-1]
    assert (low.exp(high.add((a, b))) == low.mul(low.exp(a), low.exp(b))).all()
    assert low.exp(a).tolist() == [pow(4, x, low.prime) for x in a.tolist()]
    assert (low.character(low.exp(a)) == 1).all()


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_the_character_is_an_odd_multiplicative_sign(field: Field) -> None:
    a, b = draw(field, 60), draw(field, 60)[::-1]
    sign = field.character(a)
    assert (field.character(field.neg(a)) == -sign).all()
    assert (field.character(field.mul(a, b)) == sign * field.character(b)).all()
    square = field.mul(a, a)
    assert (field.root(square) == field.mul(a, field.whole(sign))).all()


def test_elimination_gives_inverses_and_determinants() -> None:
    field = FIELDS[0]
    matrices = draw(field, 5, 4, 4)
    matrices[0] = matrices[0][[1, 0, 2, 3]]
    matrices[1, 0, 0] = 0  # a pivot has to be looked for
    matrices[2, :, 3] = 0  # singular
    inverse, det = eliminated(field, matrices)
    for at in (0, 1, 3, 4):
        assert (product(field, matrices[at], inverse[at]) == np.eye(4)).all()
        assert int(det[at]) == by_permutations(matrices[at].tolist()) % field.prime
    assert det[2] == 0


def by_permutations(rows: list[list[int]]) -> int:
    if not rows:
        return 1
    minors = [[row[:k] + row[k + 1 :] for row in rows[1:]] for k in range(len(rows))]
    return sum((-1) ** k * rows[0][k] * by_permutations(minor) for k, minor in enumerate(minors))


def test_linear_equations_are_solved_where_they_can_be() -> None:
    field = FIELDS[0]
    rows, wanted = draw(field, 3, 5), draw(field, 3)
    found = solve(field, rows, wanted)
    assert found is not None
    left = [sum(a * x for a, x in zip(row, found.tolist(), strict=True)) for row in rows.tolist()]
    assert [value % field.prime for value in left] == wanted.tolist()
    double = np.concatenate([rows, rows[:1]])
    assert solve(field, double, np.concatenate([wanted, wanted[:1] - np.uint64(1)])) is None
    assert solve(field, double, np.concatenate([wanted, wanted[:1]])) is not None
