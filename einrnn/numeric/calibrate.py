"""The numbers of this machine for the model of time, measured once and kept.

They are kept as ``machine.json`` in einrnn's cache folder; deleting the file measures anew.
Where it cannot be written, each process measures.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np

from einrnn.folders import cache_folder
from einrnn.numeric.generated import Generated
from einrnn.numeric.pathwise import Array, Pathwise
from einrnn.pathfinder.machine import Machine
from einrnn.pathfinder.network import Network

_FORMAT = 1


@lru_cache(maxsize=1)
def calibrated() -> Machine:
    """The numbers of this machine, in float64; measuring takes a fraction of a second."""
    folder = cache_folder()
    if folder is None:
        return measured()
    file = folder / "machine.json"
    found = _read(file)
    if found is None:
        found = measured()
        _write(file, found)
    return found


def measured() -> Machine:
    """Dispatch from short programs, the rest from numpy's kernels."""
    matrix, small = np.ones((384, 384)), np.ones((2, 2))
    many, large, some = np.ones((500, 4, 4)), np.ones(2_000_000), np.linspace(-2, 2, 20_000)
    target = np.empty_like(large)
    call, dispatch = _overheads(_closures)
    entry, straight = _overheads(_generated)
    single = _best(lambda: small @ small, 200)
    product = _best(lambda: matrix @ matrix, 20)
    traffic = _best(lambda: np.multiply(large, large, out=target), 20)
    batch = max(0.0, _best(lambda: many @ many, 20) - single) / len(many)
    function = _best(lambda: np.tanh(some), 20) / len(some)
    rate, bandwidth = 2 * 384**3 / product, 3 * large.nbytes / traffic
    cube = np.ones((32, 32))
    loop = _best(lambda: np.einsum("ab,bc,ca", cube, cube, cube), 5) / (3 * 32**3)
    return Machine(call, dispatch, entry, straight, rate, bandwidth, batch, function, loop)


def _this() -> dict[str, Any]:
    """What the numbers depend on."""
    threads = [os.environ.get(f"{name}_NUM_THREADS") for name in ("OMP", "OPENBLAS", "MKL")]
    machine = [platform.node(), platform.machine(), os.cpu_count(), platform.python_version()]
    return {"format": _FORMAT, "machine": machine, "numpy": np.__version__, "threads": threads}


def _read(file: Path) -> Machine | None:
    try:
        data = json.loads(file.read_text())
        return Machine(**data["numbers"]) if data["of"] == _this() else None
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _write(file: Path, machine: Machine) -> None:
    try:
        file.write_text(json.dumps({"of": _this(), "numbers": asdict(machine)}, indent=1) + "\n")
    except OSError:
        return


def _overheads(time_of: Callable[[int], float]) -> tuple[float, float]:
    """What a call costs, and each step of it: two chains of tiny matrices compared."""
    short, long = time_of(2), time_of(22)
    step = max(0.0, long - short) / 20
    return max(0.0, short - step), step


def _closures(count: int) -> float:
    """The time of a chain of matrices as an einsum string is run."""
    run, arrays = _chain(count)
    return _best(lambda: run(*arrays), 50)


def _generated(count: int) -> float:
    """The time of a chain of matrices as a compiled program is run."""
    run, arrays = _chain(count)
    code = Generated(run.plan(), np.dtype(np.float64), "numpy")
    named = {f"operand{at}": array for at, array in enumerate(arrays)}
    return _best(lambda: code.run(named), 50)


def _chain(count: int) -> tuple[Pathwise, list[Array]]:
    terms = [(at, at + 1) for at in range(count)]
    network = Network.of(terms, (0, count), dict.fromkeys(range(count + 1), 2))
    path = ((0, 1), *((at, count + at - 2) for at in range(2, count)))
    return Pathwise(network, path), [np.ones((2, 2))] * count


def _best(call: Callable[[], object], times: int) -> float:
    """The shortest of several runs, in seconds."""
    found: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)
