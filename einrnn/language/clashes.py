"""What is said where an index stands on axes of two sizes, and what may have been meant."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from einrnn.core import affine as af
from einrnn.core.nodes import Affine
from einrnn.errors import Related
from einrnn.language import terms as tm
from einrnn.language.names import Names
from einrnn.language.problem import Problem, fail
from einrnn.language.sizes import Variable

_TWO_LETTERS = "use two letters, or declare both axes with one size"

Axes = Mapping[str, Sequence[Variable]]


def clash(names: Names, axes: Axes, letter: Variable, axis: Variable, at: tm.Letter) -> Problem:
    """The error where a letter stands on two axes of two sizes."""
    size, other = letter.size(), axis.size()
    label = f"{shown(other)}, {axis.what}"
    first = letter.uses[0] if letter.uses else None
    if first is None:
        return fail(
            "E301",
            f"index {at.name} has two sizes",
            at.span,
            label,
            _TWO_LETTERS,
            (Related(at.span, f"{shown(size)}, {letter.what}"),),
        )
    span, where = first
    return fail(
        "E301",
        f"index {at.name} has two sizes",
        span,
        f"{shown(size)}, {where.what}",
        _advice(names, axes, where, axis, at),
        (Related(at.span, label),),
    )


def _advice(names: Names, axes: Axes, first: Variable, second: Variable, at: tm.Letter) -> str:
    """What both tensors are, and another of the right shape if there is one."""
    left, right = _owner(axes, first), _owner(axes, second)
    if left is None or right is None:
        return _TWO_LETTERS
    text = f"{left[0]} is {_shape(axes, left[0])} and {right[0]} is {_shape(axes, right[0])}"
    shorter = _shorter(first.size(), second.size())
    if shorter is not None:
        return f"{text}; declare index {at.name} : {shown(shorter)} if {at.name} ends there"
    for (name, number), wanted in ((left, second), (right, first)):
        if _fits_exchanged(axes, name, number, wanted):
            return f"{text}; are the indices of {name} in the wrong order?"
    for (name, number), wanted in ((left, second), (right, first)):
        if names.tensors[name].kind != "input":
            continue
        other = _alternative(names, axes, name, number, wanted, {left[0], right[0]})
        if other is not None:
            return f"{text}; did you mean {other} instead of {name}?"
    return text


def _shorter(one: Affine | None, other: Affine | None) -> Affine | None:
    """The smaller of two sizes that are a number of positions apart, of which one is symbolic."""
    if one is None or other is None or not one.terms:
        return None
    more = af.number(af.minus(one, other))
    return None if more is None else other if more > 0 else one


def _fits_exchanged(axes: Axes, name: str, number: int, wanted: Variable) -> bool:
    """Whether a matrix has the wanted size on its other axis."""
    own = axes[name]
    return len(own) == 2 and own[1 - number].size() is wanted.size() is not None


def _owner(axes: Axes, axis: Variable) -> tuple[str, int] | None:
    for name, own in axes.items():
        for number, variable in enumerate(own):
            if variable is axis:
                return name, number
    return None


def _shape(axes: Axes, name: str) -> str:
    return "[" + ",".join(shown(axis.size()) for axis in axes[name]) + "]"


def _alternative(
    names: Names, axes: Axes, name: str, number: int, wanted: Variable, taken: set[str]
) -> str | None:
    """Another input like this one but with the wanted size on one axis."""
    shape = [axis.size() for axis in axes[name]]
    shape[number] = wanted.size()
    for other, own in axes.items():
        tensor = names.tensors.get(other)
        if other in taken or tensor is None or tensor.kind != "input" or None in shape:
            continue
        if [axis.size() for axis in own] == shape:
            return other
    return None


def shown(size: Affine | None) -> str:
    """A size in words."""
    return "?" if size is None else repr(size)
