"""Jacobians go the way that is cheaper at their sizes, with values as by finite differences."""

import numpy as np
import pytest

import einrnn

READ_OUT = """
dim D, H, K, T
index t : T
input x[T,D], U[H,D], W[H,H], V[K,H], p
s[t,i] := tanh(U[i,j] x[t,j] + p W[i,n] s[t-1,n])   with s[-1,i] := 0
R[k]   := V[k,i] s[T-1,i]
"""


def data(T, D, H, K):
    rng = np.random.default_rng(0)
    shapes = {"x": (T, D), "U": (H, D), "W": (H, H), "V": (K, H), "p": ()}
    return {name: np.asarray(rng.normal(size=shape)) for name, shape in shapes.items()}


def downwards(program, **sizes):
    """Whether a loop of the program runs from the end to the start."""
    return any(
        getattr(step, "first", 0) > getattr(step, "last", 0) for step in program.plan(**sizes).main
    )


@pytest.mark.parametrize(
    ("sizes", "back"),
    [
        ({"T": 9, "D": 2, "H": 3, "K": 200}, False),
        ({"T": 9, "D": 2, "H": 20, "K": 2}, True),
    ],
)
def test_a_jacobian_goes_the_cheaper_way(sizes, back):
    program = einrnn.parse(READ_OUT).compile("dR[k]/dW[i,j]")
    assert downwards(program, **sizes) == back
    given = data(**sizes)
    found = program(**given)["dR[k]/dW[i,j]"]
    value = einrnn.parse(READ_OUT).compile("R[k]")
    rng = np.random.default_rng(1)
    direction = rng.normal(size=given["W"].shape)
    ends = [value(**{**given, "W": given["W"] + h * direction})["R[k]"] for h in (1e-6, -1e-6)]
    np.testing.assert_allclose(
        np.einsum("kij,ij->k", found, direction), (ends[0] - ends[1]) / 2e-6, rtol=1e-6, atol=1e-7
    )


def test_by_a_number_forward_and_of_a_number_in_reverse():
    document = einrnn.parse(READ_OUT + "L := sum[k] R[k]^2\n")
    sizes = {"T": 9, "D": 2, "H": 20, "K": 5}
    one = document.compile("dR[k]/dp")
    assert not downwards(one, **{n: sizes[n] for n in one.sizes})
    assert one.cost(**sizes).flops < 4 * document.compile("R[k]").cost(**sizes).flops
    loss = document.compile("dL/dW", "dL/dU", "dL/dp")
    assert downwards(loss, **sizes)
