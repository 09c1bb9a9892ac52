"""What elaboration hands over: the model, the diagnostics, the claims that are no claims."""

from __future__ import annotations

from typing import Literal

from einrnn.core.model import Model
from einrnn.dataclass import dataclass
from einrnn.errors import Diagnostic, Span

Expect = Literal["hold", "refute"]


@dataclass(frozen=True)
class InvalidClaim:
    """A claim that is not a well-formed statement, with what is wrong with it."""

    label: str
    step: int
    span: Span
    text: str
    expect: Expect
    diagnostics: tuple[Diagnostic, ...]


@dataclass(frozen=True)
class Elaborated:
    """A document's model, everything there is to say about its text, and what is invalid."""

    model: Model
    diagnostics: tuple[Diagnostic, ...]
    invalid: tuple[InvalidClaim, ...]
