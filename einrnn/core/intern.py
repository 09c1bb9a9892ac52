"""Interning: equal nodes are one object, so equality and hashing take constant time."""

from __future__ import annotations

import copyreg
from hashlib import blake2b
from typing import TYPE_CHECKING, Any
from weakref import KeyedRef

if TYPE_CHECKING:
    Interned = type
else:
    _TABLE: dict[tuple[Any, ...], KeyedRef] = {}

    def _forget(reference: KeyedRef) -> None:
        if _TABLE.get(reference.key) is reference:
            del _TABLE[reference.key]

    def _call(node: Any) -> tuple[type, tuple[Any, ...]]:
        own = node.__dict__
        return type(node), tuple([own[name] for name in type(node).__match_args__])

    class Interned(type):
        """Metaclass of node classes: a call with known arguments returns the known object.

        Arguments are positional and hashable; nodes hash by identity, which is enough
        because their own arguments were interned before them. The table does not keep
        nodes alive. Unpickled and copied nodes come by such a call, too.
        """

        def __init__(cls, *args: Any) -> None:
            super().__init__(*args)
            copyreg.pickle(cls, _call)

        def __call__(cls, *args: Any) -> Any:
            """The one object with these arguments."""
            key = (cls, *args)
            reference = _TABLE.get(key)
            if reference is not None:
                found = reference()
                if found is not None:
                    return found
            # frozen dataclasses with positional fields only: what their __init__ would do
            made = cls.__new__(cls)
            made.__dict__.update(zip(cls.__match_args__, args, strict=True))
            made.__post_init__()
            _TABLE[key] = KeyedRef(made, _forget, key)
            return made


def digest(*parts: object) -> bytes:
    """A short name for a structure, the same in every run: nodes are ordered by it.

    Parts that have a ``key`` of their own contribute that, so the cost does not grow
    with the depth of the structure.
    """
    state = blake2b(digest_size=12)
    for part in parts:
        key = getattr(part, "key", None)
        state.update(key if isinstance(key, bytes) else repr(part).encode())
        state.update(b"\0")
    return state.digest()
