"""Late names: ``let z[t,i] := ...`` makes the definitions that contain ``...`` go through z."""

from __future__ import annotations

from einrnn.core.model import Clause, Definition, Model
from einrnn.symbolic.match import replaced


def name_late(model: Model) -> Model:
    """The model in which every definition goes through the late names it contains."""
    definitions = dict(model.definitions)
    late = [definition for definition in definitions.values() if definition.late]
    for abbreviation in late:
        for name, definition in definitions.items():
            if name != abbreviation.name:
                definitions[name] = _through(definition, abbreviation)
    return model.with_definitions(definitions)


def _through(definition: Definition, abbreviation: Definition) -> Definition:
    clauses = tuple(
        Clause(c.args, c.ranges, replaced(c.body, abbreviation, c.ranges))
        for c in definition.clauses
    )
    if all(new.body is old.body for new, old in zip(clauses, definition.clauses, strict=True)):
        return definition
    return Definition(definition.name, definition.axes, clauses, definition.late, definition.span)
