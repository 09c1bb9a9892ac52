"""Left minus right of a refuted claim, simplified, in the document's own names."""

from __future__ import annotations

from einrnn.check.mend.places import flat, terms_of, total
from einrnn.check.mend.setting import Setting
from einrnn.core.build import ZERO, sub
from einrnn.core.nodes import Expr
from einrnn.errors import EinrnnError
from einrnn.language.text import left_text
from einrnn.symbolic.derived import complete, fewer_axes
from einrnn.symbolic.normal.domain import known_from
from einrnn.symbolic.normal.expand import Normaliser
from einrnn.symbolic.normal.rebuild import expression
from einrnn.symbolic.normal.terms import TooLarge
from einrnn.symbolic.present.simplest import finished, present, style_of
from einrnn.symbolic.tidy import tidy
from einrnn.symbolic.unfold import recurrences, unfolded, with_deltas

_LONGEST = 140


def residual_of_repair(setting: Setting, repaired: Expr) -> str | None:
    """What the repair adds to the right side: left minus right, where the repair is true."""
    right = flat(setting.ready.claim.right)
    kept = [term for term in terms_of(repaired) if term in terms_of(right)]
    new = total(tuple(term for term in terms_of(repaired) if term not in kept))
    gone = total(tuple(term for term in terms_of(right) if term not in kept))
    return _shortest(setting, flat(sub(new, gone)))


def residual(setting: Setting) -> str | None:
    """The left side written out, minus the right; None where that is long or needs names of
    recurrences that the document does not have."""
    claim = setting.ready.claim
    difference = sub(claim.left, claim.right)
    try:
        model, (carried,) = complete(
            setting.prepared.model, [(difference, claim.ranges)], fewer_axes
        )
    except EinrnnError:
        return None
    written = unfolded(model, carried, claim.ranges)
    return None if recurrences(model, written) else _shortest(setting, written)


def _presented(setting: Setting, difference: Expr) -> Expr:
    """The difference with what its terms have in common written once, in the names that the
    document has."""
    known = setting.model.definitions
    return finished(present(difference, setting.ranges, style_of(setting.model, known)))


def _shortest(setting: Setting, difference: Expr) -> str | None:
    """The shortest of a few equal ways to write it, unless that is long."""
    ranges = setting.ranges
    simple = tidy(difference, ranges)
    ways = [difference, simple]
    try:
        normal = expression(Normaliser(known_from(ranges)).poly(simple))
        ways.append(flat(with_deltas(normal)))
    except (TooLarge, TypeError, EinrnnError):
        pass  # there is no normal form: the others remain
    ways += [_presented(setting, way) for way in ways]
    shown = [left_text(way, setting.model, ranges) for way in ways if way is not ZERO]
    best = min(shown, key=len, default=None)
    return best if best is not None and len(best) <= _LONGEST else None
