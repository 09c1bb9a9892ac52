"""Path finders compared for outputs of a document: whole programs, loops included.

Every contraction in the program is ordered by the finder; the program is then costed by
:mod:`einrnn.numeric.cost`, its time predicted from its steps, and run. Ours is the program that a
compile makes, its contractions ordered jointly.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import prod

from einrnn.comparison import (
    OURS,
    Comparison,
    Limited,
    Listed,
    Row,
    Together,
    check_sizes,
    median,
    selected,
)
from einrnn.core.model import Claim
from einrnn.core.nodes import Dim
from einrnn.core.sizes import with_defaults
from einrnn.document import Document
from einrnn.errors import EinrnnError, EvaluationError
from einrnn.numeric import binding
from einrnn.numeric.calibrate import calibrated
from einrnn.numeric.cost import cost, operations
from einrnn.numeric.emit import Ordering
from einrnn.numeric.listing import Line, lines
from einrnn.numeric.plan import Plan
from einrnn.numeric.plan import plan as plan_program
from einrnn.numeric.predict import predicted
from einrnn.numeric.program import Program
from einrnn.numeric.steps import Contract, Fold, Loop, Map
from einrnn.pathfinder.evaluate import Path
from einrnn.pathfinder.external import finders
from einrnn.pathfinder.joint import Jointly
from einrnn.pathfinder.machine import product_kernel
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.planner import plan, solve
from einrnn.pathfinder.search import search
from einrnn.time_ways import of_claim, of_outputs, sizes_of, strategies, time_of

# programs of more FLOPs than this are not run for a measurement
_RUN = 1e9
WRITTEN = "as written"
# a finder by its name: a new ordering for each program
_Finders = Mapping[str, Callable[[], Ordering]]


def compare_program(
    document: Document,
    outputs: Sequence[str],
    sizes: Mapping[str, int],
    *,
    finder: Sequence[str] = (),
    seconds: float = 0.0,
    measure: bool = True,
    vary: tuple[str, int, int] | None = None,
    memory: int | None = None,
) -> Comparison:
    """The finders for the program of some outputs, or of the left side of a claim.

    Raises EvaluationError: E610 a size is missing, E711 no way keeps the limit on memory, E712
    an unknown finder; LanguageError for outputs that are not of the document.
    """
    document.raise_errors()
    claim = _claim(document, outputs)
    programs = of_claim(document.model, claim) if claim else of_outputs(document, outputs)
    ours = next(reversed(programs.values()))
    check_sizes(sizes, document.model.dims, _open_sizes(ours))
    known = _finders(ours, sizes, seconds)
    names = selected(finder, list(known))
    rows = tuple(_row(ours, sizes, name, known[name](), measure) for name in names)
    varied, first, last = vary or time_of(document.model, sizes)
    plotted = strategies(programs, sizes, varied, first, last) if varied else ()
    found = Comparison(
        claim.text.split("\n")[0] if claim else ", ".join(outputs),
        sizes,
        rows,
        _steps(ours.plan(**sizes_of(ours, sizes))),
        plotted,
        varied,
        together=None if claim else _together(document, outputs, ours, sizes),
    )
    return found if memory is None else replace(found, limited=_limited(programs, sizes, memory))


def _open_sizes(program: Program) -> list[str]:
    """The sizes that the inputs of a program have and no default gives."""
    dims, axes = program.model.dims, (program.model.inputs[name].axes for name in program.inputs)
    atoms = (atom for row in axes for axis in row for atom, _ in axis.terms)
    names = dict.fromkeys(atom.name for atom in atoms if isinstance(atom, Dim))
    return [name for name in names if dims.get(name) is None]


def _claim(document: Document, outputs: Sequence[str]) -> Claim | None:
    """The claim that is asked about; None for outputs.

    Raises EinrnnError: E802, a claim beside something else; E803, a number, of which nothing is
    to be computed, is the label of no claim.
    """
    claims = {claim.label: claim for claim in document.model.claims}
    if len(outputs) == 1 and outputs[0] in claims:
        return claims[outputs[0]]
    for output in outputs:
        if output in claims:
            message = f"the claim {output} is compared by itself"
            raise EinrnnError("E802", message, "name one claim, or outputs such as dL/dW")
        if output.strip().isdigit():
            document.require_labels((output,))
    return None


def _together(
    document: Document, outputs: Sequence[str], ours: Program, sizes: Mapping[str, int]
) -> Together | None:
    """What one program for all outputs saves over one for each."""
    if len(outputs) < 2:
        return None
    alone = [document.compile(output) for output in outputs]
    flops = [cost(one.plan(**sizes_of(one, sizes))).flops for one in alone]
    return Together(cost(ours.plan(**sizes_of(ours, sizes))).flops, tuple(flops))


def _limited(programs: Mapping[str, Program], sizes: Mapping[str, int], memory: int) -> Limited:
    """The cheapest of the ways through time that holds at most so many entries."""
    found = {name: cost(one.plan(**sizes_of(one, sizes))) for name, one in programs.items()}
    keeping = {name: price for name, price in found.items() if price.peak <= memory}
    if not keeping:
        name = min(found, key=lambda name: found[name].peak)
        raise EvaluationError(
            "E711",
            f"no way to run this holds at most {memory} entries",
            f"what holds least, {name}, holds {found[name].peak}, inputs and results among them; "
            "only a single product of inputs is sliced",
        )
    name = min(keeping, key=lambda name: (keeping[name].flops, keeping[name].peak))
    return Limited(memory, keeping[name].peak, keeping[name].flops, way=name)


# --- finders ------------------------------------------------------------------------------


def _finders(program: Program, sizes: Mapping[str, int], seconds: float) -> _Finders:
    """Every finder that can take the largest contraction of the program."""
    seen: list[Network] = []

    def recorded(network: Network) -> Path:
        seen.append(network)
        return plan(network)

    _planned(program, sizes, recorded)
    hard = sum(solve(network) is None for network in seen)
    largest = max(
        seen, key=lambda one: len(one.operands), default=Network.of([[0], [0]], [], {0: 2})
    )

    def ours(network: Network) -> Path:
        found = solve(network)
        return search(network, seconds / hard) if found is None else found

    known: dict[str, Callable[[], Ordering]] = {WRITTEN: lambda: _left_to_right}
    known[OURS] = lambda: Jointly(ours if seconds and hard else plan)
    for name, find in finders(largest).items():
        known[name] = lambda find=find: _pairs(find)
    return known


def _planned(program: Program, sizes: Mapping[str, int], ordering: Ordering | None) -> Plan:
    solved = binding.solve(program.model, sizes_of(program, sizes), {})
    full = with_defaults(program.model, solved)
    return plan_program(program.model, program.outputs, full, 0, ordering)


def _row(
    program: Program, sizes: Mapping[str, int], name: str, ordering: Ordering, measure: bool
) -> Row:
    begun = time.perf_counter()
    try:
        found = _planned(program, sizes, ordering)
    except (ValueError, KeyError, RecursionError) as problem:
        return Row(name, note=f"no path: {problem}".split("\n")[0][:100])
    took = time.perf_counter() - begun
    price = cost(found)
    measured = _measured(program, sizes, found) if measure and price.flops <= _RUN else None
    expected = predicted(found, calibrated())
    return Row(name, price.flops, price.largest, price.peak, took, expected, measured)


def _measured(program: Program, sizes: Mapping[str, int], found: Plan) -> float | None:
    """The median time of the plan as it is run in double precision, in seconds."""
    import numpy as np

    from einrnn.numeric.executable import Executable
    from einrnn.numeric.execute import Setting
    from einrnn.numeric.generated import Generated, can_generate
    from einrnn.numeric.sample import sample

    full = with_defaults(program.model, binding.solve(program.model, sizes_of(program, sizes), {}))
    inputs = {name: program.model.inputs[name] for name in program.inputs}
    given = sample(replace(program.model, inputs=inputs), full, np.random.default_rng(0))
    dtype = np.dtype(np.float64)
    ready = (
        Generated(found, dtype, "numpy")
        if can_generate(found, dtype)
        else Executable(found, Setting(dtype, program.model, full, 0))
    )
    arrays = binding.cast(program.model, given, dtype)
    try:
        return median(lambda: ready.run(arrays))
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


# --- steps --------------------------------------------------------------------------------


def _steps(found: Plan) -> tuple[Listed, ...]:
    """The steps that compute something, with the loops around them, all turns counted."""
    rows: list[Listed] = []
    for line in lines(found):
        if isinstance(line.step, Loop):
            rows.append(Listed(line.text, "loop", 0, 0))
        else:
            flops = line.times * operations(line.step, found.registers)
            if flops:
                rows.append(_listed(line, flops, found))
    return tuple(rows)


def _listed(line: Line, flops: int, found: Plan) -> Listed:
    out: int | None = getattr(line.step, "out", None)
    entries = prod(found.registers[out].shape) if out is not None else 0
    return Listed(_cut(line.text), _kernel(line), flops, entries)


def _cut(text: str) -> str:
    """The text without the remark at its end, indented as it was."""
    body = text.lstrip()
    return text[: len(text) - len(body)] + body.split("   ")[0]


def _kernel(line: Line) -> str:
    match line.step:
        case Contract():
            batch, left, summed, right = map(bool, line.step.shape)
            name = product_kernel(batch, left, summed, right)
            return f"{name}, one triangle" if line.step.symmetric else name
        case Map(_, "*"):
            return "product of entries"
        case Map():
            return "function of entries"
        case Fold(_, op):
            return op
        case step:
            return type(step).__name__.lower()
