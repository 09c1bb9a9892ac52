"""What a derivative comes to, where no small edit of what is claimed makes it right."""

from __future__ import annotations

from einrnn.check.mend.edit import Edit
from einrnn.check.mend.places import weight
from einrnn.check.mend.setting import Setting
from einrnn.core.nodes import Derivative, Expr
from einrnn.core.traverse import walk
from einrnn.errors import EinrnnError
from einrnn.language import parse_expression
from einrnn.language.text import text
from einrnn.symbolic.present.derive import written

_LONGEST = 240


def derived(setting: Setting) -> Edit | None:
    """The derivative on the left of a claim, derived in the document's own names; None where the
    left side is none, or what it comes to says nothing or more than one reads."""
    claim, model = setting.ready.claim, setting.model
    if claim.step != 1 or not isinstance(claim.left, Derivative):
        return None
    granted = [a for a in model.assumptions if a.name in setting.ready.assumptions]
    try:
        found = written(model, claim.left, claim.ranges, "adjoint", granted)
        shown = text(found.expr, found.model, tuple(claim.ranges))
        expr, _ = parse_expression(shown, model, tuple(claim.ranges))
    except EinrnnError:
        return None
    if len(shown) > _LONGEST or _says_nothing(claim.left, expr):
        return None
    return Edit(expr, 5.0 + 0.1 * weight(expr), "the derivative comes to something else")


def _says_nothing(left: Derivative, right: Expr) -> bool:
    """Whether a right side is the left one, or brings it in."""
    return any(node is left for node in walk(right))
