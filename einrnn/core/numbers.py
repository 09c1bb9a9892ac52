"""Sizes that a document fixes, replaced by their numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.model import Assumption, Clause, Definition, Fact, Input, Model, Range
from einrnn.core.nodes import Affine, Dim, Index
from einrnn.core.traverse import rename_dims

Numbers = Mapping[Dim, Affine]


def fixed_dims(model: Model) -> Numbers:
    """The numbers of the sizes that have one."""
    return {Dim(name): af.of(n) for name, n in model.dims.items() if n is not None}


def ranges_in(ranges: Mapping[Index, Range], numbers: Numbers) -> dict[Index, Range]:
    """The ranges with sizes replaced."""
    return {index: _range(range_, numbers) for index, range_ in ranges.items()}


def with_numbers(model: Model) -> Model:
    """The model's inputs, definitions and assumptions with its fixed sizes replaced."""
    numbers = fixed_dims(model)
    if not numbers:
        return model
    return replace(
        model,
        inputs={name: _input(given, numbers) for name, given in model.inputs.items()},
        definitions={name: _definition(d, numbers) for name, d in model.definitions.items()},
        assumptions=tuple(_assumption(a, numbers) for a in model.assumptions),
    )


def _range(range_: Range, numbers: Numbers) -> Range:
    return Range(rename_dims(range_.lo, numbers), rename_dims(range_.hi, numbers))


def _input(given: Input, numbers: Numbers) -> Input:
    facts = tuple(_fact(fact, numbers) for fact in given.facts)
    return replace(given, axes=tuple(rename_dims(a, numbers) for a in given.axes), facts=facts)


def _fact(fact: Fact, numbers: Numbers) -> Fact:
    return fact if fact.bound is None else replace(fact, bound=rename_dims(fact.bound, numbers))


def _definition(definition: Definition, numbers: Numbers) -> Definition:
    return replace(
        definition,
        axes=tuple(_range(axis, numbers) for axis in definition.axes),
        clauses=tuple(_clause(clause, numbers) for clause in definition.clauses),
    )


def _clause(clause: Clause, numbers: Numbers) -> Clause:
    return Clause(
        tuple(rename_dims(arg, numbers) for arg in clause.args),
        ranges_in(clause.ranges, numbers),
        rename_dims(clause.body, numbers),
    )


def _assumption(assumption: Assumption, numbers: Numbers) -> Assumption:
    return replace(
        assumption,
        ranges=ranges_in(assumption.ranges, numbers),
        left=rename_dims(assumption.left, numbers),
        right=rename_dims(assumption.right, numbers),
    )
