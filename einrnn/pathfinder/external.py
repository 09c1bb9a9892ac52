"""Paths of other libraries, in this room's terms, to be judged by its evaluator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import Any, cast

from einrnn.errors import EvaluationError
from einrnn.pathfinder.evaluate import Path, numbered
from einrnn.pathfinder.network import Network, bits

# operands up to which a search of several seconds has nothing left to find
_EASY = 24

Finder = Callable[[Network], Path]

# operands beyond which a finder takes minutes: it is left out there
_LIMITS = {
    "opt_einsum optimal": 7,
    "opt_einsum dp": 24,
    "opt_einsum auto-hq": 64,
    "opt_einsum random-greedy": 256,
    "numpy optimal": 6,
    "numpy greedy": 40,
}


# operands from which opt_einsum's ``auto`` is its ``greedy``
_AUTO_IS_GREEDY = 15
# operands up to which its ``dp`` takes about ten milliseconds
_DP_IS_QUICK = 13
# random trees in a bounded use of cotengra's random greedy
_TREES = 8


def quick_of_opt_einsum(network: Network) -> list[Path]:
    """What opt_einsum's ``auto``, ``greedy`` and, of few operands, ``dp`` find, where the steps
    are pairs."""
    count = len(network.operands)
    names = ["auto"] if count >= _AUTO_IS_GREEDY else ["auto", "greedy"]
    names += ["dp"] if count <= _DP_IS_QUICK else []
    found = [_opt_einsum(name)(network) for name in names]
    return [path for path in found if all(len(step) == 2 for step in path)]


def cotengra_greedy(network: Network) -> list[Path]:
    """The best of a few random greedy trees of cotengra, the same ones every time; nothing
    where it is not installed."""
    if find_spec("cotengra") is None:
        return []
    found = _cotengra_random(_TREES)(network)
    return [found] if all(len(step) == 2 for step in found) else []


def finders(network: Network) -> dict[str, Finder]:
    """The finders that are installed and take a bearable time for this network."""
    known: dict[str, Finder] = {
        f"opt_einsum {name}": _opt_einsum(name)
        for name in ("optimal", "dp", "greedy", "auto", "auto-hq", "random-greedy")
    }
    known |= {f"numpy {name}": _numpy(name) for name in ("optimal", "greedy")}
    if find_spec("cotengra") is not None:
        known |= {"cotengra auto": _cotengra_auto, "cotengra random-greedy": _cotengra_random(128)}
        if len(network.operands) > _EASY:
            known["cotengra hyper"] = cotengra_hyper
    count = len(network.operands)
    return {name: f for name, f in known.items() if count <= _LIMITS.get(name, count)}


def _terms(network: Network) -> tuple[list[list[str]], list[str], dict[str, int]]:
    """Operands, output and sizes with an index ``k`` called by the symbol for ``k``."""
    from opt_einsum import get_symbol  # pyright: ignore[reportMissingTypeStubs]

    symbols = [get_symbol(number) for number in range(len(network.sizes))]
    operands = [[symbols[bit] for bit in bits(mask)] for mask in network.operands]
    output = [symbols[bit] for bit in bits(network.output)]
    sizes = dict(zip(symbols, network.sizes, strict=True))
    return operands, output, sizes


def _opt_einsum(name: str) -> Finder:
    def find(network: Network) -> Path:
        import opt_einsum  # pyright: ignore[reportMissingTypeStubs]

        operands, output, sizes = _terms(network)
        methods: Mapping[str, Any] = {
            "optimal": opt_einsum.paths.optimal,
            "dp": opt_einsum.DynamicProgramming(),
            "greedy": opt_einsum.paths.greedy,
            "auto": opt_einsum.paths.auto,
            "auto-hq": opt_einsum.paths.auto_hq,
            "random-greedy": opt_einsum.RandomGreedy(max_repeats=32),
        }
        inputs = [frozenset(term) for term in operands]
        found = methods[name](inputs, frozenset(output), sizes, None)
        return numbered(cast(Sequence[Sequence[int]], found), len(inputs))

    return find


def _numpy(name: str) -> Finder:
    def find(network: Network) -> Path:
        import numpy as np

        operands, output, sizes = _terms(network)
        text = f"{','.join(map(''.join, operands))}->{''.join(output)}"
        if len(sizes) > 52:
            raise EvaluationError("E710", f"numpy has no letters for {len(sizes)} indices")
        # arrays without memory of their own: only their shapes are read
        arrays = [np.broadcast_to(0.0, [sizes[index] for index in term]) for term in operands]
        found = np.einsum_path(text, *arrays, optimize=name)
        return numbered(found[0][1:], len(operands))

    return find


def _cotengra_auto(network: Network) -> Path:
    import cotengra  # pyright: ignore

    return _by_cotengra(network, cast(Any, cotengra).AutoOptimizer())


def _cotengra_random(trees: int) -> Finder:
    def find(network: Network) -> Path:
        import cotengra  # pyright: ignore

        made = cast(Any, cotengra).RandomGreedyOptimizer(
            max_repeats=trees, seed=0, accel=False, parallel=False
        )
        return _by_cotengra(network, made)

    return find


def _by_cotengra(network: Network, optimizer: Any) -> Path:
    operands, output, sizes = _terms(network)
    inputs = [tuple(term) for term in operands]
    return numbered(optimizer(inputs, tuple(output), sizes), len(inputs))


def cotengra_hyper(network: Network, seconds: float = 5.0) -> Path:
    """cotengra's hyper-optimiser with subtree reconfiguration, for so many seconds."""
    import cotengra  # pyright: ignore

    optimizer = cast(Any, cotengra).HyperOptimizer(
        minimize="flops",
        max_time=seconds,
        max_repeats=1_000_000,
        reconf_opts={},
        parallel=False,
    )
    return _by_cotengra(network, optimizer)


def hyper_of_cotengra(network: Network, seconds: float) -> list[Path]:
    """What that finds within so many seconds; nothing where cotengra is not installed."""
    if find_spec("cotengra") is None:
        return []
    found = cotengra_hyper(network, seconds)
    return [found] if all(len(step) == 2 for step in found) else []
