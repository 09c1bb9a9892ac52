"""Tensors of torch's older vmap, by which ``is_grads_batched`` and ``vectorize=True`` work.

Such a tensor passes for that of one example, but cannot be written into a buffer. The axis of
the examples is taken out of what a program is given, and put back into what it computes.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from einrnn.numeric.optional import optional

Tensors = dict[str, Any]

# as deep as torch nests them; the inner ones come first, as they are put back first
_LEVELS = range(64, 0, -1)


def level(tensors: Iterable[Any]) -> int | None:
    """The innermost level at which some tensors are batches; None if all are plain."""
    batches = list(filter(_is_batch, tensors))
    found = (at for at in _LEVELS if any(_is_at(tensor, at) for tensor in batches))
    return next(found) if batches else None


def opened(tensors: Tensors, at: int) -> Tensors:
    """The batches of a level as plain tensors, with the examples along their first axes."""
    torch = optional("torch")
    return {
        name: torch._remove_batch_dim(tensor, at, 0, 0)
        for name, tensor in tensors.items()
        if _is_batch(tensor) and _is_at(tensor, at)
    }


def closed(tensors: Tensors, at: int) -> Tensors:
    """Plain tensors as the batches of a level that their first axes are."""
    torch = optional("torch")
    return {name: torch._add_batch_dim(tensor, 0, at) for name, tensor in tensors.items()}


def _is_batch(tensor: Any) -> bool:
    # not every torch that will do has the question
    asked = getattr(optional("torch._C._functorch"), "is_legacy_batchedtensor", None)
    return asked is not None and asked(tensor)


def _is_at(tensor: Any, at: int) -> bool:
    """Whether a tensor is a batch of a level: others are spread along an axis of a given size."""
    torch = optional("torch")
    return len({torch._remove_batch_dim(tensor, at, size, 0).shape[0] for size in (0, 1)}) == 1
