"""Contraction paths compared: every finder's path for one contraction, in one unit."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from math import log
from typing import Any

from einrnn.dataclass import dataclass
from einrnn.errors import EinrnnError, EvaluationError
from einrnn.pathfinder.evaluate import Path, score
from einrnn.pathfinder.external import finders
from einrnn.pathfinder.joint import Jointly
from einrnn.pathfinder.machine import kernel
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.planner import solve
from einrnn.pathfinder.search import search
from einrnn.pathfinder.slicing import sliced

# paths that take longer than this, or hold more entries, are not run
_SECONDS, _ENTRIES = 0.5, 30_000_000

OURS, NAIVE = "einrnn", "naive"


@dataclass(frozen=True)
class Row:
    """One finder. Sizes are entries, times seconds; ``note`` says why something is missing."""

    finder: str
    flops: int | None = None
    largest: int | None = None
    peak: int | None = None
    search: float | None = None
    predicted: float | None = None
    measured: float | None = None
    note: str = ""


@dataclass(frozen=True)
class Listed:
    """One step of the chosen path: what is contracted, by which kernel, at what cost."""

    step: str
    kernel: str
    flops: int
    entries: int


@dataclass(frozen=True)
class Strategy:
    """One way to go through time: FLOPs and peak by size, and the power each grows with."""

    name: str
    costs: tuple[tuple[int, int, int], ...]
    growth: float | None


@dataclass(frozen=True)
class Together:
    """FLOPs of one program for several outputs, and of one for each."""

    joint: int
    alone: tuple[int, ...]


@dataclass(frozen=True)
class Limited:
    """A way to hold at most ``limit`` entries: a path and the indices that a loop runs over
    (single contractions), or a way through time (programs)."""

    limit: int
    peak: int
    flops: int
    way: str = ""
    indices: tuple[str, ...] = ()
    slices: int = 1
    path: Path = ()


@dataclass(frozen=True)
class Comparison:
    """A table of finders, the chosen path step by step, ways through time, what several outputs
    cost together, and what a limit on memory leads to.

    ``str`` gives text; a notebook shows it as a table; ``as_json`` gives plain data.
    """

    title: str
    sizes: Mapping[str, int]
    rows: tuple[Row, ...]
    steps: tuple[Listed, ...] = ()
    strategies: tuple[Strategy, ...] = ()
    varied: str = ""
    network: Network | None = field(default=None, repr=False)
    path: Path = field(default=(), repr=False)
    together: Together | None = None
    limited: Limited | None = None

    @property
    def best(self) -> int:
        """The fewest FLOPs of any finder."""
        return min((row.flops for row in self.rows if row.flops is not None), default=0)

    def as_json(self) -> dict[str, Any]:
        """The comparison as plain data."""
        from einrnn.path_tables import as_json

        return as_json(self)

    def __str__(self) -> str:
        from einrnn.path_tables import as_text

        return as_text(self)

    def _repr_html_(self) -> str:
        from einrnn.path_tables import as_html

        return as_html(self)


def check_sizes(sizes: Mapping[str, int], known: Iterable[str], wanted: Iterable[str] = ()) -> None:
    """Raises EvaluationError: E616 for a size that nothing has, E610 for one that is wanted."""
    names = list(known)
    for name in sizes:
        if name not in names:
            close = [other for other in names if other.lower() == name.lower()]
            hint = f"did you mean {close[0]}? " if close else ""
            here = f"{hint}the sizes here are {', '.join(names)}" if names else "there are no sizes"
            raise EvaluationError("E616", f"there is no size named {name}", here)
    missing = [name for name in wanted if name not in sizes]
    if missing:
        are = "size is" if len(missing) == 1 else "sizes are"
        options = " ".join(f"--size {name}=8" for name in missing)
        python = ", ".join(f"{name}=8" for name in missing)
        raise EvaluationError(
            "E610",
            f"no {are} given for {', '.join(missing)}",
            f"for example {options} (in Python sizes=dict({python}))",
        )


def spaced(first: int, last: int, count: int = 3) -> list[int]:
    """Sizes from the first to the last in equal ratios."""
    step = (last / first) ** (1 / (count - 1))
    return sorted({round(first * step**at) for at in range(count)})


def grown(name: str, costs: Sequence[tuple[int, int, int]]) -> Strategy:
    """A row of costs by size, with the power that the last two of them show, if there is work."""
    if len(costs) < 2 or not all(flops for _, flops, _ in costs[-2:]):
        return Strategy(name, tuple(costs), None)
    (before, less, _), (after, more, _) = costs[-2:]
    return Strategy(name, tuple(costs), log(more / less) / log(after / before))


def selected(names: Sequence[str], every: Sequence[str]) -> list[str]:
    """The finders asked for; a name may leave the library's part out, as in ``greedy``.

    Raises EvaluationError (E712) for a name that no finder has.
    """
    if not names or "all" in names:
        return list(every)
    found: list[str] = []
    for name in names:
        fitting = [one for one in every if one == name or name in one.split()]
        if not fitting:
            raise EvaluationError("E712", f"no finder {name!r}", f"there are: {', '.join(every)}")
        found += fitting
    return [one for one in every if one in found]


def compare(
    network: Network,
    title: str,
    sizes: Mapping[str, int],
    *,
    finder: Sequence[str] = (),
    seconds: float = 0.0,
    measure: bool = True,
    memory: int | None = None,
) -> Comparison:
    """Every finder's path for a network. ``seconds`` is time for our own search beyond the
    path that a compile would use; ``memory`` is the most entries that may be held.

    Raises EvaluationError: E711 no slicing keeps the limit, E712 an unknown finder."""
    known: dict[str, Callable[[Network], Path]] = {NAIVE: _at_once, OURS: _ours(seconds)}
    known |= finders(network)
    names = selected(finder, list(known))
    found = {name: _row(network, name, known[name], measure) for name in names}
    path = found[OURS][1] if OURS in found else next((p for _, p in found.values() if p), ())
    steps = _listed(network, path) if path else ()
    rows = tuple(row for row, _ in found.values())
    limited = None if memory is None else _limited(network, memory)
    return Comparison(title, sizes, rows, steps, network=network, path=path, limited=limited)


def _limited(network: Network, memory: int) -> Limited:
    found = sliced(network, memory)
    indices = network.letters(found.indices)
    return Limited(
        memory, found.peak, found.flops, indices=indices, slices=found.slices, path=found.path
    )


def _ours(seconds: float) -> Callable[[Network], Path]:
    def find(network: Network) -> Path:
        if seconds and solve(network) is None:
            return search(network, seconds)
        return Jointly()(network)

    return find


def _at_once(network: Network) -> Path:
    return (tuple(range(len(network.operands))),)


def _row(
    network: Network, name: str, find: Callable[[Network], Path], measure: bool
) -> tuple[Row, Path]:
    begun = time.perf_counter()
    try:
        path = find(network)
    except (EinrnnError, ValueError, KeyError, MemoryError, RecursionError) as problem:
        return Row(name, note=f"no path: {problem}".split("\n")[0][:100]), ()
    took = time.perf_counter() - begun
    result = score(network, path)
    predicted = _predicted(network, path, result.flops)
    measured = _measured(network, path, predicted) if measure else None
    cost = (result.flops, result.largest, result.peak)
    return Row(name, *cost, took, predicted, measured), path


def _predicted(network: Network, path: Path, flops: int) -> float | None:
    """Seconds by the machine's model; None for paths that are neither pairs nor one loop."""
    from einrnn.numeric.calibrate import calibrated
    from einrnn.numeric.pathwise import plan_of
    from einrnn.numeric.predict import interpreted

    if all(len(step) <= 2 for step in path):
        return interpreted(plan_of(network, path), calibrated())
    if len(path) == 1:
        return calibrated().call + calibrated().loop * flops
    return None


