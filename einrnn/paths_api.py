"""``einrnn.paths``: path finders compared for an einsum string, an equation or a document."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

from einrnn.comparison import NAIVE, OURS, Comparison, Strategy, compare, grown, spaced
from einrnn.errors import EvaluationError
from einrnn.pathfinder.evaluate import score
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.planner import plan

if TYPE_CHECKING:
    from einrnn.document import Document


def paths(
    expression: str | Document,
    *outputs: str,
    sizes: Mapping[str, int],
    finder: str = "all",
    seconds: float = 0.0,
    measure: bool = True,
    vary: tuple[str, int, int] | None = None,
) -> Comparison:
    """Compare path finders, each scored by the one evaluator of einrnn.

    ``expression`` is an einsum string (``"ab,bc,cd->ad"``), an index equation
    (``"C[i,k] = A[i,j] B[j,k]"``), or a document followed by outputs or one claim's label.
    ``sizes`` has a size for each index of an einsum string, or for each dim. ``finder`` is
    ``"all"`` or names with commas; ``seconds`` is time for our own search in large networks;
    ``vary`` is a dim with its first and last size, for the growth of the costs.

    Raises:
        EvaluationError: E610 a size is missing, E712 an unknown finder.
        LanguageError: the expression is not well formed.
    """
    names = tuple(name.strip() for name in finder.split(",") if name.strip())
    if not isinstance(expression, str):
        from einrnn.program_paths import compare_program

        return compare_program(expression, outputs, sizes, names, measure, vary)
    if "[" in expression or "=" in expression:
        from einrnn.program_paths import compare_program, equation_document

        document, left = equation_document(expression)
        return compare_program(document, (left,), sizes, names, measure, vary)
    network = einsum_network(expression, sizes)
    found = compare(network, expression, sizes, finder=names, seconds=seconds, measure=measure)
    if vary is None:
        return found
    return replace(found, strategies=_grown(expression, sizes, vary), varied=vary[0])


def _grown(text: str, sizes: Mapping[str, int], vary: tuple[str, int, int]) -> tuple[Strategy, ...]:
    """The costs of our path and of a single sum over all indices, against one size."""
    costs: dict[str, list[tuple[int, int, int]]] = {NAIVE: [], OURS: []}
    for size in spaced(vary[1], vary[2]):
        network = einsum_network(text, {**sizes, vary[0]: size})
        at_once = (tuple(range(len(network.operands))),)
        for name, path in ((NAIVE, at_once), (OURS, plan(network))):
            result = score(network, path)
            costs[name].append((size, result.flops, result.peak))
    return tuple(grown(name, row) for name, row in costs.items())


def einsum_network(text: str, sizes: Mapping[str, int]) -> Network:
    """The network of an einsum string. Raises EvaluationError as :func:`einrnn.einsum`, and
    E610 for an index without a size."""
    from einrnn.numeric.subscripts import ELLIPSIS, parse

    count = text.partition("->")[0].count(",") + 1
    subscripts = parse(text, count)
    terms = [term.letters for term in subscripts.operands]
    for term in terms:
        for letter in term:
            if letter == ELLIPSIS:
                raise EvaluationError("E707", "an ellipsis has no sizes here", "name its indices")
            if letter not in sizes:
                raise EvaluationError(
                    "E610", f"no size is given for the index {letter}", f"add {letter}=8"
                )
    labels = [f"{_name(at)}" for at in range(count)]
    return Network.of(terms, subscripts.result(terms), sizes, labels=labels)


def _name(at: int) -> str:
    return chr(ord("A") + at) if at < 26 else f"A{at}"
