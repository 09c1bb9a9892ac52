"""Verdicts kept for the next check in the same process.

A verdict depends on the document's inputs, definitions and assumptions, on the claim and on
the claims before it. Nodes are interned, so that equal documents have equal keys.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Hashable, Mapping

from einrnn.check.verdict import Verdict
from einrnn.core.model import Claim, Clause, Model, Range
from einrnn.core.nodes import Index

_MOST = 4096
_KEPT: OrderedDict[Hashable, Verdict] = OrderedDict()


def kept(key: Hashable) -> Verdict | None:
    """The verdict found before, or None."""
    if key in _KEPT:
        _KEPT.move_to_end(key)
        return _KEPT[key]
    return None


def any_kept() -> bool:
    """Whether any verdict is known."""
    return bool(_KEPT)


def keep(key: Hashable, verdict: Verdict) -> None:
    """Keep a verdict; the ones not asked for the longest make room."""
    _KEPT[key] = verdict
    while len(_KEPT) > _MOST:
        _KEPT.popitem(last=False)


def forget() -> None:
    """Keep nothing: the next check does all its work."""
    _KEPT.clear()


def model_key(model: Model) -> Hashable:
    """Everything that verdicts on a model's claims depend on, but the claims."""
    return (
        tuple(model.dims.items()),
        tuple(model.defaults.items()),
        tuple((g.name, g.axes, g.facts) for g in model.inputs.values()),
        tuple(
            (d.name, d.late, _ranges_of(d.axes), tuple(_clause(clause) for clause in d.clauses))
            for d in model.definitions.values()
        ),
        tuple((a.name, _ranges(a.ranges), a.left, a.right) for a in model.assumptions),
    )


def claim_key(claim: Claim) -> Hashable:
    """What a claim says, wherever it stands."""
    condition, expected = claim.condition, claim.expect
    sides = (claim.left, claim.right)
    return (
        claim.label,
        claim.step,
        _ranges(claim.ranges),
        *sides,
        condition,
        claim.using,
        expected,
    )


def _clause(clause: Clause) -> Hashable:
    return clause.args, _ranges(clause.ranges), clause.body


def _ranges(ranges: Mapping[Index, Range]) -> Hashable:
    return tuple(ranges), _ranges_of(tuple(ranges.values()))


def _ranges_of(ranges: tuple[Range, ...]) -> Hashable:
    return tuple((range_.lo, range_.hi) for range_ in ranges)
