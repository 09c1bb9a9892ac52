"""What is wrong with a refuted claim, and what would be right."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

from einrnn.check.claims import Prepared, Ready, key_of
from einrnn.check.mend.confirm import confirmed
from einrnn.check.mend.derived import derived
from einrnn.check.mend.edit import Edit
from einrnn.check.mend.hypotheses import sufficient
from einrnn.check.mend.nearby import nearby
from einrnn.check.mend.places import flat, terms_of
from einrnn.check.mend.search import Search
from einrnn.check.mend.setting import Setting
from einrnn.check.numbers import Numbers
from einrnn.check.points import TIED
from einrnn.check.proofs import Proofs
from einrnn.check.residual import residual, residual_of_repair
from einrnn.check.sizes import Sizes, trial_sizes
from einrnn.check.verdict import Repair, Verdict
from einrnn.core.model import Claim
from einrnn.language.text import text

# parts of the time: until when to search, and until when to judge what was found; the rest
# is for assumptions
_SEARCHED = 0.55
_JUDGED = 0.85
_MOST_JUDGED = 5
_LONG_PROOF = 3.0
_DRAWS = (0, 1, 2, 3, 4, 5)
_SLACK = 0.3  # how much larger an edit may be if it can be proved


def explained(
    verdict: Verdict,
    prepared: Prepared,
    ready: Ready,
    numbers: Numbers,
    proofs: Proofs,
    seconds: float,
) -> Verdict:
    """The verdict on a refuted claim with everything that is found out about it in the time:
    the residual, the wrong term, a repair, and an assumption that would do."""
    start = time.process_time()
    shown = verdict.counterexample
    failures = () if shown is None else (shown,)
    setting = Setting(prepared, ready, start + _SEARCHED * seconds, failures)
    sizes = trial_sizes(prepared.model)
    failed = numbers.sides(ready).failed_at
    # where it fails at equal entries only, that is where to look
    draw = 0 if failed is None or failed.draw < TIED else failed.draw
    _aim(setting, ready, numbers, sizes[:2], draw)
    if shown is not None and shown.hidden:  # by numbers alone any edit would do
        return replace(verdict, residual=residual(setting))
    if not setting.targets:
        return verdict
    others = {item.key: item for item in prepared.claims}

    def believed(claim: Claim) -> bool:
        other = others.get(key_of(claim))
        return other is not None and numbers.sides(other).failed_at is None

    found = Search(setting, believed).run()
    setting.deadline = start + _JUDGED * seconds
    judged = _judged(setting, found, numbers.seed, proofs)
    if judged is None and not setting.expired:
        whole = derived(setting)
        judged = None if whole is None else _judged(setting, [whole], numbers.seed, proofs)
    setting.deadline = start + seconds
    where = sizes[:2] if failed is None else (*sizes[:2], failed.sizes)
    under = sufficient(setting, proofs, where, numbers.seed, verdict.counterexample)
    if judged is not None:
        edit, repair = judged
        verdict = replace(
            verdict,
            suggestion=repair.statement,
            repair=repair,
            wrong_term=_wrong_term(setting, edit),
            residual=residual_of_repair(setting, edit.expr) if edit.left is None else None,
        )
    else:
        close = nearby(setting, proofs)
        if close is not None:
            verdict = replace(verdict, suggestion=close.statement, repair=close)
        verdict = replace(verdict, residual=residual(setting))
    if under is None:
        return verdict
    hypothesis, shown = under
    if draw and not shown:  # other numbers say nothing: the claim agrees there without it
        return verdict
    words = hypothesis.words if shown else f"{hypothesis.words} (tested, not proved)"
    return replace(verdict, true_under=words)


def _aim(
    setting: Setting, ready: Ready, numbers: Numbers, sizes: Sequence[Sizes], draw: int
) -> None:
    """Look for repairs at a draw and at the usual ones."""
    draws = dict.fromkeys((draw, *_DRAWS))
    setting.aim(
        (numbers.points.at(row, ready.assumptions, number) for number in draws) for row in sizes
    )


def _judged(
    setting: Setting, found: Iterable[Edit], seed: int, proofs: Proofs
) -> tuple[Edit, Repair] | None:
    """The smallest edit that is proved, unless one much smaller can only be tested."""
    best: tuple[Edit, Repair] | None = None
    for number, edit in enumerate(found):
        late = setting.expired or number >= _MOST_JUDGED
        if best is not None and (late or edit.cost > best[0].cost + _SLACK):
            break
        if number >= 2 * _MOST_JUDGED:
            break
        repair = confirmed(setting, edit, seed, proofs)
        if repair is None:
            continue
        if repair.verdict == "proved":
            return edit, repair
        best = best or (edit, repair)
    if best is None or setting.expired:
        return best
    # among others there was little time for it
    edit, repair = best
    return edit, confirmed(setting, edit, seed, proofs, _LONG_PROOF) or repair


def _wrong_term(setting: Setting, edit: Edit) -> str | None:
    """The only term of the right side that the repair does not keep."""
    before = terms_of(flat(setting.ready.claim.right))
    after = terms_of(edit.expr)
    gone = [term for term in before if term not in after]
    if len(before) < 2 or len(gone) != 1:
        return None
    return text(gone[0], setting.model, setting.ranges)
