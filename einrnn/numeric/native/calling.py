"""What a call of a compiled program takes: memory to work in, and the addresses of arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from functools import cache
from typing import Any

import numpy as np

Array = np.ndarray[Any, np.dtype[Any]]

_ALIGNMENT = 64
_POINTER = ctypes.sizeof(ctypes.c_void_p)


class Call(ctypes.Structure):
    """``struct call`` of the C text."""

    _fields_ = (
        ("arrays", ctypes.c_void_p),
        ("indirect", ctypes.c_long),
        ("type", ctypes.c_void_p),
        ("dtypes", ctypes.c_void_p * 2),
        ("work", ctypes.c_void_p),
        ("run", ctypes.c_void_p),
        ("workers", ctypes.c_long),
        ("error", ctypes.c_long),
        ("position", ctypes.c_long),
    )


class _Fields(ctypes.Structure):
    """``struct fields`` of the C text, the public part of numpy's array objects."""

    _fields_ = (
        ("entries", ctypes.c_void_p),
        ("rank", ctypes.c_int),
        ("sizes", ctypes.POINTER(ctypes.c_ssize_t)),
        ("strides", ctypes.POINTER(ctypes.c_ssize_t)),
        ("base", ctypes.c_void_p),
        ("dtype", ctypes.c_void_p),
        ("flags", ctypes.c_int),
    )

    def says(self, array: Array) -> bool:
        """Whether these are the fields of an array."""
        contiguous, aligned = self.flags & 0x0001, self.flags & 0x0100
        return (
            self.entries == array.ctypes.data
            and self.rank == array.ndim
            and tuple(self.sizes[: self.rank]) == array.shape
            and tuple(self.strides[: self.rank]) == array.strides
            and self.dtype == id(array.dtype)
            and bool(contiguous) == array.flags.c_contiguous
            and bool(aligned) == array.flags.aligned
        )


@cache
def offset() -> int:
    """How far into an array object numpy's fields are; -1 if they are not found.

    CPython's ``id`` is the address of the object. What all objects have ends with the type, and
    numpy's fields follow (``PyArrayObject_fields`` of its C interface).
    """
    place = object.__basicsize__
    if np.ndarray.__basicsize__ < place + ctypes.sizeof(_Fields):
        return -1
    bytes_apart = np.zeros(25, np.uint8)[1:].view(np.float64)
    for probe in (np.empty(3), np.empty((2, 5), np.float32)[:, 1:], bytes_apart):
        kind = ctypes.c_void_p.from_address(id(probe) + place - _POINTER).value
        if kind != id(np.ndarray) or not _Fields.from_address(id(probe) + place).says(probe):
            return -1
    together = (bytes_apart, place)
    pointers = (ctypes.c_void_p * 2).from_address(id(together) + tuple.__basicsize__)
    return place if list(pointers) == [id(bytes_apart), id(place)] else -1


class Workspace:
    """Memory for one call at a time."""

    def __init__(self, size: int, dtype: np.dtype[Any], runner: int, workers: int) -> None:
        self._memory = np.empty(size + _ALIGNMENT, np.uint8)
        start = self._memory.ctypes.data
        self.call = Call(
            None,
            offset(),
            id(np.ndarray),
            (id(dtype), id(np.dtype(np.int64))),
            start + -start % _ALIGNMENT,
            runner,
            workers,
        )
        self.argument = ctypes.byref(self.call)


def objects(arrays: tuple[Array, ...]) -> int:
    """The address of what a tuple holds, as long as that lives."""
    return id(arrays) + tuple.__basicsize__


def addresses(arrays: Sequence[Array]) -> ctypes.Array[ctypes.c_void_p]:
    """Where the entries of arrays are; for systems where objects have none to be found."""
    return (ctypes.c_void_p * len(arrays))(*(array.ctypes.data for array in arrays))
