"""Where a derivation takes place: what is known, what is equal, how it is written."""

from __future__ import annotations

import time
from dataclasses import field, replace

from einrnn.core.build import sub
from einrnn.core.model import Assumption, Model
from einrnn.core.nodes import Expr
from einrnn.core.traverse import elements, tensors, walk
from einrnn.dataclass import dataclass
from einrnn.language.text import text
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.terms import TooLarge
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Lemma, Statement
from einrnn.symbolic.ranges import Ranges, refined

_LARGEST = 600


@dataclass(frozen=True)
class Line:
    """An expression, and why it is equal to the one above."""

    expr: Expr
    reason: str = ""


@dataclass(frozen=True)
class Usable:
    """A statement whose left side may be replaced by its right side, and why it may."""

    statement: Statement
    words: str


@dataclass()
class Scene:
    """The setting of one derivation: a closed model, a statement about it and what is granted.

    ``found`` are lemmas that the document does not state. ``deadline`` is a time of
    :func:`time.process_time` after which nothing more is tried.
    """

    model: Model
    statement: Statement
    granted: tuple[Assumption, ...] = ()
    found: tuple[Lemma, ...] = ()
    deadline: float = float("inf")
    opener: Opener = field(init=False)
    _work: dict[bool, Normaliser] = field(default_factory=dict[bool, Normaliser])
    _texts: dict[Expr, str] = field(default_factory=dict[Expr, str])

    def __post_init__(self) -> None:
        self.opener = Opener(self.model, self.granted, self.deadline, self.found)

    def about(self, statement: Statement) -> Scene:
        """The same about another statement."""
        return replace(self, statement=statement, _work={}, _texts={})

    @property
    def ranges(self) -> Ranges:
        """The ranges of the free indices, as far as the statement speaks of them."""
        condition = self.statement.condition
        known = self.statement.ranges
        return known if condition is None else refined(known, condition)

    @property
    def alike(self) -> tuple[Usable, ...]:
        """What has been found to recur in the same way as something else, or to stay a number."""
        return tuple(Usable(lemma.statement, self._alike(lemma)) for lemma in self.found)

    def _alike(self, lemma: Lemma) -> str:
        left, right = lemma.statement.left, lemma.statement.right
        if any(element.args for element in elements(right)):
            return f"{lemma.name}: the same recurrence"
        return f"{', '.join(tensors(left))} = {self.text(right)} at every time"

    @property
    def expired(self) -> bool:
        """Whether the time is up."""
        return time.process_time() > self.deadline

    def text(self, expr: Expr) -> str:
        """The expression as a right side of the statement."""
        if expr not in self._texts:
            self._texts[expr] = text(expr, self.model, self.statement.ranges)
        return self._texts[expr]

    def same(self, left: Expr, right: Expr) -> bool:
        """Whether the sides have one normal form, whatever was granted."""
        if left is right:
            return True
        work = self._normaliser(False)
        try:
            return work.poly(left) == work.poly(right)
        except TooLarge:
            return False

    def equal(self, left: Expr, right: Expr, granted: bool) -> bool:
        """Whether the sides can be shown to be equal without unfolding anything."""
        work = self._normaliser(granted)
        try:
            return is_zero(work, work.poly(sub(left, right)))
        except TooLarge:
            return False

    def _normaliser(self, granted: bool) -> Normaliser:
        if granted not in self._work:
            opener = self.opener
            if not granted:
                opener = Opener(self.model, (), self.deadline)
            self._work[granted] = opener.normaliser(self.statement, ())
        return self._work[granted]


def is_large(expr: Expr) -> bool:
    """Whether an expression is too large to be rewritten for show."""
    return sum(1 for _ in walk(expr)) > _LARGEST
