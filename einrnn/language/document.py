"""A whole document from text to model: every problem found, everything sound kept."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from einrnn.core import affine as af
from einrnn.core.model import (
    Assumption,
    Claim,
    Clause,
    Definition,
    Fact,
    Input,
    Model,
    Range,
)
from einrnn.core.nodes import Affine, Argument, Cond, Dim, Element, Index, Opaque
from einrnn.errors import Diagnostic, Related, Span
from einrnn.language import ast
from einrnn.language import terms as tm
from einrnn.language.bounds import outside
from einrnn.language.collect import FACTS, Collector
from einrnn.language.define import SizedClause, define, hint_sizes
from einrnn.language.elaborate import Context, Elaborator, Reading
from einrnn.language.names import Names, Tensor, suggestion
from einrnn.language.parse import Parsed, parse
from einrnn.language.problem import Problem, fail
from einrnn.language.resolve import ChainTerms, ClauseTerms, Line, Side, Statements
from einrnn.language.sizing import Letters, Sizing
from einrnn.language.split import without_comments
from einrnn.source import Source

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


@dataclass
class SizedChain:
    """A chain with the size variables of its letters: shared ones, and each side's own."""

    chain: ChainTerms
    shared: Letters
    sides: list[Letters]
