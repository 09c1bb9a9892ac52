"""Documents that fix large sizes, judged with these sizes open.

``dim D = 784`` makes arrays that are too large to try a claim on many of them. Most claims do
not depend on the number: with the size left open they are judged at small ones and proved for
all. What is false there is looked at once more at the document's own sizes.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from einrnn.check.claims import prepare
from einrnn.check.tolerance import REFUTES
from einrnn.check.verdict import Verdict
from einrnn.check.weight import most_entries
from einrnn.core import affine as af
from einrnn.core.model import Model
from einrnn.core.traverse import elements
from einrnn.errors import EinrnnError

# fixed sizes above this are left open where arrays have more entries than that; what is larger
# still is not computed even once
_LARGE, _HEAVY, _TOO_HEAVY = 8, 100_000, 100_000_000
_OTHERS = 3


def freed(model: Model) -> Model | None:
    """The model with its large sizes open; None where it can be judged as it is."""
    large = [name for name, size in model.dims.items() if size is not None and size > _LARGE]
    if large and most_entries(model, _sizes(model)) > _HEAVY:
        held = _read_by_number(model)
        large = [name for name in large if name not in held]
    if not large or most_entries(model, _sizes(model)) <= _HEAVY:
        return None
    return replace(model, dims={**model.dims, **dict.fromkeys(large)})


def _read_by_number(model: Model) -> frozenset[str]:
    """The sizes of axes that are read at a number which small ones do not have."""
    bodies = [clause.body for d in model.definitions.values() for clause in d.clauses]
    sides = [side for claim in model.claims for side in (claim.left, claim.right)]
    found: set[str] = set()
    for element in elements(*bodies, *sides):
        for arg, axis in zip(element.args, model.axes(element.tensor), strict=True):
            place = af.number(arg)
            if place is not None and place >= _LARGE:
                found |= {dim.name for dim in af.dims(axis.hi)}
    return frozenset(found)


def settled(model: Model, seed: int, verdict: Verdict) -> Verdict:
    """A verdict with large sizes open as one on the document, which fixes them: what is false at
    other sizes need not be so at its own."""
    if verdict.verdict != "refuted":
        return verdict
    claim = next(
        claim
        for claim in model.claims
        if (claim.label, claim.step) == (verdict.label, verdict.step)
    )
    error = _error(replace(model, claims=(claim,)), seed)
    if error is not None and error > REFUTES:
        note = "the counterexample is smaller than the document; at its sizes the sides differ too"
        return replace(verdict, notes=(*verdict.notes, note))
    said = "cannot be computed" if error is None else "agree in numbers"
    note = f"false at other sizes; at those that the document fixes the sides {said}"
    return replace(
        verdict,
        verdict="tested",
        method="" if error is None else "numbers",
        sizes_tested=() if error is None else (_sizes(model),),
        max_error=error,
        counterexample=None,
        residual=None,
        suggestion=None,
        repair=None,
        wrong_term=None,
        true_under=None,
        notes=(note,),
        diagnostics=(),
    )


def _sizes(model: Model) -> Mapping[str, int]:
    return {name: size if size is not None else _OTHERS for name, size in model.dims.items()}


def _error(model: Model, seed: int) -> float | None:
    """How far the sides of the only claim are apart at the sizes that a model fixes, at random
    inputs; None where that cannot be computed."""
    # most documents need none of this
    import numpy as np

    from einrnn.check.compare import Compiled
    from einrnn.check.points import Point
    from einrnn.check.tolerance import relative
    from einrnn.numeric.sample import sample

    sizes = _sizes(model)
    if most_entries(model, sizes) > _TOO_HEAVY:
        return None
    prepared = prepare(model)
    if not prepared.claims or prepared.claims[0].assumptions:
        return None
    (ready,) = prepared.claims
    try:
        arrays = sample(model, sizes, np.random.default_rng(seed))
        both = Compiled(prepared).both(Point(prepared, sizes, arrays, 0), ready)
    except EinrnnError:
        return None
    usable = np.isfinite(both.left) & np.isfinite(both.right)
    if not usable.any():
        return None
    return float(relative(both.left[usable], both.right[usable]).max())
