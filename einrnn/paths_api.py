"""``einrnn.paths``: path finders compared for an einsum string, an equation or a document."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from numbers import Integral
from typing import TYPE_CHECKING

from einrnn.comparison import NAIVE, OURS, Comparison, check_sizes, compare, grown, spaced
from einrnn.dataclass import dataclass
from einrnn.errors import EinrnnError, EvaluationError, LanguageError
from einrnn.pathfinder.evaluate import score
from einrnn.pathfinder.network import Network
from einrnn.pathfinder.planner import plan
from einrnn.source import Source

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
    memory: int | None = None,
) -> Comparison:
    """Compare path finders, each scored by the one evaluator of einrnn.

    ``expression`` is an einsum string (``"ab,bc,cd->ad"``), one or several index equations
    (``"C[i,k] = A[i,j] B[j,k]"``), or a document followed by outputs or one claim's label.
    ``sizes`` has a size for each index of an einsum string, or for each dim. ``finder`` is
    ``"all"`` or names with commas; ``seconds`` is time for our own search in large networks;
    ``vary`` is a dim with its first and last size, for the growth of the costs; ``memory`` is the
    most entries to hold at once: one contraction is sliced so that it is kept, of a program
    the cheapest way through time is named that keeps it.

    Raises:
        EinrnnError: E004, a size, the limit or the time is no number that could be one; E802, E803
            a claim beside something else, or none of that label.
        EvaluationError: E610 a size is missing, E711 the limit on memory cannot be kept, E712
            an unknown finder, E616 there is nothing that has a size that is given, E714 something
            that is no index equation follows one.
        LanguageError: the expression is not well formed.
    """
    names = tuple(name.strip() for name in finder.split(",") if name.strip())
    _check_numbers(sizes, seconds, vary, memory)
    options = Options(names, seconds, measure, vary, memory)
    if not isinstance(expression, str):
        return _of_program(expression, outputs, sizes, options)
    if "[" in expression or "=" in expression:
        return _of_equations((expression, *outputs), sizes, options)
    if outputs:
        raise not_equations(outputs[0])
    network = einsum_network(expression, sizes)
    return _of_network(network, expression, sizes, options)


def _check_numbers(
    sizes: Mapping[str, int],
    seconds: float,
    vary: tuple[str, int, int] | None,
    memory: int | None,
) -> None:
    counts = [*sizes.items(), *((vary[0], end) for end in vary[1:])] if vary else [*sizes.items()]
    counts += [] if memory is None else [("memory", memory)]
    for name, value in counts:
        if not isinstance(value, Integral) or value < 1:
            raise EinrnnError("E004", f"not a size: {name}={value!r}", "give a whole number from 1")
    if not 0 <= seconds < float("inf"):
        raise EinrnnError("E004", f"not a time: seconds={seconds}", "give seconds, such as 10")


@dataclass(frozen=True)
class Options:
    """What is asked of a comparison; see :func:`paths`."""

    finder: tuple[str, ...]
    seconds: float
    measure: bool
    vary: tuple[str, int, int] | None
    memory: int | None


def not_equations(text: str) -> EvaluationError:
    """The error for what follows an einsum string or an index equation and is no equation."""
    return EvaluationError(
        "E714",
        f"{text!r} follows an equation and is not an index equation",
        'only index equations are compared together, e.g. "C[i,k] = A[i,j] B[j,k]", each quoted '
        "as one word",
    )


def _of_program(
    document: Document, outputs: Sequence[str], sizes: Mapping[str, int], options: Options
) -> Comparison:
    from einrnn.program_paths import compare_program

    if not outputs:
        raise EinrnnError("E802", "nothing to compare", 'name an output, e.g. "dL/dW", or a claim')
    document.raise_errors()
    check_sizes(sizes, document.model.dims)
    return compare_program(document, outputs, sizes, **asdict(options))


def _of_equations(texts: Sequence[str], sizes: Mapping[str, int], options: Options) -> Comparison:
    """One plain product is compared as a contraction, everything else as a program."""
    from einrnn.product_network import product_network

    document, lefts = equations_document(texts)
    dims = document.model.dims
    check_sizes(sizes, dims, [name for name, number in dims.items() if number is None])
    if len(lefts) == 1:
        name = list(document.model.definitions)[-1]
        network = product_network(document.model, name, sizes)
        plain = (
            network is not None
            and len(set(network.identities)) == len(network.operands)
            and not network.symmetric
        )
        if network is not None and (plain or options.memory is not None):
            return _of_network(network, texts[0], sizes, options)
    return _of_program(document, lefts, sizes, options)


def equations_document(texts: Sequence[str]) -> tuple[Document, list[str]]:
    """Index equations as a document of definitions, and their left sides.

    Raises LanguageError: E805 where there is no =, or as the equations are not well formed.
    """
    from einrnn.document import Document

    rows: list[str] = []
    lefts: list[str] = []
    for text in texts:
        left, sign, right = text.partition(":=" if ":=" in text else "=")
        if not sign and rows:
            raise not_equations(text)
        if not sign:
            raise LanguageError("E805", "there is no = in the equation", 'write "c = a[i] b[i]"')
        rows.append(f"{left} := {right}")
        lefts.append(left.strip())
    document = Document(Source.of("\n".join(rows), "<equation>"))
    document.raise_errors()
    return document, lefts


def _of_network(
    network: Network, title: str, sizes: Mapping[str, int], options: Options
) -> Comparison:
    given = {name: value for name, value in asdict(options).items() if name != "vary"}
    found = compare(network, title, sizes, **given)
    if options.vary is None:
        return found
    varied, first, last = options.vary
    costs: dict[str, list[tuple[int, int, int]]] = {NAIVE: [], OURS: []}
    for size in spaced(first, last):
        known = {**sizes, varied: size}
        one = _again(title, known)
        at_once = (tuple(range(len(one.operands))),)
        for name, path in ((NAIVE, at_once), (OURS, plan(one))):
            result = score(one, path)
            costs[name].append((size, result.flops, result.peak))
    strategies = tuple(grown(name, row) for name, row in costs.items())
    return replace(found, strategies=strategies, varied=varied)


def _again(title: str, sizes: Mapping[str, int]) -> Network:
    """The network of an expression at other sizes."""
    if "[" not in title and "=" not in title:
        return einsum_network(title, sizes)
    from einrnn.product_network import product_network

    document, _ = equations_document([title])
    network = product_network(document.model, list(document.model.definitions)[-1], sizes)
    assert network is not None
    return network


def einsum_network(text: str, sizes: Mapping[str, int]) -> Network:
    """The network of an einsum string. Raises EvaluationError as :func:`einrnn.einsum`, and
    E610 for an index without a size, E616 for the size of another."""
    from einrnn.numeric.subscripts import ELLIPSIS, parse

    count = text.partition("->")[0].count(",") + 1
    subscripts = parse(text, count)
    terms = [term.letters for term in subscripts.operands]
    for term in terms:
        for letter in term:
            if letter == ELLIPSIS:
                raise EvaluationError("E707", "an ellipsis has no sizes here", "name its indices")
    letters = list(dict.fromkeys(letter for term in terms for letter in term))
    check_sizes(sizes, letters, letters)
    labels = [_name(at) for at in range(count)]
    return Network.of(terms, subscripts.result(terms), sizes, labels=labels)


def _name(at: int) -> str:
    return chr(ord("A") + at) if at < 26 else f"A{at}"
