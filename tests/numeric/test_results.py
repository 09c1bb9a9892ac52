"""Memory of large outputs is filled again, and only when nothing refers to it."""

import shutil
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import einrnn

SIZE = 200
BACKENDS = ["numpy"] + (["native"] if shutil.which("cc") else [])
OUTER = "dim N\ninput a[N], b[N]\nP[i,j] := a[i] b[j]"
LOOK_UP = "dim T\ninput k[T] integer in N, g[T,M]\nS[m,n] := sum[t: k[t] == n] g[t,m]"


@pytest.fixture(params=BACKENDS)
def program(request):
    return einrnn.parse(OUTER).compile("P", backend=request.param)


def test_what_is_held_stays_as_it_is(program):
    ones = np.ones(SIZE)
    first = program(a=ones, b=ones)["P"]
    corner = first[:3, :3]
    second = program(a=2 * ones, b=ones)["P"]
    assert not np.shares_memory(first, second)
    del first
    third = program(a=3 * ones, b=ones)["P"]  # a view of the first is left
    assert not np.shares_memory(third, corner)
    np.testing.assert_array_equal(corner, np.ones((3, 3)))
    np.testing.assert_array_equal(second, np.full((SIZE, SIZE), 2.0))


def test_what_is_let_go_of_is_filled_again(program):
    ones = np.ones(SIZE)
    places = {program(a=ones, b=ones)["P"].ctypes.data for _ in range(4)}
    assert len(places) <= 2
    np.testing.assert_array_equal(program(a=ones, b=4 * ones)["P"], np.full((SIZE, SIZE), 4.0))


def test_two_threads_never_share_a_result(program):
    def all_equal(number: int) -> bool:
        found = program(a=np.full(SIZE, float(number)), b=np.ones(SIZE))["P"]
        again = program(a=np.full(SIZE, -1.0), b=np.ones(SIZE))["P"]
        return bool((found == number).all() and (again == -1).all())

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(all_equal, range(200)))


def test_rows_are_added_to_zeros_each_time():
    program = einrnn.parse(LOOK_UP).compile("S")
    rng = np.random.default_rng(0)
    for _ in range(4):
        k, g = rng.integers(SIZE, size=7), rng.normal(size=(7, SIZE))
        expected = np.zeros((SIZE, SIZE))
        np.add.at(expected.T, k, g)
        np.testing.assert_allclose(program(k=k, g=g, N=SIZE)["S"], expected, atol=1e-12)
