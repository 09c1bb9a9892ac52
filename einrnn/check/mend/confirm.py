"""A candidate judged like any claim: evaluated at all sizes and by the interpreter, then proved."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import numpy.typing as npt

from einrnn.check.claims import Prepared, Ready, has_derivatives, prepare_more
from einrnn.check.compare import all_positions, interpreted
from einrnn.check.counterexample import fails_at
from einrnn.check.mend.edit import Edit
from einrnn.check.mend.places import flat
from einrnn.check.mend.setting import ONE_OF_SEVERAL, Setting
from einrnn.check.mend.values import NotEvaluated, Values
from einrnn.check.numbers import Numbers
from einrnn.check.points import SMALL, TIED, Point, Points
from einrnn.check.proofs import Proofs
from einrnn.check.sizes import trial_sizes
from einrnn.check.tolerance import AGREES, relative
from einrnn.check.verdict import Counterexample, Repair
from einrnn.core import affine as af
from einrnn.core.model import Claim
from einrnn.core.nodes import Add, Cond, Derivative, Element, Expr, Node, Number, Value
from einrnn.core.traverse import rebuild, tensors, walk
from einrnn.errors import EinrnnError
from einrnn.language import parse_expression
from einrnn.language.text import condition_text, left_text, text
from einrnn.numeric.sample import sample

Array = npt.NDArray[Any]

_DRAWS = (0, 1)
_SIMPLE = tuple(range(SMALL, SMALL + 4))
_ORACLE_ENTRIES = 4


def confirmed(
    setting: Setting, edit: Edit, seed: int, proofs: Proofs, most: float = ONE_OF_SEVERAL
) -> Repair | None:
    """The repair, if the edited claim reads back from its text and holds at all sizes tried;
    with the verdict on it, for which ``most`` seconds are allowed."""
    claim = setting.ready.claim
    left = claim.left if edit.left is None else edit.left
    shown = text(rebuild(edit.expr, _counted), setting.model, claim.ranges)
    if edit.left is None and (_is_circular(setting, edit.expr) or not _reads_back(setting, shown)):
        return None
    # a letter that an edit of the left sums is free no more
    ranges = {i: r for i, r in claim.ranges.items() if i in left.free | edit.expr.free}
    repaired = replace(claim, left=left, right=edit.expr, ranges=ranges, expect="hold")
    prepared, ready = prepare_more(setting.prepared, repaired)
    if ready is None or not holds(prepared, ready, seed):
        return None
    there = [_there(prepared, case) for case in setting.failures]
    if any(agrees(point, ready) is False or _lacks_values(point, ready) for point in there):
        return None
    if edit.left is not None and says_nothing(prepared, ready, seed):
        return None
    words = edit.words.format(*(_said(setting, part) for part in edit.about))
    as_stated = _stated_left(claim) if edit.left is None else None
    statement = f"{as_stated or left_text(left, setting.model)} = {shown}"
    if claim.condition is not None:
        statement += f" for {condition_text(claim.condition, setting.model)}"
    if edit.stated is not None and proofs.proved.get(edit.stated, _MORE) <= {*ready.assumptions}:
        return Repair(statement, shown, words, "proved", "as another claim")
    proof = proofs.over(prepared).of(ready, setting.seconds_to_prove(most))
    if proof is None:
        if not survives(prepared, ready, seed):
            return None
        return Repair(statement, shown, words, "tested", "numbers")
    return Repair(statement, shown, words, "proved", proof.method)


def _stated_left(claim: Claim) -> str | None:
    """The left side as the document has it, if it has its indices there."""
    depth = 0
    for found in re.finditer(r"[=<>!:]*=|[][(){}]", claim.text):
        depth += {"[": 1, "(": 1, "{": 1, "]": -1, ")": -1, "}": -1}.get(found[0], 0)
        if found[0] == "=" and not depth:
            left = claim.text[: found.start()].strip()
            letters = {index.name for index in claim.ranges}
            return left if letters <= set(re.findall(r"\w+", left)) else None
    return None


# of a claim that is not proved, more than any other leans on
_MORE = frozenset(("",))


def _is_circular(setting: Setting, right: Expr) -> bool:
    """Whether a right side only says the left one again: by itself, by other entries of its tensor,
    or by another name of it."""
    left, before = setting.ready.claim.left, tensors(setting.ready.claim.right)
    if flat(left) is right:
        return True
    if isinstance(left, Derivative):
        claimed = map(_names, walk(setting.ready.claim.right))
        return _names(left) in map(_names, walk(right)) and _names(left) not in claimed
    if not isinstance(left, Element):
        return False
    new = tensors(right) - before
    definitions = setting.model.definitions
    return left.tensor in new or any(
        isinstance(body := definitions[name].clauses[-1].body, Element)
        and body.tensor == left.tensor
        for name in new & definitions.keys()
    )


def _there(prepared: Prepared, case: Counterexample) -> Point:
    """The point of a counterexample, with some value for what the claim it is of does not read."""
    model = prepared.model
    sizes = {**trial_sizes(model)[0], **case.sizes}
    arrays = dict(sample(model, sizes, np.random.default_rng(0)))
    for name, value in case.inputs.items():
        arrays[name] = np.array(value, dtype=arrays[name].dtype)
    return Point(prepared, sizes, arrays)


def _said(setting: Setting, part: Expr | Cond) -> str:
    """A part of an edit in the notation, where the letters of the claim are taken."""
    if isinstance(part, Cond):
        return condition_text(part, setting.model)
    return left_text(part, setting.model, setting.ranges)


def _reads_back(setting: Setting, shown: str) -> bool:
    """Whether the text means what was found, up to how it is written."""
    try:
        parsed, _ = parse_expression(shown, setting.model, tuple(setting.ranges))
    except EinrnnError:
        return False
    return parsed.free <= frozenset(setting.ranges) and setting.fits_everywhere(parsed)


def holds(prepared: Prepared, ready: Ready, seed: int) -> bool:
    """Whether both sides agree at new random points of several sizes, some entries by the
    interpreter as well."""
    points = Points(prepared, seed + 1)
    tried = 0
    draws = (*_DRAWS, *_SIMPLE) if has_derivatives(prepared, ready) else (*_DRAWS, *_SIMPLE, TIED)
    for sizes in trial_sizes(prepared.model):
        for draw in draws:
            point = points.at(sizes, ready.assumptions, draw)
            if point is None:
                continue
            agree = agrees(point, ready)
            if agree is False and fails(point, ready):
                return False
            tried += agree is True
    return tried > 0 and _by_interpreter(points, ready)


def survives(prepared: Prepared, ready: Ready, seed: int) -> bool:
    """Whether a claim that is not proved holds wherever claims are tried, large sizes, equal
    entries and those that differ much among them."""
    numbers = Numbers(prepared, seed)
    tried = numbers.sides(ready)
    if tried.failed_at is not None:
        return False
    return tried.extreme is None or not numbers.surely_fails_at(tried.extreme, ready)


def says_nothing(prepared: Prepared, ready: Ready, seed: int) -> bool:
    """Whether the left side is 0 at random points, and the right one is more than the number:
    what is as true as that is not what was meant."""
    if isinstance(ready.claim.right, Number):
        return False
    points = Points(prepared, seed + 1)
    return all(
        _is_zero_at(points.at(sizes, ready.assumptions), ready)
        for sizes in trial_sizes(prepared.model)[-2:]
    )


def _is_zero_at(point: Point | None, ready: Ready) -> bool:
    if point is None:
        return True
    values = Values(point.prepared.forward, point.sizes, point.arrays)
    spans = ready.claim.ranges.items()
    scope = {i: (values.number(r.lo), values.number(r.hi)) for i, r in spans}
    try:
        return not np.any(np.nan_to_num(values.over(ready.forward.left, scope)))
    except (NotEvaluated, EinrnnError):
        return True


def fails(point: Point, ready: Ready) -> bool:
    """Whether a claim that seems to fail at a point does; at equal entries floats may have
    divided by what is 0."""
    return point.draw < TIED or fails_at(point, ready)


def _names(node: Node) -> tuple[frozenset[str], str] | None:
    """What a derivative is of and by, whatever the positions are."""
    return (tensors(node.body), node.tensor) if isinstance(node, Derivative) else None


def _lacks_values(point: Point, ready: Ready) -> bool:
    """Whether the right side has no value somewhere at a point where the left one has."""
    both = _values(point, ready)
    return both is not None and bool((np.isfinite(both[0]) & ~np.isfinite(both[1])).any())


def agrees(point: Point, ready: Ready) -> bool | None:
    """Whether both sides have the same values at a point; None where they have none."""
    both = _values(point, ready)
    if both is None:
        return None
    left, right = both
    known = np.isfinite(left) & np.isfinite(right)
    if not known.any():
        return None
    return bool(relative(left[known], right[known]).max(initial=0.0) <= AGREES)


def _values(point: Point, ready: Ready) -> tuple[Array, Array] | None:
    values = Values(point.prepared.forward, point.sizes, point.arrays)
    try:
        spans = ready.claim.ranges.items()
        scope = {i: (values.number(r.lo), values.number(r.hi)) for i, r in spans}
        left = values.over(ready.forward.left, scope)
        return left, values.over(ready.forward.right, scope)
    except (NotEvaluated, EinrnnError):
        return None


def _counted(node: Node) -> Node:
    """Whole numbers in a sum beside a number of sizes and indices as a part of that: ``(N-1) - 1``
    is written ``N-2``."""
    if not isinstance(node, Add):
        return node
    at = next((n for n, term in enumerate(node.terms) if isinstance(term, Value)), None)
    numbers = [t.value for t in node.terms if isinstance(t, Number) and t.value.denominator == 1]
    if at is None or not numbers:
        return node
    value = node.terms[at]
    assert isinstance(value, Value)
    whole = Value(af.shift(value.index, int(sum(numbers))))
    terms = (whole if n == at else term for n, term in enumerate(node.terms))
    kept = tuple(t for t in terms if not isinstance(t, Number) or t.value.denominator > 1)
    return kept[0] if len(kept) == 1 else Add(kept)


def _by_interpreter(points: Points, ready: Ready) -> bool:
    """The naive interpreter at some entries, at the smallest of the larger sizes."""
    point = points.at(trial_sizes(points.prepared.model)[-2:][0], ready.assumptions)
    if point is None:
        return True
    positions = all_positions(point, ready)
    chosen = positions[:: max(1, len(positions) // _ORACLE_ENTRIES)]
    try:
        rows = np.array(interpreted(point, ready, chosen), dtype=float).reshape(-1, 2)
    except EinrnnError:
        return False
    known = np.isfinite(rows).all(axis=1)
    return bool(relative(rows[known, 0], rows[known, 1]).max(initial=0.0) <= AGREES)
