"""The numbers of this machine for the model of time, measured a few times and kept.

They are kept as ``machine.json`` in einrnn's cache folder; deleting the file measures anew.
The first processes that ask measure again and keep the best: other work on the machine can only
make numbers worse. Where the file cannot be written, each process measures.
"""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Callable
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path as File
from typing import Any

import numpy as np

from einrnn.folders import cache_folder
from einrnn.numeric.generated import Generated
from einrnn.numeric.pathwise import Array, Pathwise, plan_of
from einrnn.pathfinder.evaluate import Path
from einrnn.pathfinder.machine import Machine
from einrnn.pathfinder.network import Network

_FORMAT = 3
_TIMES = 3
_RATES = ("rate", "bandwidth")


@lru_cache(maxsize=1)
def calibrated() -> Machine:
    """The numbers of this machine, in float64; measuring takes a fraction of a second."""
    folder = cache_folder()
    if folder is None:
        return measured()
    file = folder / "machine.json"
    found, times = _read(file)
    if found is None or times < _TIMES:
        found = measured() if found is None else better(found, measured())
        _write(file, found, times + 1)
    return found


def better(one: Machine, other: Machine) -> Machine:
    """The best of each number: the higher rates, the shorter times."""
    pairs = zip(asdict(one).items(), asdict(other).values(), strict=True)
    return Machine(**{name: (max if name in _RATES else min)(a, b) for (name, a), b in pairs})


def measured() -> Machine:
    """Dispatch from short programs, the rest from numpy's kernels."""
    call, dispatch = _overheads(_closures)
    entry, straight = _overheads(_generated)
    rate, small, batch = _products()
    bandwidth, fresh = _traffic()
    turn, copy, row = _copies()
    some, cube = np.linspace(-2, 2, 20_000), np.ones((32, 32))
    function = _best(lambda: np.tanh(some), 20) / len(some)
    loop = _best(lambda: np.einsum("ab,bc,ca", cube, cube, cube), 5) / (3 * 32**3)
    return Machine(
        call=call,
        dispatch=dispatch,
        entry=entry,
        straight=straight,
        turn=turn,
        rate=rate,
        small=small,
        bandwidth=bandwidth,
        fresh=fresh,
        copy=copy,
        row=row,
        batch=batch,
        function=function,
        loop=loop,
    )


def _products() -> tuple[float, float, float]:
    """The rate of a large product, the side at which it is halved, and a matrix of a batch."""
    large, middle, tiny = np.ones((384, 384)), np.ones((32, 32)), np.ones((2, 2))
    many = np.ones((500, 4, 4))
    single = _best(lambda: tiny @ tiny, 200)
    rate = 2 * 384**3 / _best(lambda: large @ large, 20)
    took = max(1e-9, _best(lambda: middle @ middle, 100) - single)
    small = max(0.0, 32 * (took * rate / (2 * 32**3) - 1))
    return rate, small, max(0.0, _best(lambda: many @ many, 20) - single) / len(many)


def _traffic() -> tuple[float, float]:
    """Bytes a second into memory that is there, and what a byte of new memory costs more."""
    large = np.ones(5_000_000)
    target = np.empty_like(large)
    there = _best(lambda: np.multiply(large, large, out=target), 8)
    fresh = _best(lambda: np.multiply(large, large), 4)
    return 3 * large.nbytes / there, max(0.0, fresh - there) / large.nbytes


def _copies() -> tuple[float, float, float]:
    """A new order of axes without a copy, an entry of a copy, and an innermost loop of one."""
    cube, square = np.ones((4, 4, 4)), np.ones((200, 200))
    pairs = np.ones((2,) * 15).transpose([(7 * at) % 15 for at in range(15)])
    turn = _best(lambda: cube.transpose((2, 0, 1)).reshape((4, 16)), 100)
    copy = _best(lambda: np.ascontiguousarray(square.T), 50) / square.size
    entry = _best(lambda: np.ascontiguousarray(pairs), 20) / pairs.size
    return turn, copy, max(0.0, 2 * (entry - copy))


def _this() -> dict[str, Any]:
    """What the numbers depend on."""
    threads = [os.environ.get(f"{name}_NUM_THREADS") for name in ("OMP", "OPENBLAS", "MKL")]
    machine = [platform.node(), platform.machine(), os.cpu_count(), platform.python_version()]
    return {"format": _FORMAT, "machine": machine, "numpy": np.__version__, "threads": threads}


def _read(file: File) -> tuple[Machine | None, int]:
    """The numbers, and how often they were measured."""
    try:
        data = json.loads(file.read_text())
        known = data["of"] == _this()
        return (Machine(**data["numbers"]), int(data["times"])) if known else (None, 0)
    except (OSError, ValueError, TypeError, KeyError):
        return None, 0


def _write(file: File, machine: Machine, times: int) -> None:
    data = {"of": _this(), "times": times, "numbers": asdict(machine)}
    try:
        file.write_text(json.dumps(data, indent=1) + "\n")
    except OSError:
        return


def _overheads(time_of: Callable[[int], float]) -> tuple[float, float]:
    """What a call costs, and each step of it: two chains of tiny matrices compared."""
    short, long = time_of(2), time_of(22)
    step = max(0.0, long - short) / 20
    return max(0.0, short - step), step


def _closures(count: int) -> float:
    """The time of a chain of matrices as an einsum string is run."""
    network, path, arrays = _chain(count)
    run = Pathwise(network, path)
    return _best(lambda: run(*arrays), 50)


def _generated(count: int) -> float:
    """The time of a chain of matrices as a compiled program is run."""
    network, path, arrays = _chain(count)
    code = Generated(plan_of(network, path), np.dtype(np.float64), "numpy")
    named = {f"operand{at}": array for at, array in enumerate(arrays)}
    return _best(lambda: code.run(named), 50)


def _chain(count: int) -> tuple[Network, Path, list[Array]]:
    terms = [(at, at + 1) for at in range(count)]
    network = Network.of(terms, (0, count), dict.fromkeys(range(count + 1), 2))
    path = ((0, 1), *((at, count + at - 2) for at in range(2, count)))
    return network, path, [np.ones((2, 2))] * count


def _best(call: Callable[[], object], times: int) -> float:
    """The shortest of several runs, in seconds."""
    found: list[float] = []
    for _ in range(times):
        start = time.perf_counter()
        call()
        found.append(time.perf_counter() - start)
    return min(found)
