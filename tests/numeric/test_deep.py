"""Networks of many layers, each of which is read twice: what is made of them must not double.

The oracle is the chain rule, layer by layer in numpy.
"""

import numpy as np
import pytest

import einrnn

LAYERS = 30
# a layer, and its derivative by the one before: what it multiplies, and what A multiplies
KINDS = {
    "residual": (
        "{p}[i] + tanh(A[i,j] {p}[j])",
        lambda A, d: (d + np.tanh(A @ d), lambda g: g + A.T @ (g * (1 - np.tanh(A @ d) ** 2))),
    ),
    "two ways": (
        "tanh({p}[i]) + A[i,j] {p}[j]",
        lambda A, d: (np.tanh(d) + A @ d, lambda g: g * (1 - np.tanh(d) ** 2) + A.T @ g),
    ),
    "gated": (
        "tanh({p}[i]) + {p}[i] x[i]",
        None,
    ),
}


@pytest.mark.parametrize("kind", KINDS)
def test_gradients_of_many_layers(kind):
    body, layer = KINDS[kind]
    lines = [f"d{n}[i] := {body.format(p=f'd{n - 1}')}" for n in range(1, LAYERS)]
    text = "\n".join(
        [
            "dim N",
            "input A[N,N], x[N]",
            "d0[i] := sin(x[i])",
            *lines,
            f"L := sum[i] d{LAYERS - 1}[i]^2",
        ]
    )
    program = einrnn.parse(text).compile("L", "dL/dx")
    rng = np.random.default_rng(0)
    A, x = rng.normal(size=(4, 4)) / 4, rng.normal(size=4) / 2
    found = program(**{"A": A, "x": x} if "A" in program.inputs else {"x": x})
    if layer is None:
        layer = lambda A, d: (np.tanh(d) + d * x, lambda g: g * (1 - np.tanh(d) ** 2 + x))  # noqa: E731
    d, back, states = np.sin(x), [], [np.sin(x)]
    for _ in range(1, LAYERS):
        d, pull = layer(A, d)
        back.append(pull)
        states.append(d)
    g, direct = 2 * d, np.zeros(4)
    for pull, before in zip(back[::-1], states[-2::-1], strict=True):
        direct += g * before if kind == "gated" else 0
        g = pull(g)
    np.testing.assert_allclose(found["L"], (d**2).sum(), rtol=1e-12)
    np.testing.assert_allclose(found["dL/dx"], g * np.cos(x) + direct, rtol=1e-9)
