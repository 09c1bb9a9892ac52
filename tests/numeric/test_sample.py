from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from einrnn.core.model import Fact
from einrnn.errors import EvaluationError
from einrnn.numeric.sample import sample, small_values
from tests.numeric.building import built, dims, ix

N, K, B = dims("N K B")

MODEL = (
    built()
    .input("plain", N, K)
    .input("positive", N, facts=["positive"])
    .input("symmetric", B, N, N, facts=["symmetric", "positive"])
    .input("invertible", N, N, facts=["invertible"])
    .input("both", N, N, facts=["symmetric", "invertible"])
    .input("spd", B, N, N, facts=["spd"])
    .input("orthogonal", N, N, facts=["orthogonal"])
    .input("hot", K, N, facts=[Fact("one-hot", axis=0)])
    .input("share", N, K, facts=[Fact("probability", axis=1)])
    .input("bit", N, facts=["boolean"])
    .input("tok", N, facts=[Fact("integer", bound=ix(K))])
    .model
)
SIZES = {"N": 3, "K": 4, "B": 2}


def check_facts(a, close):
    assert close(a["symmetric"], np.swapaxes(a["symmetric"], 1, 2))
    assert (a["symmetric"] > 0).all()
    assert (a["positive"] > 0).all()
    assert close(a["both"], a["both"].T)
    assert close(a["spd"], np.swapaxes(a["spd"], 1, 2))
    assert np.linalg.eigvalsh(a["spd"].astype(float)).min() > 0
    for name in ("invertible", "both"):
        assert abs(np.linalg.det(a[name].astype(float))) > 1e-3
    assert close(a["orthogonal"] @ a["orthogonal"].T, np.eye(3))
    assert close(a["hot"].sum(0), np.ones(3))
    assert set(a["hot"].ravel().tolist()) <= {0, 1}
    assert close(a["share"].sum(1), np.ones(3))
    assert (a["share"] > 0).all()
    assert set(a["bit"].tolist()) <= {0, 1}
    assert all(value in range(4) for value in a["tok"].tolist())
    assert (a["plain"] != 0).all()


@given(st.integers(0, 2**30))
def test_random_inputs_obey_the_facts(seed):
    arrays = sample(MODEL, SIZES, np.random.default_rng(seed))
    check_facts(arrays, np.allclose)
    assert arrays["tok"].dtype == np.int64
    assert arrays["spd"].shape == (2, 3, 3)
    assert abs(arrays["plain"]).min() >= 0.1


@given(st.integers(0, 2**30))
def test_small_values_obey_the_facts_exactly(seed):
    arrays = small_values(MODEL, SIZES, np.random.default_rng(seed))
    check_facts(arrays, lambda a, b: bool((a == b).all()))
    for array in arrays.values():
        assert all(isinstance(value, Fraction) for value in array.ravel())


def test_the_same_seed_gives_the_same_inputs():
    one, two = (sample(MODEL, SIZES, np.random.default_rng(7), dtype=np.float32) for _ in "ab")
    assert all((one[name] == two[name]).all() for name in one)
    assert one["plain"].dtype == np.float32


def test_a_size_that_is_not_given_is_an_error():
    with pytest.raises(EvaluationError, match=r"E610.*size K"):
        sample(MODEL, {"N": 2, "B": 1}, np.random.default_rng(0))
