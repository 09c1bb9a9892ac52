"""Errors and diagnostics: what went wrong, where, and what to do about it.

Every failure that user text can cause has a code of the form ``E301``; the codes are
catalogued, with an example of each, in ``specs/README.md``.
"""

from __future__ import annotations

from dataclasses import field
from typing import Literal

from einrnn.dataclass import dataclass

Severity = Literal["error", "warning", "note"]


@dataclass(frozen=True)
class Span:
    """A half-open piece of a source text, counted in characters from its start."""

    start: int
    end: int

    def to(self, other: Span) -> Span:
        """The smallest span that covers both."""
        return Span(min(self.start, other.start), max(self.end, other.end))


@dataclass(frozen=True)
class Related:
    """A second place that takes part in a clash, with what it contributes."""

    span: Span
    message: str


@dataclass(frozen=True)
class Diagnostic:
    """One finding about a text: code, place, what clashes there, and a suggestion.

    ``label`` is what stands beside the caret under ``span``; ``related`` are further
    places shown with carets of their own.
    """

    code: str
    message: str
    span: Span | None = None
    label: str = ""
    related: tuple[Related, ...] = ()
    help: str | None = None
    severity: Severity = "error"


@dataclass(eq=False)
class EinrnnError(Exception):
    """Base of every error the package raises on purpose.

    ``code`` is the catalogue number, ``message`` one sentence, ``help`` a suggestion or
    None, and ``span`` the place in the text where there is a text: in ``text`` if that is
    given, which is called ``name``, else in the document it comes from.
    """

    code: str
    message: str
    help: str | None = None
    span: Span | None = None
    diagnostics: tuple[Diagnostic, ...] = field(default=())
    text: str | None = None
    name: str = "<expression>"

    def __str__(self) -> str:
        tail = f"\nhelp: {self.help}" if self.help else ""
        return f"[{self.code}] {self.message}{tail}"


class LanguageError(EinrnnError):
    """The text is not a well-formed document (syntax, names, indices, sizes)."""


class EvaluationError(EinrnnError):
    """A well-formed document cannot be evaluated at the given sizes or arrays."""


class InternalError(EinrnnError):
    """A defect of the tool itself: two parts that must agree do not."""


def raised(diagnostic: Diagnostic, kind: type[EinrnnError] = LanguageError) -> EinrnnError:
    """The error that carries one diagnostic."""
    return kind(
        diagnostic.code,
        diagnostic.message,
        diagnostic.help,
        diagnostic.span,
        (diagnostic,),
    )


class EinrnnWarning(UserWarning):
    """Something is done in another way than was asked for; the result is the same."""
