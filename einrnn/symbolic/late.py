"""Late names: ``let z[t,i] := ...`` makes the definitions that contain ``...`` go through z."""

from __future__ import annotations

from einrnn.core.model import Clause, Definition, Model
from einrnn.symbolic.match import replaced


def name_late(model: Model) -> Model:
    """The model in which every definition goes through the late names it contains, if it is
    written before them; of late names those written after one do too."""
    definitions = dict(model.definitions)
    for abbreviation in [name for name, found in definitions.items() if found.late]:
        late = definitions[abbreviation]
        for name, definition in definitions.items():
            if _goes_through(definition, late):
                definitions[name] = _through(definition, late)
    return model.with_definitions(definitions)


def _goes_through(definition: Definition, late: Definition) -> bool:
    if definition.name == late.name or definition.span is None or late.span is None:
        return definition.name != late.name
    return definition.late == (late.span.start < definition.span.start)


def _through(definition: Definition, abbreviation: Definition) -> Definition:
    clauses = tuple(
        Clause(c.args, c.ranges, replaced(c.body, abbreviation, c.ranges))
        for c in definition.clauses
    )
    if all(new.body is old.body for new, old in zip(clauses, definition.clauses, strict=True)):
        return definition
    return Definition(definition.name, definition.axes, clauses, definition.late, definition.span)
