"""Sums over time as people write them, with their gradients.

``python -m benchmarks.growth.written`` prints a table.

einrnn's programs beside jax (jitted, ``value_and_grad``) of the same formula with a matrix for
each pair of times; float32, one process, in turn. jax is left out where it is not installed.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from statistics import median
from typing import Any

import numpy as np

import einrnn

LENGTHS = (250, 500, 1000, 2000)
SECONDS = 0.5
HEAD = "dim D\nindex t : T\n"
# by name: the document, whose loss is L, and what it is differentiated by
DOCUMENTS = {
    "momentum": (
        "input g[T], w[T], mu\nv[t] := sum[s=0..t] mu^(t-s) g[s]\nL := sum[t] w[t] v[t]^2\n",
        ("g", "mu"),
    ),
    "gates": (
        "input g[T], w[T], a[T]\nv[t] := sum[s=0..t] prod[r=s+1..t](a[r]) g[s]\n"
        "L := sum[t] w[t] v[t]^2\n",
        ("g", "a"),
    ),
    "attention with decay": (
        "input q[T,D], k[T,D], v[T,D], a[T], w[T,D]\n"
        "y[t,e] := sum[s=0..t] prod[r=s+1..t](a[r]) (q[t,d] k[s,d]) v[s,e]\n"
        "L := sum[t,e] w[t,e] y[t,e]\n",
        ("q", "k", "v", "a"),
    ),
    "Cox": (
        "input q[T], w[T]\nL := sum[t] w[t] (q[t] - log(sum[r=t..T-1] exp(q[r])))\n",
        ("q",),
    ),
    "averages so far": (
        "input k[T], g[T], w[T]\n"
        "v[t] := (sum[s=0..t] exp(k[s]) g[s])/(sum[s=0..t] exp(k[s]))\nL := sum[t] w[t] v[t]^2\n",
        ("k", "g"),
    ),
}


def data(size: int) -> dict[str, Any]:
    """Arrays for all documents."""
    rng = np.random.default_rng(0)
    arrays = {name: rng.normal(size=size) for name in "gw"}
    arrays |= {"mu": np.array(0.9), "a": rng.uniform(0.8, 1, size)}
    pairs = {name: rng.normal(size=(size, 8)) for name in "qkv"}
    return {name: array.astype("float32") for name, array in {**arrays, **pairs}.items()}


def given_to(name: str, size: int) -> dict[str, Any]:
    """The arrays of one document."""
    arrays = data(size)
    if "D]" in DOCUMENTS[name][0]:
        arrays["w"] = arrays["q"][:, ::-1].copy()
    else:
        arrays |= {key: arrays[key][:, 0].copy() for key in "qkv"}
    inputs = einrnn.parse(HEAD + DOCUMENTS[name][0]).model.inputs
    return {key: arrays[key] for key in inputs}


def jax_losses() -> dict[str, Callable[..., Any]]:
    """The formulas with a matrix over pairs of times; none without jax."""
    try:
        import jax
        import jax.numpy as jnp
    except ImportError:
        return {}

    def below(size: int) -> Any:
        return jnp.tri(size, dtype=bool)

    def powers(mu: Any, size: int) -> Any:
        apart = jnp.arange(size)[:, None] - jnp.arange(size)
        return jnp.where(below(size), mu ** jnp.where(apart < 0, 0, apart), 0)

    def decays(a: Any) -> Any:
        logs = jnp.cumsum(jnp.log(a))
        return jnp.where(below(len(a)), jnp.exp(logs[:, None] - logs), 0)

    def averages(k: Any, g: Any, w: Any) -> Any:
        shares = jax.nn.softmax(jnp.where(below(len(k)), k, -jnp.inf), axis=1)
        return (w * (shares @ g) ** 2).sum()

    def cox(q: Any, w: Any) -> Any:
        later = jax.nn.logsumexp(jnp.where(below(len(q)).T, q, -jnp.inf), axis=1)
        return (w * (q - later)).sum()

    return {
        "momentum": lambda g, w, mu: (w * (powers(mu, len(g)) @ g) ** 2).sum(),
        "gates": lambda g, w, a: (w * (decays(a) @ g) ** 2).sum(),
        "attention with decay": lambda q, k, v, a, w: (w * ((decays(a) * (q @ k.T)) @ v)).sum(),
        "Cox": cox,
        "averages so far": averages,
    }


def calls(name: str, size: int, losses: dict[str, Callable[..., Any]]) -> dict[str, Any]:
    """What is timed, by program."""
    text, wrt = DOCUMENTS[name]
    given = given_to(name, size)
    outputs = ("L", *(f"dL/d{one}" for one in wrt))
    found: dict[str, Any] = {}
    for backend in ("numpy", "native"):
        program = einrnn.parse(HEAD + text).compile(*outputs, backend=backend)
        found[f"einrnn {backend}"] = lambda program=program: program(**given)
    if losses:
        import jax

        names = [*given]
        places = tuple(names.index(one) for one in wrt)
        run = jax.jit(jax.value_and_grad(losses[name], argnums=places))
        arrays = tuple(map(jax.numpy.asarray, given.values()))
        found["jax"] = lambda: jax.block_until_ready(run(*arrays))
    return found


def measured(programs: dict[str, Any]) -> dict[str, float]:
    """Medians in milliseconds, each called in turn with the others."""
    for call in programs.values():
        call()
    times: dict[str, list[float]] = {name: [] for name in programs}
    end = time.perf_counter() + SECONDS * len(programs)
    while time.perf_counter() < end or len(times["einrnn numpy"]) < 5:
        for name, call in programs.items():
            start = time.perf_counter()
            call()
            times[name].append(1e3 * (time.perf_counter() - start))
    return {name: median(row) for name, row in times.items()}


def main() -> None:
    losses = jax_losses()
    print("| sum | program |", " | ".join(f"T={size}" for size in LENGTHS), "| grows as |")
    print("|---" * (len(LENGTHS) + 3) + "|")
    for name in DOCUMENTS:
        rows = [measured(calls(name, size, losses)) for size in LENGTHS]
        for program in rows[0]:
            times = [row[program] for row in rows]
            slope = np.polyfit(np.log(LENGTHS[1:]), np.log(times[1:]), 1)[0]
            shown = " | ".join(f"{ms:.3g}" for ms in times)
            print(f"| {name} | {program} | {shown} | T^{slope:.2f} |")


if __name__ == "__main__":
    main()
