"""A candidate judged like any claim: evaluated by the compiled program, then proved."""

from __future__ import annotations

from dataclasses import replace

from einrnn.check.claims import Prepared, Ready, prepare_more
from einrnn.check.compare import AGREES
from einrnn.check.numbers import Numbers
from einrnn.check.proofs import Proofs
from einrnn.check.verdict import Repair
from einrnn.check.repair.edits import Edit
from einrnn.check.repair.setting import Setting
from einrnn.core.nodes import Expr
from einrnn.errors import EinrnnError
from einrnn.language import parse_expression
from einrnn.language.text import left_text, text


def confirmed(setting: Setting, edit: Edit, seed: int, proofs: Proofs, seconds: float) -> Repair | None:
    """The repair, if the edited claim reads back from its text and holds at all sizes tried;
    with the verdict on it."""
    claim = setting.ready.claim
    shown = text(edit.expr, setting.model, claim.ranges)
    if not _reads_back(setting, shown):
        return None
    prepared, ready = with_right(setting.prepared, setting.ready, edit.expr)
    if ready is None or not _holds(prepared, ready, seed):
        return None
    about = (left_text(expr, setting.model) for expr in edit.about)
    words = edit.words.format(*about)
    statement = f"{left_text(claim.left, setting.model)} = {shown}"
    proof = proofs.over(prepared).of(ready, seconds)
    if proof is None:
        return Repair(statement, shown, words, "tested", "numbers")
    return Repair(statement, shown, words, "proved", proof.method)


def with_right(prepared: Prepared, ready: Ready, right: Expr) -> tuple[Prepared, Ready | None]:
    """The document with nothing but the claim in it that has this right side."""
    return prepare_more(prepared, replace(ready.claim, right=right, expect="hold"))


def _reads_back(setting: Setting, shown: str) -> bool:
    """Whether the text means what was found, up to how it is written."""
    try:
        parsed, _ = parse_expression(shown, setting.model, tuple(setting.ranges))
    except EinrnnError:
        return False
    return parsed.free <= frozenset(setting.ranges) and setting.fits_everywhere(parsed)


def _holds(prepared: Prepared, ready: Ready, seed: int) -> bool:
    tried = Numbers(prepared, seed).sides(ready)
    return bool(tried.sizes) and tried.failed_at is None and tried.error <= AGREES
