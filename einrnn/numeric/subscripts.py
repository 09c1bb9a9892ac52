"""Reading einsum strings and fitting them to shapes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from einrnn.dataclass import dataclass
from einrnn.errors import Diagnostic, EinrnnError, EvaluationError, Span, raised

ELLIPSIS = "…"


def _problem(code: str, text: str, start: int, length: int, message: str) -> EinrnnError:
    """An error that shows the string with carets under the place."""
    drawing = f"{text}\n{' ' * start}{'^' * max(length, 1)}"
    span = Span(start, start + max(length, 1))
    return raised(Diagnostic(code, message, span, help=f"in\n{drawing}"), EvaluationError)


@dataclass(frozen=True)
class Term:
    """The letters of one operand or of the output; ``…`` stands for an ellipsis.

    ``places`` are their positions in the string, ``start`` and ``end`` those of the term.
    """

    letters: tuple[str, ...]
    places: tuple[int, ...]
    start: int
    end: int


@dataclass(frozen=True)
class Subscripts:
    """An einsum string taken apart; ``output`` is None where it is implicit."""

    text: str
    operands: tuple[Term, ...]
    output: Term | None

    def labels(self, shapes: Sequence[tuple[int, ...]]) -> list[tuple[str, ...]]:
        """The label of each axis of each operand; ellipsis axes are ``…1``, ``…2``, from the
        right. Raises EvaluationError (E705) for a wrong number of axes."""
        return [
            self._spelled_out(number, term, shape)
            for number, (term, shape) in enumerate(zip(self.operands, shapes, strict=True))
        ]

    def _spelled_out(self, number: int, term: Term, shape: tuple[int, ...]) -> tuple[str, ...]:
        named = [letter for letter in term.letters if letter != ELLIPSIS]
        further = len(shape) - len(named)
        if further < 0 or (further and ELLIPSIS not in term.letters):
            raise _problem(
                "E705",
                self.text,
                term.start,
                term.end - term.start,
                f"operand {number} has {len(shape)} axes, shape {shape}; "
                f"its subscripts name {len(named)}",
            )
        labels: list[str] = []
        for letter in term.letters:
            if letter == ELLIPSIS:
                labels += [f"{ELLIPSIS}{further - place}" for place in range(further)]
            else:
                labels.append(letter)
        return tuple(labels)

    def sizes(
        self, labels: Sequence[tuple[str, ...]], shapes: Sequence[tuple[int, ...]]
    ) -> dict[str, int]:
        """The size of each label. Raises EvaluationError (E701) where there are two."""
        sizes: dict[str, int] = {}
        first: dict[str, tuple[int, int]] = {}
        for number, (names, shape) in enumerate(zip(labels, shapes, strict=True)):
            for axis, (label, size) in enumerate(zip(names, shape, strict=True)):
                known = sizes.get(label)
                stretches = label.startswith(ELLIPSIS) and 1 in (known, size)
                if known is not None and known != size and not stretches:
                    raise self._clash(label, known, first[label], size, (number, axis))
                if known is None or known == 1:
                    sizes[label] = size
                    first[label] = (number, axis)
        return sizes

    def _clash(
        self, label: str, known: int, first: tuple[int, int], size: int, place: tuple[int, int]
    ) -> EinrnnError:
        term = self.operands[place[0]]
        shown = ELLIPSIS if label.startswith(ELLIPSIS) else label
        at = [p for p, letter in zip(term.places, term.letters, strict=True) if letter == shown]
        which = "the ellipsis" if shown == ELLIPSIS else f"index {label}"
        return _problem(
            "E701",
            self.text,
            at[-1],
            1,
            f"{which} has two sizes: {known} on axis {first[1]} of operand {first[0]}, "
            f"{size} on axis {place[1]} of operand {place[0]}",
        )

    def result(self, labels: Sequence[tuple[str, ...]]) -> list[str]:
        """The labels of the output. Raises EvaluationError (E707) where it has no ellipsis
        and the operands have axes under theirs."""
        further = {name for names in labels for name in names if name.startswith(ELLIPSIS)}
        ellipsis = sorted(further, key=lambda name: -int(name[1:]))
        if self.output is None:
            counts = Counter(letter for term in self.operands for letter in term.letters)
            once = [letter for letter, n in counts.items() if n == 1 and letter != ELLIPSIS]
            return [*ellipsis, *sorted(once)]
        if ellipsis and ELLIPSIS not in self.output.letters:
            raise _problem(
                "E707",
                self.text,
                self.output.start,
                self.output.end - self.output.start,
                f"the ellipsis stands for {len(ellipsis)} axes, which the output does not have",
            )
        result: list[str] = []
        for letter in self.output.letters:
            result += ellipsis if letter == ELLIPSIS else [letter]
        return result


def parse(text: str, count: int) -> Subscripts:
    """Take an einsum string for ``count`` operands apart."""
    left, arrow, _ = text.partition("->")
    terms: list[Term] = []
    start = 0
    for piece in left.split(","):
        terms.append(_term(text, start, start + len(piece)))
        start += len(piece) + 1
    if len(terms) != count:
        raise _problem(
            "E704",
            text,
            0,
            len(left),
            f"the subscripts name {len(terms)} operands; {count} were given",
        )
    output = _term(text, len(left) + 2, len(text)) if arrow else None
    if output is not None:
        _check_output(text, terms, output)
    return Subscripts(text, tuple(terms), output)


def _term(text: str, start: int, end: int) -> Term:
    letters: list[str] = []
    places: list[int] = []
    at = start
    while at < end:
        character = text[at]
        if character.isspace():
            at += 1
            continue
        dots = text[at : at + 3] == "..." and at + 3 <= end
        if not dots and not (character.isascii() and character.isalpha()):
            raise _problem(
                "E706", text, at, 1, f"{character!r} is not a letter of an einsum string"
            )
        if dots and ELLIPSIS in letters:
            raise _problem("E706", text, at, 3, "a second ellipsis in one term")
        letters.append(ELLIPSIS if dots else character)
        places.append(at)
        at += 3 if dots else 1
    return Term(tuple(letters), tuple(places), start, end)


def _check_output(text: str, terms: Sequence[Term], output: Term) -> None:
    known = {letter for term in terms for letter in term.letters} | {ELLIPSIS}
    for number, (letter, place) in enumerate(zip(output.letters, output.places, strict=True)):
        if letter not in known:
            raise _problem(
                "E702", text, place, 1, f"the output index {letter} is in none of the operands"
            )
        if letter in output.letters[:number]:
            raise _problem("E703", text, place, 1, f"the output index {letter} occurs twice")
