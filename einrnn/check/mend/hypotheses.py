"""What would make a refuted claim true: an assumption of the document, or a fact of an input."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np
import numpy.typing as npt

from einrnn.check.assumptions import residuals
from einrnn.check.claims import Prepared, Ready, has_derivatives
from einrnn.check.mend.confirm import agrees, fails, says_nothing, survives
from einrnn.check.mend.setting import ONE_OF_SEVERAL, Setting
from einrnn.check.points import SMALL, TIED, Points
from einrnn.check.proofs import Proofs
from einrnn.check.sizes import Sizes, trial_sizes
from einrnn.check.verdict import Counterexample
from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO
from einrnn.core.facts import equations
from einrnn.core.model import Assumption, Fact, FactName, Input, Model, Range
from einrnn.core.nodes import Derivative, Element, Expr, Index, Reduce
from einrnn.core.reach import reached
from einrnn.core.traverse import elements, walk
from einrnn.dataclass import dataclass
from einrnn.errors import EinrnnError
from einrnn.language.text import affine_text, left_text

_NAME = "hypothesis"
_CLOSE = 1e-9
_DRAWS = (0, 1, 2, 3, 4, 5)
_SIMPLE = tuple(range(SMALL, SMALL + 6))


@dataclass(frozen=True)
class Hypothesis:
    """Something that may be assumed: a fact more of an input, or an equation."""

    words: str
    assumption: Assumption | None = None
    input: Input | None = None

    def granted(self, prepared: Prepared, ready: Ready) -> tuple[Prepared, Ready]:
        """The document in which it holds, and the claim that may use it."""
        if self.input is not None:
            models = (prepared.model, prepared.forward, prepared.reverse)
            model, ahead, back = (_with_input(model, self.input) for model in models)
            return replace(prepared, model=model, forward=ahead, reverse=back), ready
        assert self.assumption is not None
        known = prepared.model.assumptions
        if self.assumption not in known:
            model = replace(prepared.model, assumptions=(*known, self.assumption))
            prepared = replace(prepared, model=model)
        names = (*ready.assumptions, self.assumption.name)
        return prepared, replace(ready, assumptions=names)


def _with_input(model: Model, given: Input) -> Model:
    return replace(model, inputs={**model.inputs, given.name: given})


def hypotheses(prepared: Prepared, ready: Ready) -> Iterator[Hypothesis]:
    """What is tried, the document's own assumptions first."""
    model = prepared.model
    used = reached(prepared.forward, (ready.forward.left, ready.forward.right))
    for assumption in model.assumptions:
        speaks_of = reached(model, (assumption.left, assumption.right))
        if assumption.name not in ready.assumptions and speaks_of & used:
            left = left_text(assumption.left, model)
            right = left_text(assumption.right, model)
            yield Hypothesis(f"{left} = {right} [{assumption.name}]", assumption)
    inputs = [given for name, given in model.inputs.items() if name in used]
    varied = {
        n.tensor for n in walk(ready.claim.left, ready.claim.right) if isinstance(n, Derivative)
    }
    data = [given for given in inputs if given.name not in varied]
    for given in data:
        yield from _sums(given, model)
    for given in inputs:
        yield from _matrix_facts(given)
    for given in data:
        yield from _facts(given)
    at_ends = names_at_ends(model)
    for given in data:
        if given.name in at_ends:
            yield from _vanishing(given, model)


def _sums(given: Input, model: Model) -> Iterator[Hypothesis]:
    """Entries that add up to 1, or to 0, along an axis."""
    if given.integer or not 1 <= len(given.axes) <= 2:
        return
    letters = _letters(given, model)
    for axis in reversed(range(len(given.axes))):
        body = Element(given.name, tuple(af.of(letter) for letter in letters))
        summed = Reduce("sum", letters[axis], af.ZERO, af.last(given.axes[axis]), body)
        others = {
            letter: Range(af.ZERO, af.last(size))
            for letter, size in zip(letters, given.axes, strict=True)
            if letter is not letters[axis]
        }
        for value in (ONE,) if given.has("positive") else (ONE, ZERO):
            yield _equation(summed, value, others, model)


def _vanishing(given: Input, model: Model) -> Iterator[Hypothesis]:
    """An initial state of 0, for instance."""
    if given.facts or len(given.axes) > 2:
        return
    letters = _letters(given, model)
    entry = Element(given.name, tuple(af.of(letter) for letter in letters))
    sizes = zip(letters, given.axes, strict=True)
    yield _equation(entry, ZERO, {i: Range(af.ZERO, af.last(size)) for i, size in sizes}, model)


def _equation(left: Expr, right: Expr, ranges: dict[Index, Range], model: Model) -> Hypothesis:
    text = f"{left_text(left, model)} = {left_text(right, model)}"
    return Hypothesis(text, Assumption(_NAME, ranges, left, right, text))


