"""The exception that carries a diagnostic out of a pass; it never leaves this package."""

from __future__ import annotations

from einrnn.errors import Diagnostic, Related, Span


class Problem(Exception):
    """What makes a statement ill-formed."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


def fail(
    code: str,
    message: str,
    span: Span,
    label: str = "",
    help: str | None = None,
    related: tuple[Related, ...] = (),
) -> Problem:
    """An error to raise: code, message, place, what stands at the caret, suggestion."""
    return Problem(Diagnostic(code, message, span, label, related, help))
