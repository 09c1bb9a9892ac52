"""The kernels that programs call: in each text that stands alone, and built once to be shared."""

from __future__ import annotations

import ctypes
from functools import cache

from einrnn.numeric.native.runtime import text
from einrnn.numeric.native.toolchain import library

_TYPES = ("base.h", "turn.h", "matrix.h")
_BODIES = ("pack.h", "product.h", "matvec.h")


def head(dtype: str, *, apart: bool) -> str:
    """What a program begins with; ``apart`` leaves the kernels to :func:`kernels`."""
    names = (*_TYPES, *(("apart.h",) if apart else _BODIES), "functions.h")
    return "\n".join((*_single(dtype), *map(text, names)))


@cache
def kernels(dtype: str) -> ctypes.CDLL:
    """The library of the kernels for a dtype; raises NoCompiler if it cannot be built."""
    names = (*_TYPES, *_BODIES, "kernels.c")
    return library("\n".join((*_single(dtype), *map(text, names))))


def address(dtype: str) -> int:
    """Where the table of the kernels lies; raises NoCompiler."""
    return ctypes.addressof(ctypes.c_char.in_dll(kernels(dtype), "kernels"))


def _single(dtype: str) -> tuple[str, ...]:
    return ("#define SINGLE",) if dtype == "float32" else ()
