"""Random products of sizes, deltas, guards, brackets and sums, compiled: as the interpreter."""

import random

import numpy as np
import pytest

import einrnn
from einrnn.symbolic.derived import complete
from tests.fuzz.programs import worst
from tests.numeric.comparing import agree, whole
from tests.numeric.random_products import HEAD, SIZES, arrays, product


@pytest.mark.parametrize("seed", range(150))
def test_random_products(seed):
    rng = random.Random(seed)
    body = product(rng, ["i", "j"], 2)
    # every letter of the left side occurs on the right
    doc = einrnn.parse(f"{HEAD}p[i,j] := ({body}) ([i >= 0] [j >= 0])\n")
    doc.raise_errors()
    agree(doc.model, SIZES, arrays(seed))


@pytest.mark.parametrize("seed", range(12))
def test_gradients_and_hessians_of_random_products(seed):
    assert worst(seed, "numpy") < 1e-4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("w[i]/D", np.eye(3) / 3),
        ("D w[i]", 3 * np.eye(3)),
        ("2 w[i]/D^2", 2 * np.eye(3) / 9),
        ("w[i]/D + w[i]", 4 / 3 * np.eye(3)),
        ("w[i] - mean[e] w[e]", np.eye(3) - 1 / 3),
        ("{ w[i]/D if i >= 1 ; 0 otherwise }", np.diag([0, 1, 1]) / 3),
    ],
)
def test_derivatives_that_are_a_delta_and_a_size(text, expected):
    doc = einrnn.parse(f"dim D\ninput w[D]\nu[i] := {text}\n")
    found = doc.compile("du/dw")(w=np.zeros(3))["du/dw"]
    np.testing.assert_allclose(found, expected)


def test_a_hessian_that_is_a_delta_and_a_size():
    doc = einrnn.parse("dim D\ninput w[D]\nL := 1/D w[d]^2\n")
    found = doc.compile("d2L/dw[i]dw[j]")(w=np.zeros(4))["d2L/dw[i]dw[j]"]
    np.testing.assert_allclose(found, np.eye(4) / 2)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("sum[k] w[k] d/dw[k] (sum[j] w[j]^2)", 2 * 14.0),
        ("sum[k] w[k] d/dw[k] (sum[j] w[j]^2 / 2)", 14.0),
        ("sum[k] w[k] (sum[j] w[j]) d/dw[k] (sum[j] w[j]^2 / 2)", 6 * 14.0),
    ],
)
def test_one_array_twice_in_a_sum(text, expected):
    """What a derivative leaves is not simplified first, so that an operand may be there twice."""
    program = einrnn.parse(f"input w[D]\nq := {text}\n").compile("q")
    assert program(w=np.array([1.0, 2.0, 3.0]))["q"] == pytest.approx(expected)


LOOKUPS = {
    "the same letter in another sum": "y[j] := sum[t](w[t] delta[tok[t],j]) * sum[t](x[t,j])",
    "beside a sum without it": "y[j] := sum[t](w[t] delta[tok[t],j]) * (sum[i] a[i])",
    "another letter": "y[j] := sum[t](w[t] delta[tok[t],j]) * sum[r](x[r,j])",
    "a gradient of a recurrence": (
        "s[i,j] := b[j] (a[i] + a[j] b[j])\n"
        "z[t,i] := c z[t-1,i] + s[i,tok[t]] with z[-1,i] := 0\n"
        "L := sum[t,i](z[t,i]^2)\ny[k] := dL/db[k]"
    ),
}


@pytest.mark.parametrize("name", LOOKUPS)
def test_look_ups_beside_other_sums(name):
    head = (
        "dim T, N\nindex i, j, k : N\nindex t, r : T\n"
        "input w[T], x[T,N], tok[T] integer in N, a[N], b[N], c\n"
    )
    doc = einrnn.parse(head + LOOKUPS[name] + "\n")
    rng = np.random.default_rng(0)
    given = {n: rng.normal(size=s) for n, s in {"w": 4, "x": (4, 3), "a": 3, "b": 3}.items()}
    given |= {"tok": np.array([0, 2, 2, 1]), "c": np.array(0.5)}
    entry, _, ranges = whole(doc.model, "y")
    model, _ = complete(doc.model, [(entry, ranges)])
    agree(model, {"T": 4, "N": 3}, given, [n for n in model.definitions if n not in model.derived])


@pytest.mark.parametrize("backend", ["numpy", "native"])
def test_a_power_series_at_zero(backend):
    doc = einrnn.parse("dim N\ninput c[N], x\nE := sum[k] c[k] x^k\n")
    program = doc.compile("E", "dE/dx", "d2E/dx^2", backend=backend)
    found = program(c=np.array([1.0, 2.0, 3.0, 4.0]), x=0.0)
    assert {name: float(value) for name, value in found.items()} == {
        "E": 1.0,
        "dE/dx": 2.0,
        "d2E/dx^2": 6.0,
    }


def test_an_argument_that_is_there_under_a_condition_only():
    text = (
        "dim T, N\nindex t, k : T\nindex i : N\ninput y[T,N], x[T,N]\n"
        "z[t,i] := { cos(y[t+1,i] + sum[k] x[k,i]) if t < T-1 ; 0 otherwise }\n"
    )
    y, x = np.full((3, 2), 0.3), np.ones((3, 2))
    found = einrnn.parse(text).compile("z[t,i]")(y=y, x=x)["z[t,i]"]
    np.testing.assert_allclose(found, [[np.cos(3.3)] * 2] * 2 + [[0, 0]])
