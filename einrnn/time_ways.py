"""Ways through time: programs for the same values that differ in how they run along it.

A derivative is carried out as the author wrote it, forward along the definitions, or in reverse
as adjoints; the costs come from the programs' steps. Where what recurs is linear, an associative
scan is possible as well: its cost is that of the program with the products of the recurrence
exchanged (:mod:`einrnn.pathfinder.recurrence`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from einrnn.comparison import Strategy, grown, spaced
from einrnn.core import affine as af
from einrnn.core.model import Claim, Clause, Definition, Model, Range
from einrnn.core.nodes import Affine, Derivative, Element, Expr, Index, Reduce
from einrnn.core.sizes import with_defaults
from einrnn.core.traverse import elements, walk
from einrnn.document import Document
from einrnn.numeric import binding, bounds
from einrnn.numeric.cost import cost
from einrnn.numeric.plan import Output
from einrnn.numeric.program import Program, compile_program
from einrnn.numeric.references import needed
from einrnn.pathfinder.recurrence import Recurrence, ways
from einrnn.symbolic.derived import Policy, complete, fewer_axes, forward
from einrnn.symbolic.sweep.system import Systems, linear

AS_COMPILED = "as compiled"


def of_outputs(document: Document, outputs: Sequence[str]) -> dict[str, Program]:
    """Programs for outputs, with derivatives forward and in reverse, and that of a compile."""
    from einrnn.language import parse_expression

    compiled = document.compile(*outputs)
    parsed = [parse_expression(text, document.model) for text in outputs]
    if not any(isinstance(node, Derivative) for expr, _ in parsed for node in walk(expr)):
        return {AS_COMPILED: compiled}
    found = {
        name: _program(document.model, parsed, policy)
        for name, policy in (("forward scan", forward), ("reverse scan", fewer_axes))
    }
    return {**found, AS_COMPILED: compiled}


def of_claim(model: Model, claim: Claim) -> dict[str, Program]:
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


def time_of(model: Model, sizes: Mapping[str, int]) -> tuple[str, int, int]:
    """The dim that a recurrence runs over, doubled twice from the size that is given."""
    for definition in model.definitions.values():
        if any(len(clause.ranges) < len(clause.args) for clause in definition.clauses):
            for axis in definition.axes:
                for atom, _ in axis.hi.terms:
                    name = getattr(atom, "name", "")
                    if name in sizes:
                        return name, sizes[name], 4 * sizes[name]
    return "", 0, 0


def strategies(
    programs: Mapping[str, Program], sizes: Mapping[str, int], varied: str, first: int, last: int
) -> tuple[Strategy, ...]:
    """The costs of all ways at three sizes of one dim."""
    costs: dict[str, list[tuple[int, int, int]]] = {}
    for point in spaced(first, last):
        for name, program in programs.items():
            for way, row in _costs(name, program, {**sizes, varied: point}).items():
                costs.setdefault(way, []).append((point, *row))
    return tuple(grown(name, row) for name, row in costs.items())


def _costs(name: str, program: Program, sizes: Mapping[str, int]) -> dict[str, tuple[int, int]]:
    known = sizes_of(program, sizes)
    found = cost(program.plan(**known))
    result = {name: (found.flops, found.peak)}
    if name == "reverse scan":
        full = with_defaults(program.model, binding.solve(program.model, known, {}))
        linear_ones = recurrences(program, full)
        if linear_ones:
            result["reverse scan, unrolled"] = result[name]
        for at, label in ((2, "2T"), (3, "T log T")):
            if linear_ones:
                more = sum(ways(one)[at].flops - ways(one)[0].flops for one in linear_ones)
                matrices = sum(one.steps * one.state**2 for one in linear_ones)
                row = found.flops + more, found.peak + matrices
                result[f"reverse, associative scan ({label})"] = row
    return result


def sizes_of(program: Program, sizes: Mapping[str, int]) -> dict[str, int]:
    """The sizes that a program knows."""
    return {name: size for name, size in sizes.items() if name in program.model.dims}


def recurrences(program: Program, sizes: Mapping[str, int]) -> list[Recurrence]:
    """What recurs linearly among the definitions that a program needs.

    Definitions that recur through each other count once, where they have the same axes.
    """
    systems = Systems(program.model)
    names = needed(program.model, [expr for expr, _, _ in program.outputs.values()])
    cycles = {
        tuple(sorted(one for one in systems.reach(name) if name in systems.reach(one)))
        for name in names
        if systems.recurs(name)
    }
    found = [_recurrence(program.model, members, sizes) for members in sorted(cycles)]
    return [one for one in found if one is not None]


def _recurrence(
    model: Model, members: tuple[str, ...], sizes: Mapping[str, int]
) -> Recurrence | None:
    """Each axis is time (read at a distance), mixed (a sum runs over it), or carried along."""
    axes = model.definitions[members[0]].axes
    kinds: list[set[str]] = [set() for _ in axes]
    for name in members:
        if len(model.definitions[name].axes) != len(axes):
            return None
        for clause in model.definitions[name].clauses:
            if not linear(clause.body, members):
                return None
            for use in elements(clause.body):
                if use.tensor in members:
                    for kind, own, arg in zip(kinds, clause.args, use.args, strict=True):
                        kind.add(_kind(own, arg))
    size = {"time": 1, "mixed": 1, "carried": 1}
    times = 0
    for kind, axis in zip(kinds, axes, strict=True):
        if {"time", "mixed"} <= kind:
            return None
        name = max(kind, key=list(size)[::-1].index) if kind else "carried"
        times += name == "time"
        lo, hi = bounds.number(axis.lo, sizes), bounds.number(axis.hi, sizes)
        size[name] *= max(0, hi - lo + 1)
    return Recurrence(size["time"], size["mixed"], size["carried"]) if times == 1 else None


def _kind(own: Affine, arg: Affine) -> str:
    distance = af.number(af.minus(arg, own))
    return "mixed" if distance is None else "time" if distance else "carried"
