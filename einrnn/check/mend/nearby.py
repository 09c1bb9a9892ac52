"""A proved claim of the document that a refuted one is close to, as texts go."""

from __future__ import annotations

from difflib import SequenceMatcher

from einrnn.check.claims import key_of
from einrnn.check.mend.setting import Setting
from einrnn.check.proofs import Proofs
from einrnn.check.verdict import Repair
from einrnn.core.model import Claim
from einrnn.language.text import text

_CLOSE = 0.8


def nearby(setting: Setting, proofs: Proofs) -> Repair | None:
    """The proved claim whose text differs least from that of the refuted one, if that is little:
    what edits of the left side, or several edits, would lead to."""
    claim, best, found = setting.ready.claim, _CLOSE, None
    for other in setting.model.claims:
        if other is claim or other.condition is not claim.condition:
            continue
        leans_on = proofs.proved.get(key_of(other))
        if leans_on is None or not leans_on <= {*setting.ready.assumptions}:
            continue
        close = SequenceMatcher(None, claim.text, other.text, autojunk=False).ratio()
        if close > best:
            best, found = close, other
    return None if found is None else _as_repair(setting, found)


def _as_repair(setting: Setting, claim: Claim) -> Repair:
    right = text(claim.right, setting.model, claim.ranges)
    words = f"[{claim.label}] is close to it"
    return Repair(claim.text, right, words, "proved", "as another claim")