def _measured(network: Network, path: Path, predicted: float | None) -> float | None:
    """The median time of a few runs in seconds; None for what would take too long."""
    held = score(network, path).workspace
    at_once = len(path) == 1 and 2 < len(path[0]) <= 32 and len(network.sizes) <= 52
    pairs = all(len(step) <= 2 for step in path)
    if predicted is None or predicted > _SECONDS or held > _ENTRIES or not (at_once or pairs):
        return None
    import numpy as np

    from einrnn.numeric.pathwise import Pathwise

    rng = np.random.default_rng(0)
    arrays = [rng.normal(size=[network.sizes[bit] for bit in term]) for term in network.axes]
    if at_once:
        parts: list[Any] = []
        for array, term in zip(arrays, network.axes, strict=True):
            parts += [array, term]

        def at_once_by_numpy() -> object:
            return np.einsum(*parts, network.order)

        return median(at_once_by_numpy)
    run = Pathwise(network, path)
    return median(lambda: run(*arrays))


def median(call: Callable[[], object]) -> float:
    """The median time of 3 to 15 calls after a first one, in seconds."""
    call()
    times: list[float] = []
    while len(times) < 3 or (len(times) < 15 and sum(times) < 0.1):
        begun = time.perf_counter()
        call()
        times.append(time.perf_counter() - begun)
    return sorted(times)[len(times) // 2]


def _listed(network: Network, path: Path) -> tuple[Listed, ...]:
    labels = dict(enumerate(network.labels))
    result: list[Listed] = []
    for step in score(network, path).steps:
        new = labels.get(step.number, f"t{step.number - len(network.operands) + 1}")
        parts = [
            f"{labels[number]}[{','.join(network.letters(mask))}]"
            for number, mask in zip(step.operands, step.indices, strict=True)
        ]
        text = f"{new}[{','.join(network.letters(step.result))}] = {' '.join(parts)}"
        labels[step.number] = new
        result.append(Listed(text, kernel(step), step.flops, network.entries(step.result)))
    return tuple(result)
