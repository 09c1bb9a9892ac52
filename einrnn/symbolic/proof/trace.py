"""What a proof remembers of itself, so that it can be told again in steps."""

from __future__ import annotations

from einrnn.core.model import Range
from einrnn.core.nodes import Affine, Expr, Index
from einrnn.dataclass import dataclass
from einrnn.symbolic.proof.statement import Lemma, Proof, Statement


@dataclass(frozen=True)
class ByLemmas:
    """The difference vanishes once proved claims are used as rules."""

    lemmas: tuple[Lemma, ...]


@dataclass(frozen=True)
class AtTime:
    """What recurs was unfolded at one index of time, with proved claims as rules."""

    index: Index
    direction: int
    lemmas: tuple[Lemma, ...] = ()


@dataclass(frozen=True)
class AtEnds:
    """What recurs was unfolded at times that are numbers, with proved claims as rules."""

    lemmas: tuple[Lemma, ...] = ()


@dataclass(frozen=True)
class InsideSum:
    """What recurs was unfolded at the index of a sum over time."""


@dataclass(frozen=True)
class Inductive:
    """The statement holds at the times ``first``, and at the times of ``step`` where it holds
    one step before, or where ``before`` is given at all the times that that speaks of."""

    index: Index
    direction: int
    first: tuple[Affine, ...]
    step: Statement
    before: Statement | None = None


@dataclass(frozen=True)
class Kept:
    """The difference of the sides is the same at every time, and 0 at one ``end``."""

    index: Index
    end: Affine


@dataclass(frozen=True)
class Scaled:
    """The difference of the sides is ``factor`` times what it was one step before, and 0 at the
    ``first`` time."""

    index: Index
    direction: int
    first: Affine
    factor: Expr


@dataclass(frozen=True)
class Paired:
    """``whole``, at the index ``time``, is the same at all times of ``span``: what it is last is
    what it was first, which ``lemma`` says."""

    time: Index
    whole: Expr
    span: Range
    lemma: Statement


@dataclass(frozen=True)
class Separately:
    """The statement was proved in each of the cases that its condition has."""

    cases: tuple[tuple[Statement, Proof], ...]


@dataclass(frozen=True)
class Grown:
    """The left side of ``statement`` is a reduction that goes as far as an index: it is the right
    side where the index begins, and gets one ``more`` each time."""

    statement: Statement
    index: Index
    more: Expr


@dataclass(frozen=True)
class Generalised:
    """The statement is what another one says of the last value of an ``index``."""

    statement: Statement
    index: Index
    proof: Proof


Tactic = (
    ByLemmas
    | AtTime
    | AtEnds
    | InsideSum
    | Inductive
    | Kept
    | Scaled
    | Paired
    | Separately
    | Grown
    | Generalised
)
