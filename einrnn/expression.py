"""An expression in a document's own names, as :meth:`Document.derive` returns it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, Literal

from einrnn.core.model import Assumption, Model, Range, Shown
from einrnn.core.nodes import Expr, Index
from einrnn.dataclass import dataclass
from einrnn.errors import EinrnnError
from einrnn.symbolic.present.derive import Written, written

Form = Literal["adjoint", "sum"]


@dataclass(frozen=True)
class Expression:
    """A simplified expression with the model its names belong to.

    ``str`` gives text that parses back to the same expression. ``where`` gives the
    recurrences of the derivatives it refers to, such as the adjoint ``dL/ds[t,n]``.
    ``using`` names the assumptions of the document under which it is the derivative.
    """

    model: Model
    root: Expr
    ranges: Mapping[Index, Range]
    asked: str
    form: Form
    using: tuple[str, ...]
    _written: Written

    @staticmethod
    def derived(
        model: Model,
        expr: Expr,
        ranges: Mapping[Index, Range],
        asked: str,
        *,
        form: Form = "adjoint",
        using: Sequence[str] = (),
    ) -> Expression:
        """The expression with its derivatives carried out and written out.

        Raises:
            EinrnnError: E806, the form is not known; E807, an assumption is not in the document.
        """
        if form not in ("adjoint", "sum"):
            raise EinrnnError("E806", f"no form {form!r}", "the forms are adjoint and sum")
        granted = tuple(_assumption(model, name) for name in using)
        found = written(model, expr, ranges, form, granted)
        return Expression(found.model, expr, ranges, asked, form, tuple(using), found)

    @property
    def expr(self) -> Expr:
        """The expression in core nodes."""
        return self._written.expr

    def __str__(self) -> str:
        from einrnn.language.text import text

        return text(self.expr, self.model, tuple(self.ranges))

    def __repr__(self) -> str:
        return str(self)

    @property
    def left(self) -> str:
        """What it is an expression for: as asked, with the indices that were left out."""
        from einrnn.language.text import left_text

        given = not self.ranges or "[" in self.asked
        return self.asked if given else left_text(self.root, self._written.model)

    @property
    def where(self) -> tuple[str, ...]:
        """The recurrences that the expression refers to, as text: definitions of derivatives,
        with what entries off the ends count as."""
        from einrnn.language.statements import recurrence_text

        return tuple(
            line
            for row in self._shown
            if row.name != self._written.told
            for line in recurrence_text(row.name, row.clauses, row.ends, self.model)
        )

    def statements(self, label: str = "derived") -> str:
        """The same as statements to append to the document: the recurrences as definitions of
        names of their own (``dL_dz``), and a claim that the derivative is the expression."""
        from einrnn.language.statements import derived_text

        sides = (self.root, self.expr)
        return derived_text(label, sides, self.ranges, self._shown, self.using, self.model)

    @cached_property
    def _shown(self) -> Sequence[Shown]:
        return self._written.recurrences()

    def latex(self) -> str:
        """The expression as LaTeX."""
        from einrnn.language.latex import latex

        return latex(self.expr, self.model, tuple(self.ranges))

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


def _assumption(model: Model, name: str) -> Assumption:
    for given in model.assumptions:
        if given.name == name:
            return given
    known = ", ".join(given.name for given in model.assumptions) or "none"
    raise EinrnnError("E807", f"no assumption is called {name}", f"the document has: {known}")
