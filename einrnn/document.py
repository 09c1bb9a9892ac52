"""A document: what a person wrote, and everything that can be asked of it."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import cached_property, partial
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Literal, overload

from einrnn.errors import Diagnostic, EinrnnError, LanguageError
from einrnn.source import Source, render

if TYPE_CHECKING:
    from einrnn.check.shelf import Shelf
    from einrnn.check.verdict import Report, Verdict
    from einrnn.core.model import Model
    from einrnn.expression import Expression, Form
    from einrnn.language import Elaborated
    from einrnn.numeric.closed import Closed
    from einrnn.numeric.compressed import CompressedProgram
    from einrnn.numeric.program import Program


# what was read last of texts that were checked
_READ: dict[str, tuple[Elaborated, Model]] = {}
_MOST_READ = 8


class Document:
    """A parsed and elaborated text.

    Building one never fails for what the text says: ``diagnostics`` lists every problem,
    and what is well formed can be used. :func:`einrnn.load` and :func:`einrnn.parse`
    raise instead when there is nothing to use.
    """

    def __init__(self, source: Source) -> None:
        self.source = source
        if source.text in _READ:  # the cached properties
            self.__dict__["_elaborated"], self.__dict__["model"] = _READ[source.text]

    def __reduce__(self) -> tuple[type[Document], tuple[Source]]:
        """A copy is read from the text."""
        return Document, (self.source,)

    @cached_property
    def _elaborated(self) -> Elaborated:
        from einrnn.language import elaborate_text

        return elaborate_text(self.source)

    @property
    def diagnostics(self) -> tuple[Diagnostic, ...]:
        """Errors, warnings and notes about the text, in its order."""
        return self._elaborated.diagnostics

    @property
    def errors_of_definitions(self) -> tuple[Diagnostic, ...]:
        """The errors outside of claims: what is defined may lack something."""
        of_claims = {problem for claim in self._elaborated.invalid for problem in claim.diagnostics}
        found = (problem for problem in self.diagnostics if problem.severity == "error")
        return tuple(problem for problem in found if problem not in of_claims)

    @cached_property
    def model(self) -> Model:
        """The well-formed part, with definitions in simplified form going through late names."""
        from einrnn.symbolic.definitions import tidy_definitions
        from einrnn.symbolic.late import name_late

        return name_late(tidy_definitions(self._elaborated.model))

    def _reading(self) -> Callable[[], None]:
        """Begin to read the text beside what the caller does until the text is needed: then what
        is returned has to be called."""
        known = self.__dict__  # the cached properties
        if "model" in known or "einrnn.check.judge" in sys.modules:  # nothing is loaded beside it
            return lambda: None
        from einrnn.check.aside import Aside

        import_module("einrnn.language.document")  # which other documents will need here
        aside = Aside(lambda: (self._elaborated, self.model))

        def ready() -> None:
            found = known["_elaborated"], known["model"] = aside.result()
            while len(_READ) >= _MOST_READ:
                del _READ[next(iter(_READ))]
            _READ[self.source.text] = found

        return ready

    def check(
        self,
        *,
        labels: Sequence[str] = (),
        explain: Sequence[str] = (),
        seed: int = 0,
        timeout: float = 10.0,
        progress: Callable[[int, int, str], None] | None = None,
        shelf: Shelf | None = None,
    ) -> Report:
        """Judge every claim, or those with one of the labels.

        A claim that should hold and is refuted comes with what is wrong with it; one that
        must be refuted does where ``explain`` has its label.

        ``timeout`` bounds the seconds spent searching and in sympy for any one claim;
        ``progress`` is called with (claims done, claims in all, label of the next). What a
        ``shelf`` has from an earlier process is not judged again.

        Raises:
            EinrnnError: E803, a label is not in the document; E004, the seed is negative or the
                timeout no time.
        """
        start = time.monotonic()
        reading = self._reading()
        from einrnn.check.freed import freed, settled
        from einrnn.check.judge import Judge
        from einrnn.check.verdict import Report
        from einrnn.check.verdicts import verdicts, witnesses

        words = witnesses(seed, frozenset(labels), shelf)
        if seed < 0:
            raise EinrnnError("E004", f"not a seed: {seed}", "give a whole number from 0 on")
        if not timeout > 0:
            raise EinrnnError("E004", f"not a time: {timeout}", "give seconds, such as 10")
        reading()
        self.require_labels((*labels, *explain))
        model = _up_to(self.model, frozenset(labels)) if labels else self.model
        opened = freed(model)
        judge = Judge(opened or model, self.source, seed, timeout, frozenset(explain))
        found = verdicts(judge, frozenset(labels), progress, words, shelf)
        rows = found.verdicts + self._invalid(labels)
        if opened is not None:
            rows = [settled(model, seed, row) for row in rows]
        rows.sort(key=lambda v: (v.line, v.column, v.step))
        seconds = time.monotonic() - start
        return Report(self.source.name, tuple(rows), self.diagnostics, seconds, found.known)

    def require_labels(self, labels: Sequence[str]) -> None:
        """Raise E803 unless each label is one of the document's."""
        known = dict.fromkeys(c.label for c in (*self.model.claims, *self._elaborated.invalid))
        for label in labels:
            if label not in known:
                message = f"there is no claim labelled {label!r}"
                from einrnn.language.names import suggestion

                close = suggestion(label, list(known))
                listed = f"the labels are: {', '.join(known) or 'none'}"
                raise EinrnnError("E803", message, f"did you mean {close}?" if close else listed)

    def _invalid(self, labels: Sequence[str]) -> list[Verdict]:
        """The verdicts on claims that are not well formed."""
        from einrnn.check.verdict import Verdict

        rows: list[Verdict] = []
        for claim in self._elaborated.invalid:
            if labels and claim.label not in labels:
                continue
            line, column = self.source.place(claim.span.start)
            blank = Verdict(
                claim.label, claim.step, line, column, claim.text, claim.expect, "invalid"
            )
            rows.append(replace(blank, diagnostics=claim.diagnostics))
        return rows

    def derive(self, text: str, *, form: Form = "adjoint", using: Sequence[str] = ()) -> Expression:
        """The derivative (or any expression) written out and simplified, in the document's
        own names. ``text`` is for instance ``dL/dW[i,j]``; indices left out are filled in.

        What recurs is written with adjoints, or (``form="sum"``) as a sum over time. The
        declared facts of inputs are always used; an assumption of the document only where
        ``using`` names it, because the result then holds under it only.

        Raises:
            LanguageError: the text is not a well-formed expression of this document.
            EinrnnError: E806, the form is not known; E807, an assumption is not in the document.
        """
        from einrnn.expression import Expression
        from einrnn.language import parse_expression

        with self._broken_names():
            expr, ranges = parse_expression(text, self.model)
        return Expression.derived(self.model, expr, ranges, text, form=form, using=using)

    @overload
    def compile(
        self, *outputs: str, backend: str = ..., compress: Literal[False] = ...
    ) -> Program: ...

    @overload
    def compile(
        self, *outputs: str, backend: str = ..., compress: Literal[True]
    ) -> CompressedProgram: ...

    def compile(
        self, *outputs: str, backend: str = "numpy", compress: bool = False
    ) -> Program | CompressedProgram:
        """One program that computes all outputs (``"L"``, ``"dL/dW"``, ``"yhat[t,k]"``).

        Derivatives become adjoint recurrences where the differentiated tensor has no more
        axes than the other one. The arrays of the result have the axes of the output.
        With ``compress`` each result is a :class:`~einrnn.numeric.structured.Structured`:
        blocks that repeat and diagonals are kept once.

        Products with derivatives are ``"jvp(yhat, W=v)"``, ``"vjp(yhat=c, W)"`` and, with
        second derivatives, ``"hvp(L, W=v)"``. They cost a small multiple of ``yhat`` or of
        the gradient. ``v``, of the axes of ``W``, is a tensor of the document, or an input
        of the program where the document has none of that name.

        Raises:
            LanguageError: an output is not a well-formed expression of this document;
                E808, a product of derivatives is not.
            EinrnnError: E801, the backend is not known or not installed.
        """
        from einrnn.numeric.backends import require

        require(backend)
        if not outputs:
            raise EinrnnError("E802", "nothing to compile", 'name an output, e.g. compile("L")')
        for output in outputs:
            if not isinstance(output, str):  # pyright: ignore[reportUnnecessaryIsInstance]
                message = f"an output is a text, not {output!r}"
                raise EinrnnError("E802", message, 'name them one by one: compile("L", "dL/dW")')
        if compress:
            from einrnn.numeric.compressed import compile_compressed
            from einrnn.outputs import formula_of

            with self._broken_names():
                formula = formula_of(self.model, outputs)
            return compile_compressed(*formula.closed(), backend=backend)
        return self._program(outputs, backend)

    def _program(self, outputs: tuple[str, ...], backend: str) -> Program:
        """The program; nothing is read again that an earlier process has compiled."""
        from einrnn.numeric.memory import memory_of
        from einrnn.numeric.program import Program

        memory = memory_of(self.source.text, outputs, backend)
        again = partial(_compiled, self.source, outputs, backend)
        if memory is not None and memory.known:
            return Program(backend, lambda: self._closed(outputs, backend), memory, again)
        closed = self._closed(outputs, backend)
        return Program(backend, lambda: closed, memory, again)

    def _closed(self, outputs: tuple[str, ...], backend: str) -> Closed:
        from einrnn.numeric.program import closed_formula
        from einrnn.outputs import formula_of

        with self._broken_names():
            formula = formula_of(self.model, outputs)
        return closed_formula(formula, backend)

    @contextmanager
    def _broken_names(self) -> Generator[None, None, None]:
        """What a text says that is asked about later; a name that is not known may be one whose
        definition is wrong, and that is what has to be mended."""
        try:
            yield
        except LanguageError as problem:
            if problem.code == "E401":
                self.raise_errors()
            raise

    def __str__(self) -> str:
        return self.source.text

    def __repr__(self) -> str:
        return f"Document({self.source.name!r}, {len(self.model.claims)} claims)"

    def latex(self) -> str:
        """The whole document as LaTeX."""
        from einrnn.language.latex import document_latex

        return document_latex(self._elaborated.model)

    def raise_errors(self) -> None:
        """Raise the first error of the text, with all of them attached, if there is one.

        Raises:
            LanguageError: the text has an error.
        """
        errors = tuple(d for d in self.diagnostics if d.severity == "error")
        if errors:
            first = errors[0]
            text = "\n".join(render(self.source, problem) for problem in errors)
            raise LanguageError(
                first.code,
                first.message,
                f"{first.help or ''}\n{text}",
                first.span,
                errors,
                self.source.text,
                self.source.name,
            )


