"""Why a line is equal to the one above, in words."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from einrnn.core.model import Model
from einrnn.core.nodes import Apply, Element, Expr, Opaque, Reduce
from einrnn.core.traverse import walk
from einrnn.language.text import bracket, normalised

_RULES = {
    "log": "d log(x) = dx/x",
    "exp": "d exp(x) = exp(x) dx",
    "tanh": "d tanh(x) = (1 - tanh(x)^2) dx",
    "sigmoid": "d sigmoid(x) = sigmoid(x) (1 - sigmoid(x)) dx",
    "relu": "d relu(x) = [x > 0] dx",
    "sqrt": "d sqrt(x) = dx/(2 sqrt(x))",
    "abs": "d abs(x) = sign(x) dx",
    "sin": "d sin(x) = cos(x) dx",
    "cos": "d cos(x) = -sin(x) dx",
    "sinh": "d sinh(x) = cosh(x) dx",
    "cosh": "d cosh(x) = sinh(x) dx",
    "softplus": "d softplus(x) = sigmoid(x) dx",
    "softmax": "d softmax[k](x) = softmax[k](x) (dx[k] - softmax[l](x) dx[l])",
    "logsumexp": "d logsumexp[k](x) = softmax[k](x) dx[k]",
}
_MOST_NAMES = 3
_DELTA = re.compile(r"delta\[[^\]]*\]")


def by_definition(model: Model, wanted: Sequence[Element], reverse: bool) -> str:
    """Why entries may be written out: definitions, and definitions differentiated."""
    own: dict[str, list[Element]] = {}
    total: dict[str, None] = {}
    read: dict[str, None] = {}
    immediate: dict[str, None] = {}
    given: dict[str, None] = {}
    for element in wanted:
        meaning = model.derived.get(element.tensor)
        if meaning is None:
            own.setdefault(element.tensor, []).append(element)
        elif meaning.kind == "total" and _is_given(model, element):
            given[meaning.of + bracket(element.args[: len(model.axes(meaning.of))])] = None
        elif meaning.kind == "immediate":
            immediate[meaning.of] = None
        elif reverse and meaning.wrt in model.definitions:
            read[meaning.wrt] = None
        else:
            total[meaning.of] = None
    words: list[str] = []
    if given:
        words.append(f"boundary value of {_listed(given)}")
    if own:
        words.append(f"definition of {_listed(map(_entry, own.values()))}")
    if total:
        words.append(f"{_listed(total)} differentiated{_rules(model, total)}")
    if immediate:
        words.append(f"{_listed(immediate)} differentiated, all else fixed")
    if read:
        words.append(f"chain rule through all that reads {_listed(read)}")
    return "; ".join(words)


def _is_given(model: Model, element: Element) -> bool:
    """Whether a clause for one position only decides an entry."""
    for clause in model.definitions[element.tensor].clauses:
        pairs = list(zip(clause.args, element.args, strict=True))
        fixed = [(own, given) for own, given in pairs if not own.free]
        if fixed and all(own is given for own, given in fixed):
            return True
    return False


def _entry(alike: Sequence[Element]) -> str:
    """The only entry of a tensor that is meant, as long as its letters are those in print."""
    entry = alike[0].tensor + bracket(alike[0].args)
    if len(alike) > 1 or any(index.name[-1].isdigit() for index in alike[0].free):
        return alike[0].tensor
    return entry


def _listed(names: Iterable[str]) -> str:
    found = list(names)
    if len(found) > _MOST_NAMES:
        return ", ".join(found[:_MOST_NAMES]) + ", …"
    return ", ".join(found)


def _rules(model: Model, names: Iterable[str]) -> str:
    """The rules for the functions on the right sides of definitions, if they are few."""
    found: dict[str, None] = {}
    for name in names:
        definition = model.definitions.get(name)
        for clause in () if definition is None else definition.clauses:
            found |= dict.fromkeys(functions(clause.body))
    rules = [_RULES[name] for name in found if name in _RULES]
    return f": {rules[0]}" if len(rules) == 1 else ""


def functions(expr: Expr) -> list[str]:
    """The names of functions that an expression applies; a softmax is one function."""
    found: dict[str, None] = {}
    hidden: set[Expr] = set()
    nodes = list(walk(expr))
    for node in nodes:
        if isinstance(node, Apply) and normalised(node) is not None:
            found["softmax"] = None
            hidden |= {n for n in walk(node.args[0]) if isinstance(n, Reduce)} | {node}
    for node in nodes:
        if isinstance(node, Apply) and node not in hidden:
            found[node.function] = None
        elif isinstance(node, Reduce) and node.op != "sum" and node not in hidden:
            found[node.op] = None
        elif isinstance(node, Opaque):
            found[node.name] = None
    return list(found)


def deltas_gone(before: str, after: str) -> str | None:
    """Which deltas of a printed line have picked an index of a sum in the next one."""
    left = list(dict.fromkeys(_DELTA.findall(before)))
    gone = [delta for delta in left if delta not in _DELTA.findall(after)]
    if not gone:
        return None
    return f"{', '.join(gone[:_MOST_NAMES])} carried out"