def _letters(given: Input, model: Model) -> list[Index]:
    taken = set(model.dims) | set(model.inputs) | set(model.definitions)
    pool = [Index(name) for name in "ikjlmnpq" if name not in taken]
    return pool[: len(given.axes)]


_SQUARE: tuple[tuple[FactName, str], ...] = (
    ("symmetric", "{} is symmetric"),
    ("orthogonal", "{} is orthogonal"),
)


def _matrix_facts(given: Input) -> Iterator[Hypothesis]:
    if len(given.axes) >= 2 and given.axes[-1] is given.axes[-2]:
        for name, words in _SQUARE:
            yield from _fact(given, Fact(name), words)


def _facts(given: Input) -> Iterator[Hypothesis]:
    if given.axes:
        axis = len(given.axes) - 1
        words = f"{{}} is one-hot in {affine_text(given.axes[axis])}"
        yield from _fact(given, Fact("one-hot", axis), words)
    yield from _fact(given, Fact("positive"), "{} is positive")


def _fact(given: Input, fact: Fact, words: str) -> Iterator[Hypothesis]:
    if not given.facts:
        yield Hypothesis(words.format(given.name), input=replace(given, facts=(fact,)))


def names_at_ends(model: Model) -> frozenset[str]:
    """The inputs that boundary clauses read: initial states."""
    ends = [c.body for d in model.definitions.values() for c in d.clauses[:-1]]
    return frozenset(element.tensor for element in elements(*ends))


def sufficient(
    setting: Setting,
    proofs: Proofs,
    sizes: tuple[Sizes, ...],
    seed: int,
    counterexample: Counterexample | None,
) -> tuple[Hypothesis, bool] | None:
    """The first hypothesis under which the claim is proved, or else the first under which it
    holds at all points tried, of those that the counterexample does not meet; with whether it is
    proved."""
    tested: Hypothesis | None = None
    rows: list[tuple[Sizes, tuple[int, ...]]] = [
        (row, _DRAWS[:2]) for row in (*sizes, *trial_sizes(setting.prepared.model))
    ]
    if counterexample is not None:
        rows.insert(0, ({**sizes[0], **counterexample.sizes}, _DRAWS))
    for hypothesis in hypotheses(setting.prepared, setting.ready):
        if setting.expired:
            break
        prepared, ready = hypothesis.granted(setting.prepared, setting.ready)
        if not _holds(prepared, ready, rows, seed) or says_nothing(prepared, ready, seed):
            continue
        if _met(hypothesis, setting.prepared.model, counterexample):
            continue
        if proofs.over(prepared).of(ready, setting.seconds_to_prove(ONE_OF_SEVERAL)) is not None:
            return hypothesis, True
        if tested is None and survives(prepared, ready, seed):
            tested = hypothesis
    return None if tested is None else (tested, False)


def _met(hypothesis: Hypothesis, model: Model, found: Counterexample | None) -> bool:
    """Whether a hypothesis holds in a case in which the claim fails all the same."""
    if found is None:
        return False
    arrays = {name: np.array(value, dtype=float) for name, value in found.inputs.items()}
    given, stated = hypothesis.input, hypothesis.assumption
    if given is not None:
        if given.name not in arrays or not _obeyed(given, arrays[given.name]):
            return False
        equalities = equations(_with_input(model, given), (given.name,))
    else:
        equalities = () if stated is None else (stated,)
    try:
        gaps = residuals(model, equalities, found.sizes, (arrays,))
    except EinrnnError:
        return False
    return bool(np.all(np.abs(gaps) < _CLOSE))


def _obeyed(given: Input, array: npt.NDArray[np.float64]) -> bool:
    """Whether the facts of an input hold that no equation says."""
    for fact in given.facts:
        if fact.name == "positive" and not (array > 0).all():
            return False
        if fact.name == "one-hot" and fact.axis is not None:
            hot = array == 1
            if not (hot | (array == 0)).all() or not (hot.sum(axis=fact.axis) == 1).all():
                return False
    return True


def _holds(
    prepared: Prepared, ready: Ready, rows: Sequence[tuple[Sizes, tuple[int, ...]]], seed: int
) -> bool:
    """Whether both sides agree at random inputs that satisfy the hypothesis, in some draws at
    each of some sizes, and at simple and equal ones. Most anything is true of one entry, and of
    some inputs at the sizes of the counterexample."""
    points, smooth = Points(prepared, seed), has_derivatives(prepared, ready)
    for sizes, draws in rows:
        for draw in draws:
            point = points.at(sizes, ready.assumptions, draw)
            if point is None or agrees(point, ready) is not True:
                return False
        for draw in _SIMPLE if smooth else (TIED, *_SIMPLE):
            simple = points.at(sizes, ready.assumptions, draw)
            if simple is not None and agrees(simple, ready) is False and fails(simple, ready):
                return False
    return True
