"""An expression in a document's own names, as :meth:`Document.derive` returns it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from einrnn.core.model import Model, Range
from einrnn.core.nodes import Expr, Index
from einrnn.symbolic.derived import complete, fewer_axes
from einrnn.symbolic.unfold import recurrences, unfolded


@dataclass(frozen=True)
class Expression:
    """A simplified expression with the model its names belong to.

    ``str`` gives text that parses back to the same expression. ``where`` gives the
    definitions of the recurrences it refers to, such as the adjoint ``dL/ds[t,n]``.
    """

    model: Model
    expr: Expr
    ranges: Mapping[Index, Range]
    asked: str

    @staticmethod
    def derived(model: Model, expr: Expr, ranges: Mapping[Index, Range], asked: str) -> Expression:
        """The expression with its derivatives carried out and written out."""
        closed, (ready,) = complete(model, [(expr, ranges)], fewer_axes)
        return Expression(closed, unfolded(closed, ready, ranges), ranges, asked)

    def __str__(self) -> str:
        from einrnn.language.text import text

        return text(self.expr, self.model, tuple(self.ranges))

    def __repr__(self) -> str:
        return str(self)

    @property
    def where(self) -> tuple[str, ...]:
        """The definitions, as text, of the recurrences that the expression refers to."""
        from einrnn.language.statements import definition_text

        found = recurrences(self.model, self.expr)
        return tuple(definition_text(definition, self.model) for definition in found)

    def latex(self) -> str:
        """The expression as LaTeX."""
        from einrnn.language.latex import latex

        return latex(self.expr, self.model)

    def _repr_latex_(self) -> str:
        return f"$\\displaystyle {self.latex()}$"

    def sympy(self, **sizes: int) -> Any:
        """The expression in sympy.

        Without sizes an abstract expression (``Indexed``, ``Sum``, ``KroneckerDelta``);
        with a number for every size that plays a part an array of expressions in the
        entries of inputs and definitions, with an axis for each free index (or one
        expression where there is no free index).

        Raises:
            EvaluationError: E610, a size is missing or not positive.
        """
        from einrnn.sympy_backend.whole import abstract_of, entries_of

        if not sizes:
            return abstract_of(self.model, self.expr)
        return entries_of(self.model, self.expr, self.ranges, sizes)
