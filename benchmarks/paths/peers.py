"""The paths that jax's and torch's einsum take by themselves."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from importlib.util import find_spec
from typing import Any

from einrnn.pathfinder.evaluate import Path, numbered
from einrnn.pathfinder.network import Network

_LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"


def peers(network: Network) -> dict[str, Callable[[Network], Path]]:
    """Those that are installed; both have letters for 52 indices."""
    known: dict[str, Callable[[Network], Path]] = {}
    if len(network.sizes) <= len(_LETTERS):
        if find_spec("jax") is not None:
            known["jax"] = _jax
        if find_spec("torch") is not None:
            known["torch"] = _torch
            known["torch without opt_einsum"] = _left_to_right
    return known


def _text(network: Network) -> tuple[str, list[list[int]]]:
    terms = ["".join(_LETTERS[bit] for bit in term) for term in network.axes]
    shapes = [[network.sizes[bit] for bit in term] for term in network.axes]
    return f"{','.join(terms)}->{''.join(_LETTERS[bit] for bit in network.order)}", shapes


def _jax(network: Network) -> Path:
    """``jax.numpy.einsum`` orders as ``jax.numpy.einsum_path`` does, with ``optimize="auto"``."""
    import jax

    text, shapes = _text(network)
    arrays = [jax.ShapeDtypeStruct(tuple(shape), "float32") for shape in shapes]
    found: Sequence[Any] = jax.numpy.einsum_path(text, *arrays, optimize="auto")[0]
    return numbered([step for step in found if not isinstance(step, str)], len(shapes))


def _torch(network: Network) -> Path:
    """``torch.einsum`` asks opt_einsum with the strategy that its backend names."""
    import opt_einsum
    import torch

    text, shapes = _text(network)
    strategy = torch.backends.opt_einsum.strategy
    found = opt_einsum.contract_path(text, *shapes, shapes=True, optimize=strategy)[0]
    return numbered(found, len(shapes))


def _left_to_right(network: Network) -> Path:
    count = len(network.operands)
    return ((0, 1), *((at, count + at - 2) for at in range(2, count)))
