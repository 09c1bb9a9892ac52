"""Definitions, claims and whole documents as text that reads back as the same model."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.model import (
    Assumption,
    Claim,
    Clause,
    Definition,
    Fact,
    Input,
    Model,
    Range,
    Shown,
)
from einrnn.core.nodes import Element, Expr, Index, Node, Opaque
from einrnn.core.traverse import rebuild
from einrnn.language.text import affine_text, bracket, condition_text, left_text, text


def general_first(definition: Definition) -> list[Clause]:
    """The clauses as people write them: the general one, then the boundaries."""
    general = [c for c in definition.clauses if all(af.letter(arg) for arg in c.args)]
    return general + [clause for clause in definition.clauses if clause not in general]


def definition_text(definition: Definition, model: Model) -> str:
    """A definition as a statement: its general clause ``with`` its boundary clauses."""
    body = definition.clauses[-1].body
    if isinstance(body, Opaque) and not body.partials and body.name == definition.name:
        return _function_text(definition, body)
    shown = [
        f"{definition.name}{bracket(clause.args)} := {text(clause.body, model, clause.ranges)}"
        for clause in general_first(definition)
    ]
    return ("let " if definition.late else "") + "\n  with ".join(shown)


def recurrence_text(
    name: str, clauses: Iterable[Clause], ends: Iterable[Clause], model: Model
) -> list[str]:
    """The definition of a derivative: a line for each clause, the last one ``with`` what its
    entries off the ends of its axes count as."""

    def row(clause: Clause) -> str:
        left = left_text(Element(name, clause.args), model)
        return f"{left} := {text(clause.body, model, clause.ranges)}"

    lines = [row(clause) for clause in clauses]
    lines[-1] += "".join(f" with {row(end)}" for end in ends)
    return lines


def derived_text(
    label: str,
    sides: tuple[Expr, Expr],
    ranges: Mapping[Index, Range],
    rows: Iterable[Shown],
    using: Iterable[str],
    model: Model,
) -> str:
    """Recurrences of derivatives as definitions of names of their own, and the claim that the
    first side is the second one, which may speak of them."""
    rows = list(rows)
    names = _plain_names([row.name for row in rows], model)

    def plain(node: Node) -> Node:
        if isinstance(node, Element) and node.tensor in names:
            return Element(names[node.tensor], node.args)
        return node

    def renamed(clauses: tuple[Clause, ...]) -> tuple[Clause, ...]:
        return tuple(replace(c, body=rebuild(c.body, plain)) for c in clauses)

    new = [Shown(names[row.name], renamed(row.clauses), renamed(row.ends)) for row in rows]
    model = model.with_definitions(
        {
            row.name: Definition(row.name, model.axes(old.name), (*row.ends, *row.clauses))
            for row, old in zip(new, rows, strict=True)
        }
    )
    lines = [
        line for row in new for line in recurrence_text(row.name, row.clauses, row.ends, model)
    ]
    right = text(rebuild(sides[1], plain), model, ranges)
    granted = ", ".join(map(_used, using))
    claim = f"[{label}] {left_text(sides[0], model)} = {right}"
    return "\n".join([*lines, claim + (f" using {granted}" if granted else "")]) + "\n"


def _plain_names(derived: Iterable[str], model: Model) -> dict[str, str]:
    """A name for each derivative that the document does not have: ``dL_dz`` for ``dL/dz``."""
    taken = {*model.dims, *model.inputs, *model.definitions}
    found: dict[str, str] = {}
    for name in derived:
        plain = re.sub(r"\W+", "_", name.replace("∂", "p")).strip("_")
        while plain in taken:
            plain += "_"
        taken.add(plain)
        found[name] = plain
    return found


def _function_text(definition: Definition, body: Opaque) -> str:
    """The declaration of an opaque function, with the sizes of its axes."""
    args: list[str] = []
    for argument in body.args:
        assert isinstance(argument.body, Element)
        args.append(argument.body.tensor + bracket(argument.sizes))
    sizes = tuple(af.shift(limits.hi, 1) for limits in definition.axes)
    return f"function {definition.name}{bracket(sizes)}({', '.join(args)})"


def claim_text(claim: Claim, model: Model) -> str:
    """One equality as a statement with its label, ``using`` and ``for``."""
    return _claims_text([claim], model, left_text(claim.left, model) + " ")


def joined_steps(claims: Iterable[Claim]) -> list[list[Claim]]:
    """Claims by label: the steps of one chain belong together."""
    groups: list[list[Claim]] = []
    for claim in claims:
        last = groups[-1][-1] if groups else None
        follows = last is not None and last.label == claim.label and claim.step == last.step + 1
        if follows and last is not None and last.right is claim.left:
            groups[-1].append(claim)
        else:
            groups.append([claim])
    return groups


def _chains_text(claims: Iterable[Claim], model: Model) -> list[str]:
    """Claims line by line; a line continues the one before where its left side is its end."""
    rows: list[str] = []
    last: Claim | None = None
    for steps in joined_steps(claims):
        first = steps[0]
        continues = last is not None and last.right is first.left and last.ranges == first.ranges
        left = "" if continues else left_text(first.left, model) + " "
        rows.append(_claims_text(steps, model, left))
        last = steps[-1]
    return rows


def _claims_text(steps: list[Claim], model: Model, left: str) -> str:
    first = steps[0]
    refute = "refute " if first.expect == "refute" else ""
    sides = " ".join(f"= {text(step.right, model, step.ranges)}" for step in steps)
    shown = f"[{first.label}] {refute}{left}{sides}"
    if first.condition is not None:
        shown += f" for {condition_text(first.condition, model)}"
    return shown + (f" using {', '.join(map(_used, first.using))}" if first.using else "")


def _used(label: str) -> str:
    """A label after ``using``, in brackets where it would not be read as one name."""
    return f"[{label}]" if re.search(r"[,#]|:=|\b(using|for)\b", label) else label


def _assumption_text(given: Assumption, model: Model) -> str:
    right = text(given.right, model, given.ranges)
    return f"assume [{given.name}] {left_text(given.left, model)} = {right}"


def _input_text(given: Input) -> str:
    return " ".join([given.name + bracket(given.axes), *(_fact(f, given) for f in given.facts)])


def _fact(fact: Fact, given: Input) -> str:
    bound = given.axes[fact.axis] if fact.axis is not None else fact.bound
    return fact.name if bound is None else f"{fact.name} in {affine_text(bound)}"


def _dim_text(name: str, number: int | None, model: Model) -> str:
    if number is not None:
        return f"dim {name} = {number}"
    default = model.defaults.get(name)
    return f"dim {name}" + (f" default {affine_text(default)}" if default is not None else "")


def document_text(model: Model) -> str:
    """The whole model as a document."""
    rows: list[str] = []
    for name, number in model.dims.items():
        rows.append(_dim_text(name, number, model))
    rows += [f"input {_input_text(given)}" for given in model.inputs.values()]
    rows += [_assumption_text(given, model) for given in model.assumptions]
    for name, definition in model.definitions.items():
        if name not in model.derived:
            rows.append(definition_text(definition, model))
    rows += _chains_text(model.claims, model)
    return "\n".join(rows) + "\n"