def _up_to(model: Model, wanted: frozenset[str]) -> Model:
    """The model with the claims that are asked for and those before them, which may be lemmas."""
    places = [place for place, claim in enumerate(model.claims) if claim.label in wanted]
    return replace(model, claims=model.claims[: max(places, default=-1) + 1])


def load(path: str | Path) -> Document:
    """Read a document from a ``.ein`` file in UTF-8.

    Raises:
        LanguageError: E001, the file cannot be read.
    """
    return Document(read_source(str(path)))


def read_source(path: str) -> Source:
    """The text of a file, or of standard input for ``-``.

    Raises:
        LanguageError: E001, the file cannot be read or is not UTF-8.
    """
    import sys

    try:
        if path == "-":
            return Source.of(sys.stdin.buffer.read().decode("utf-8"), "<stdin>")
        return Source.of(Path(path).read_bytes().decode("utf-8"), path)
    except OSError as problem:
        reason = problem.strerror or str(problem)
        message = f"cannot read {path}: {reason}"
        raise LanguageError("E001", message, "name a .ein file, or - for standard input") from None
    except UnicodeDecodeError as problem:
        message = f"{path} is not UTF-8: byte {problem.start} cannot be read"
        raise LanguageError("E001", message, "save the file as UTF-8") from None


def parse(text: str, name: str = "<string>") -> Document:
    """A document from a string."""
    return Document(Source.of(text, name))


def _compiled(source: Source, outputs: tuple[str, ...], backend: str) -> Program:
    """A program of a document in another process."""
    return Document(source).compile(*outputs, backend=backend)
