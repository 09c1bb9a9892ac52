"""Path finders and ways through time compared for outputs of a document.

Every contraction in the program is ordered by the finder; the program is then costed by
:mod:`einrnn.numeric.cost`, loops included. The ways through time are programs for the same
values that differ in how the derivative is carried out: as the author wrote it, forward
along the definitions, or in reverse as adjoints. Their costs come from their steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from einrnn.comparison import OURS, Comparison, Row, Strategy, grown, median, selected, spaced
from einrnn.core.model import Claim, Clause, Definition, Model, Range
from einrnn.core.nodes import Derivative, Element, Expr, Index, Reduce
from einrnn.core.sizes import with_defaults
from einrnn.document import Document
from einrnn.errors import EinrnnError, LanguageError
from einrnn.numeric import binding
from einrnn.numeric.cost import cost
from einrnn.numeric.emit import Ordering
from einrnn.numeric.plan import Output
from einrnn.numeric.plan import plan as plan_program
from einrnn.numeric.program import Program, compile_program
from einrnn.pathfinder.evaluate import Path
from einrnn.pathfinder.external import finders
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.planner import plan
from einrnn.source import Source
from einrnn.symbolic.derived import Policy, complete, fewer_axes, forward

# programs of more FLOPs than this are not run for a measurement
_RUN = 1e9
WRITTEN = "as written"


def equation_document(text: str) -> tuple[Document, str]:
    """An index equation as a document of one definition, and its left side."""
    left, sign, right = text.partition(":=" if ":=" in text else "=")
    if not sign:
        raise LanguageError("E805", "there is no = in the equation", 'write "c = a[i] b[i]"')
    document = Document(Source.of(f"{left} := {right}", "<equation>"))
    document.raise_errors()
    return document, left.strip()


def compare_program(
    document: Document,
    outputs: Sequence[str],
    sizes: Mapping[str, int],
    names: Sequence[str],
    measure: bool,
    vary: tuple[str, int, int] | None,
) -> Comparison:
    """The finders for the program of some outputs, or of the left side of a claim."""
    document.raise_errors()
    claim = _claim(document.model, outputs)
    ways = _ways_of_claim(document.model, claim) if claim else _ways(document, outputs)
    best = next(reversed(ways.values()))
    rows = _rows(best, dict(sizes), names, measure)
    varied, first, last = vary or _time(document.model, sizes)
    strategies = _strategies(ways, sizes, varied, first, last) if varied else ()
    title = claim.text.split("\n")[0] if claim else ", ".join(outputs)
    return Comparison(title, sizes, rows, (), strategies, varied)


def _claim(model: Model, outputs: Sequence[str]) -> Claim | None:
    if len(outputs) != 1:
        return None
    return next((claim for claim in model.claims if claim.label == outputs[0]), None)


# --- ways through time --------------------------------------------------------------------


def _ways(document: Document, outputs: Sequence[str]) -> dict[str, Program]:
    """Programs for outputs, with derivatives forward and in reverse; the last is ours."""
    from einrnn.language import parse_expression

    parsed = [parse_expression(text, document.model) for text in outputs]
    return {
        name: _program(document.model, parsed, policy)
        for name, policy in (("forward scan", forward), ("reverse scan", fewer_axes))
    }


def _ways_of_claim(model: Model, claim: Claim) -> dict[str, Program]:
    """Programs for a claim's two sides, added up over the time steps of what is differentiated.

    ``literal`` is the right side as it stands.
    """
    left, right, ranges = claim.left, claim.right, dict(claim.ranges)
    if isinstance(left, Derivative):
        for index in [index for index in ranges if index in left.body.free]:
            span = ranges.pop(index)
            model, left = _added_up(model, left, index, span)
            right = Reduce("sum", index, span.lo, span.hi, right)
    roots = {"literal, as written": (right, forward)}
    roots |= {"forward scan": (left, forward), "reverse scan": (left, fewer_axes)}
    return {
        name: _program(model, [(expr, ranges)], policy) for name, (expr, policy) in roots.items()
    }


def _added_up(
    model: Model, derivative: Derivative, index: Index, span: Range
) -> tuple[Model, Derivative]:
    """The derivative of a new definition: the sum of what was differentiated."""
    name = f"sum over {index}"
    body = Reduce("sum", index, span.lo, span.hi, derivative.body)
    model = model.with_definitions({name: Definition(name, (), (Clause((), {}, body),))})
    total = Derivative(derivative.kind, Element(name, ()), derivative.tensor, derivative.args)
    return model, total


def _program(
    model: Model, roots: Sequence[tuple[Expr, Mapping[Index, Range]]], policy: Policy
) -> Program:
    closed, exprs = complete(model, list(roots), policy)
    wanted: dict[str, Output] = {
        f"output {number}": (expr, tuple(ranges), ranges)
        for number, (expr, (_, ranges)) in enumerate(zip(exprs, roots, strict=True))
    }
    return compile_program(closed, wanted)


def _time(model: Model, sizes: Mapping[str, int]) -> tuple[str, int, int]:
    """The dim that a recurrence runs over, doubled twice from the size that is given."""
    for definition in model.definitions.values():
        if any(not clause.ranges and clause.args for clause in definition.clauses) or any(
            len(clause.ranges) < len(clause.args) for clause in definition.clauses
        ):
            for axis in definition.axes:
                for atom, _ in axis.hi.terms:
                    name = getattr(atom, "name", "")
                    if name in sizes:
                        return name, sizes[name], 4 * sizes[name]
    return "", 0, 0


def _strategies(
    ways: Mapping[str, Program], sizes: Mapping[str, int], varied: str, first: int, last: int
) -> tuple[Strategy, ...]:
    result: list[Strategy] = []
    for name, program in ways.items():
        costs: list[tuple[int, int, int]] = []
        for point in spaced(first, last):
            found = program.cost(**_needed(program, {**sizes, varied: point}))
            costs.append((point, found.flops, found.peak))
        result.append(grown(name, costs))
    return tuple(result)


def _needed(program: Program, sizes: Mapping[str, int]) -> dict[str, int]:
    """The sizes that a program knows."""
    return {name: size for name, size in sizes.items() if name in program.model.dims}


# --- finders ------------------------------------------------------------------------------


def _rows(
    program: Program, sizes: dict[str, int], names: Sequence[str], measure: bool
) -> tuple[Row, ...]:
    solved = binding.solve(program.model, _needed(program, sizes), {})
    full = with_defaults(program.model, solved)
    seen: list[Network] = []

    def recorded(network: Network) -> Path:
        seen.append(network)
        return plan(network)

    program.plan(**_needed(program, sizes))
    found = {OURS: _row(program, full, OURS, recorded, measure)}
    known: dict[str, Ordering] = {WRITTEN: _left_to_right, OURS: plan}
    for network in seen:
        known |= dict(finders(network))
    for name in selected(names, list(known)):
        if name != OURS:
            found[name] = _row(program, full, name, _pairs(known[name]), measure)
    return tuple(found[name] for name in selected(names, list(known)))


def _row(
    program: Program, sizes: Mapping[str, int], name: str, ordering: Ordering, measure: bool
) -> Row:
    begun = time.perf_counter()
    try:
        found = plan_program(program.model, program.outputs, sizes, 0, ordering)
    except (ValueError, KeyError, RecursionError) as problem:
        return Row(name, note=f"no path: {problem}".split("\n")[0][:100])
    took = time.perf_counter() - begun
    price = cost(found)
    measured = None
    if measure and price.flops <= _RUN:
        measured = _measured(program, sizes, found)
    return Row(name, price.flops, price.largest, price.peak, took, None, measured)


def _measured(program: Program, sizes: Mapping[str, int], found: Any) -> float | None:
    import numpy as np

    from einrnn.numeric.executable import Executable
    from einrnn.numeric.execute import Setting
    from einrnn.numeric.sample import sample

    inputs = {name: program.model.inputs[name] for name in program.inputs}
    needed = replace(program.model, inputs=inputs)
    given = sample(needed, sizes, np.random.default_rng(0))
    ready = Executable(found, Setting(np.dtype(np.float64), program.model, dict(sizes), 0))
    try:
        return median(lambda: ready.run(binding.cast(program.model, given, ready.dtype)))
    except EinrnnError:
        return None


def _left_to_right(network: Network) -> Path:
    count = len(network.operands)
    return ((0, 1), *((at, count + at - 2) for at in range(2, count)))


def _pairs(find: Callable[[Network], Path]) -> Ordering:
    """A finder whose steps of three and more operands are taken from left to right."""

    def paired(network: Network) -> Path:
        path = find(network)
        if all(len(step) == 2 for step in path):
            return path
        number = {at: at for at in range(len(network.operands))}
        result: list[tuple[int, ...]] = []
        for at, step in enumerate(path, len(network.operands)):
            last = number[step[0]]
            for operand in step[1:]:
                result.append(tuple(sorted((last, number[operand]))))
                last = len(network.operands) + len(result) - 1
            number[at] = last
        return tuple(result)

    return paired
