"""Write gradients in index notation; have every step checked, differentiated and compiled.

>>> import einrnn
>>> doc = einrnn.parse("y[i] := A[i,j] x[j]")
>>> str(doc.derive("dy[i]/dx[k]"))
'A[i,k]'
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from einrnn.errors import EinrnnError, EvaluationError, InternalError, LanguageError

if TYPE_CHECKING:
    from einrnn.document import Document, load, parse
    from einrnn.equation import einsum
    from einrnn.expression import Expression
    from einrnn.numeric.structured import Structured
    from einrnn.paths_api import paths

__version__ = "0.1.0"

__all__ = [
    "Document",
    "EinrnnError",
    "EvaluationError",
    "Expression",
    "InternalError",
    "LanguageError",
    "Structured",
    "einsum",
    "load",
    "parse",
    "paths",
]

_HOMES = {
    "Document": "einrnn.document",
    "load": "einrnn.document",
    "parse": "einrnn.document",
    "Expression": "einrnn.expression",
    "Structured": "einrnn.numeric.structured",
    "einsum": "einrnn.equation",
    "paths": "einrnn.paths_api",
}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used: numpy and the parser load only then."""
    home = _HOMES.get(name)
    if home is None:
        raise AttributeError(f"module 'einrnn' has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(home), name)


def __dir__() -> list[str]:
    return sorted([*globals(), *_HOMES])
