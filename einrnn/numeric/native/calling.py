"""What a call of a compiled program takes: memory to work in, and the addresses of arrays."""

from __future__ import annotations

import ctypes
from functools import cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

_ALIGNMENT = 64


class Call(ctypes.Structure):
    """``struct call`` of the C text."""

    _fields_ = (
        ("objects", ctypes.c_void_p),
        ("indirect", ctypes.c_long),
        ("work", ctypes.c_void_p),
        ("run", ctypes.c_void_p),
        ("workers", ctypes.c_long),
        ("error", ctypes.c_long),
        ("position", ctypes.c_long),
    )


@cache
def offset() -> int:
    """How far into an array object the address of its entries is; -1 if it is not there.

    CPython's ``id`` is the address of the object, and numpy's array objects have the address
    of the entries first after what all objects have.
    """
    place = object.__basicsize__
    if type(np.empty(0)).__basicsize__ < place + ctypes.sizeof(ctypes.c_void_p):
        return -1
    for probe in (np.empty(3), np.empty((2, 2), np.float32)[1:]):
        if ctypes.c_void_p.from_address(id(probe) + place).value != probe.ctypes.data:
            return -1
    return place


class Workspace:
    """Memory for one call at a time."""

    def __init__(self, size: int, objects: int, runner: int, workers: int) -> None:
        self._memory = np.empty(size + _ALIGNMENT, np.uint8)
        start = self._memory.ctypes.data
        self.objects = (ctypes.c_void_p * objects)()
        self.call = Call(
            ctypes.addressof(self.objects),
            offset(),
            start + -start % _ALIGNMENT,
            runner,
            workers,
        )
        self.argument = ctypes.byref(self.call)


def place(array: Array) -> int:
    """What a call takes for an array."""
    return id(array) if offset() >= 0 else array.ctypes.data
