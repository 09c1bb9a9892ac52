"""A program of each kind for a case, ready to be called: einrnn, jax, torch."""

from __future__ import annotations

import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

import numpy as np

from benchmarks.hessian.cases import CASES, Case

Call = Callable[[], Any]


def _einrnn(case: Case, data: dict[str, Any], **how: Any) -> Call:
    import einrnn

    program = einrnn.parse(case.text).compile(case.output, **how)
    return lambda: program(**data)[case.output]


def _jax(case: Case, data: dict[str, Any]) -> Call:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    values = [jnp.asarray(array) for array in data.values()]

    def loss(*inputs: Any) -> Any:
        return case.loss(jnp, jax.nn.softplus, *inputs)

    hessian = jax.jit(jax.hessian(loss, argnums=list(data).index(case.wrt)))
    return lambda: jax.block_until_ready(hessian(*values))


def _torch(case: Case, data: dict[str, Any], threads: int) -> Call:
    import torch

    torch.set_num_threads(threads)
    values = [torch.from_numpy(array) for array in data.values()]

    def loss(*inputs: Any) -> Any:
        return case.loss(torch, torch.nn.functional.softplus, *inputs)

    hessian = torch.func.hessian(loss, argnums=list(data).index(case.wrt))
    return lambda: hessian(*values)


PROGRAMS: dict[str, Callable[[Case, dict[str, Any], int], Call]] = {
    "einrnn": lambda case, data, threads: _einrnn(case, data),
    "einrnn native": lambda case, data, threads: _einrnn(case, data, backend="native"),
    "einrnn, compressed": lambda case, data, threads: _einrnn(case, data, compress=True),
    "jax.jit(jax.hessian)": lambda case, data, threads: _jax(case, data),
    "torch.func.hessian": _torch,
}


def serve(pipe: Connection, program: str, number: int, dtype: str, threads: int) -> None:
    """Make a program, send its result, and send the seconds of a call whenever asked."""
    case = CASES[number]
    try:
        call = PROGRAMS[program](case, case.data(dtype), threads)
    except ImportError as missing:
        pipe.send((str(missing), 0))
        return
    for _ in range(2):
        result = call()
    pipe.send((np.asarray(result), int(result.nbytes)))
    del result
    while pipe.recv() == "call":
        start = time.perf_counter()
        call()
        pipe.send(time.perf_counter() - start)
