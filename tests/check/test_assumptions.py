"""Inputs that are moved to satisfy an assumption still obey what is declared of them."""

import numpy as np
import pytest

import einrnn
from einrnn.check.assumptions import satisfy
from einrnn.check.claims import named_assumptions
from einrnn.numeric.sample import sample

TEXT = """dim K, N
input p[K] probability in K, q positive, O[N,N] orthogonal, S[N,N] spd, r[N], P[N,N] symmetric
assume [h] p[0] = 1/2
assume [g] q + r[0] = -1
assume [o] O[0,0] = 1/2
assume [s] S[0,0] = 3
assume [t] sum[i,j: i != j] P[i,j] = 1
assume [n] q = -1
[1] sum[k] p[k] = 1 using h
[2] abs(q) = q using g
[3] sum[k] O[k,i] O[k,j] = delta[i,j] using o
[4] S[i,j] = S[j,i] using s
[5] P[i,j] = P[j,i] using t
[6] refute p[0] = 1 using h
[7] refute P[i,j] = 0 using t
[8] q = 3 using n
"""


@pytest.fixture(scope="module")
def verdicts() -> dict[str, str]:
    return {found.label: found.verdict for found in einrnn.parse(TEXT).check().verdicts}


@pytest.mark.parametrize("label", list("12345"))
def test_what_is_declared_is_proved(verdicts: dict[str, str], label: str) -> None:
    assert verdicts[label] == "proved"


@pytest.mark.parametrize("label", list("67"))
def test_what_is_false_is_refuted(verdicts: dict[str, str], label: str) -> None:
    assert verdicts[label] == "refuted"


def test_nothing_is_said_where_nothing_satisfies_it(verdicts: dict[str, str]) -> None:
    assert verdicts["8"] == "tested"


@pytest.mark.parametrize("name", ["h", "g", "o", "s", "t"])
def test_by_numbers(name: str) -> None:
    model = einrnn.parse(TEXT).model
    sizes = {"K": 3, "N": 3}
    moved = None
    for seed in range(5):
        arrays = sample(model, sizes, np.random.default_rng(seed))
        moved = moved or satisfy(model, named_assumptions(model, (name,)), sizes, arrays)
    assert moved is not None
    real = {given: array.astype(float) for given, array in moved.items()}
    assert np.isclose(real["p"].sum(), 1)
    assert (real["p"] >= 0).all()
    assert real["q"] > 0
    assert np.allclose(real["O"].T @ real["O"], np.eye(3))
    assert np.allclose(real["S"], real["S"].T)
    assert (np.linalg.eigvalsh(real["S"]) > 0).all()
    assert np.allclose(real["P"], real["P"].T)
