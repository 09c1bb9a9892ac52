"""Text to core: grammar, names, indices, sizes, elaboration; and core back to text.

>>> from einrnn.language import elaborate_text
>>> from einrnn.source import Source
>>> found = elaborate_text(Source.of("y[i] := A[i,j] x[j]"))
>>> found.model.definitions["y"].clauses[0].body
(sum j 0..J-1 (* A[i,j] x[j]))
"""

from __future__ import annotations

from collections.abc import Iterable

from einrnn.core.model import Model, Range
from einrnn.core.nodes import Expr, Index
from einrnn.errors import LanguageError
from einrnn.language.outcome import Elaborated, InvalidClaim
from einrnn.source import Source

__all__ = ["Elaborated", "InvalidClaim", "elaborate_text", "load_model", "parse_expression"]


def elaborate_text(source: Source) -> Elaborated:
    """The model of a document; every problem in the text is a diagnostic, none is raised."""
    from einrnn.language.document import elaborate

    return elaborate(source)


def parse_expression(
    text: str, model: Model, free: Iterable[Index] | None = None
) -> tuple[Expr, dict[Index, Range]]:
    """One expression over a model; see :func:`einrnn.language.expression.parse_expression`."""
    from einrnn.language import expression

    return expression.parse_expression(text, model, free)


def load_model(source: Source | str) -> Model:
    """The model of a text that must be well-formed.

    Raises :class:`LanguageError` with all errors, the first one in front.
    """
    if isinstance(source, str):
        source = Source.of(source)
    found = elaborate_text(source)
    errors = tuple(d for d in found.diagnostics if d.severity == "error")
    if errors:
        first = errors[0]
        raise LanguageError(first.code, first.message, first.help, first.span, errors)
    return found.model
