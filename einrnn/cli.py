"""The command line: ``einrnn check``, ``derive``, ``run``, ``export``, ``paths``, ``latex``
and ``report``."""

from __future__ import annotations

import atexit
import gc
import json
import os
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import click

from einrnn import __version__
from einrnn.cli_paths import paths
from einrnn.errors import Diagnostic, EinrnnError
from einrnn.source import Source, render

if TYPE_CHECKING:
    from einrnn.check.verdict import Report
    from einrnn.document import Document
    from einrnn.expression import Expression, Form

_PROGRESS_AFTER = 1.0


class _Commands(click.Group):
    """A group whose commands end with a diagnostic and status 2 on any error of the project."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            return super().invoke(ctx)
        except (click.ClickException, click.exceptions.Exit, click.Abort):
            raise
        except EinrnnError as error:
            _fail(error)
        except BrokenPipeError:
            sys.stderr.close()
            raise SystemExit(2) from None
        except OSError as problem:  # what is read and written by name says so itself
            message = f"the output cannot be written: {problem.strerror or problem}"
            _fail(EinrnnError("E002", message, "see that there is room for it"))
        except Exception as defect:
            if os.environ.get("EINRNN_TRACEBACK"):
                raise
            message = f"a defect of einrnn: {type(defect).__name__}: {defect}"
            help_ = "please report it, with the output under EINRNN_TRACEBACK=1"
            _fail(EinrnnError("E999", message, help_))


def _fail(error: EinrnnError, source: Source | None = None) -> NoReturn:
    """Print an error, under the text it speaks of where that is known, and exit with 2."""
    if error.text is not None:
        source = Source.of(error.text, error.name)
    for problem in error.diagnostics or (
        Diagnostic(error.code, error.message, error.span, help=error.help),
    ):
        if source is None:
            head = f"error[{problem.code}]: {problem.message}"
            tail = f"\n  help: {problem.help}" if problem.help else ""
            click.echo(head + tail, err=True)
        else:
            click.echo(render(source, problem), err=True)
    raise SystemExit(2)


@click.group(cls=_Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="einrnn")
def main() -> None:
    """Check, differentiate and compile derivations in index notation."""
    # expressions are many small objects that live long and form no cycles
    gc.set_threshold(1_000_000, 50, 50)
    atexit.register(gc.freeze)  # nor are they searched for any when the process ends


@main.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--label", "labels", multiple=True, metavar="L", help="Judge this claim only.")
@click.option(
    "--explain",
    "explain",
    multiple=True,
    metavar="L",
    help="Judge this claim only, and print all that is known of it.",
)
@click.option(
    "--seed",
    default=0,
    show_default=True,
    type=click.IntRange(min=0),
    help="Seed of all random choices.",
)
@click.option(
    "--timeout",
    default=10.0,
    show_default=True,
    type=click.FloatRange(min=0.01),
    metavar="S",
    help="Seconds of search allowed for any one claim.",
)
@click.option(
    "--accept",
    type=click.Choice(["proved", "tested"]),
    default="proved",
    show_default=True,
    help="The weakest verdict that counts as good.",
)
@click.option("--fresh", is_flag=True, help="Judge every claim, whatever is known of it.")
def check(
    files: tuple[str, ...],
    as_json: bool,
    labels: tuple[str, ...],
    explain: tuple[str, ...],
    seed: int,
    timeout: float,
    accept: str,
    fresh: bool,
) -> None:
    """Judge every claim of the files ("-" is standard input).

    What was proved or refuted before is not judged again while neither einrnn nor the
    document, up to that claim, has changed.

    Exit status: 0 all is as its author says, 1 something is refuted or only tested, 2 a
    file cannot be read or is not well formed.
    """
    start = time.monotonic()
    # small arrays only; idle threads of BLAS would take the processor from the processes beside
    os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
    accepted = ("proved", "tested") if accept == "tested" else ("proved",)
    results: list[tuple[Source, Report]] = []
    unreadable: list[tuple[str, Diagnostic]] = []
    asked = _Asked((*labels, *explain), explain, seed, timeout, fresh)
    for name in files:
        _check_file(name, asked, results, unreadable)
    if as_json:
        click.echo(json.dumps(_json(results, unreadable, time.monotonic() - start), indent=2))
    else:
        _print_reports(results, unreadable, accepted, explain)
    reports = [report for _, report in results]
    if unreadable or any(r.errors or r.counts["invalid"] for r in reports):
        raise SystemExit(2)
    raise SystemExit(0 if all(r.ok_with(accepted) for r in reports) else 1)


class _Asked(NamedTuple):
    """What is asked about every file; without ``labels`` about all of its claims."""

    labels: tuple[str, ...]
    explain: tuple[str, ...]
    seed: int
    timeout: float
    fresh: bool = False


def _check_file(
    name: str,
    asked: _Asked,
    results: list[tuple[Source, Report]],
    unreadable: list[tuple[str, Diagnostic]],
) -> None:
    from einrnn.check.shelf import Shelf
    from einrnn.document import Document, read_source

    try:
        document = Document(read_source(name))
        with _Progress() as progress:
            report = document.check(
                labels=asked.labels,
                explain=asked.explain,
                seed=asked.seed,
                timeout=asked.timeout,
                progress=progress,
                shelf=None if asked.fresh else Shelf.of(name),
            )
    except EinrnnError as error:
        unreadable.append((name, Diagnostic(error.code, error.message, help=error.help)))
        return
    results.append((document.source, report))


class _Progress:
    """A bar on the terminal's error stream, shown once the work has taken a second."""

    def __init__(self) -> None:
        self._start = time.monotonic()
        self._bar: Any = None
        self._task: Any = None

    def __enter__(self) -> Callable[[int, int, str], None] | None:
        return self._advance if sys.stderr.isatty() else None

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def _advance(self, done: int, total: int, label: str) -> None:
        if self._bar is None:
            if time.monotonic() - self._start < _PROGRESS_AFTER:
                return
            from rich.console import Console
            from rich.progress import Progress

            self._bar = Progress(console=Console(stderr=True), transient=True)
            self._task = self._bar.add_task("checking", total=total)
            self._bar.start()
        self._bar.update(self._task, completed=done, description=f"checking [{label}]")


def _print_reports(
    results: list[tuple[Source, Report]],
    unreadable: list[tuple[str, Diagnostic]],
    accepted: tuple[str, ...],
    explain: tuple[str, ...],
) -> None:
    from einrnn.report import report_text

    for position, (source, report) in enumerate(results):
        click.echo(("\n" if position else "") + report_text(report, source, accepted, explain))
    for _, problem in unreadable:
        tail = f"\n  help: {problem.help}" if problem.help else ""
        click.echo(f"error[{problem.code}]: {problem.message}{tail}", err=True)


def _json(
    results: list[tuple[Source, Report]], unreadable: list[tuple[str, Diagnostic]], seconds: float
) -> dict[str, Any]:
    files: list[dict[str, Any]] = []
    names = ("proved", "tested", "refuted", "invalid", "unexpected")
    summary = dict.fromkeys(names, 0)
    for source, report in results:
        problems = [*report.diagnostics]
        problems += [d for v in report for d in v.diagnostics if d not in problems]
        files.append(
            {
                "file": report.name,
                "claims": [verdict.as_json() for verdict in report],
                "diagnostics": [_diagnostic_json(source, problem) for problem in problems],
            }
        )
        for name in names:
            summary[name] += report.counts[name]
    for name, problem in unreadable:
        rows = [_diagnostic_json(None, problem)]
        files.append({"file": name, "claims": [], "diagnostics": rows})
    return {"files": files, "summary": summary, "seconds": round(seconds, 4)}


def _diagnostic_json(source: Source | None, problem: Diagnostic) -> dict[str, Any]:
    line = column = end_column = None
    if source is not None and problem.span is not None:
        line, column = source.place(problem.span.start)
        end_column = column + problem.span.end - problem.span.start
    return {
        "code": problem.code,
        "severity": problem.severity,
        "line": line,
        "column": column,
        "end_column": end_column,
        "message": problem.message,
        "help": problem.help,
    }


def _document(file: str) -> Document:
    """A document whose text must be free of errors."""
    from einrnn.document import Document, read_source

    document = Document(read_source(file))
    _refuse(document, tuple(d for d in document.diagnostics if d.severity == "error"))
    return document


def _definitions(file: str) -> Document:
    """A document to compute with: all but its claims must be free of errors."""
    from einrnn.document import Document, read_source

    document = Document(read_source(file))
    _refuse(document, document.errors_of_definitions)
    return document


def _refuse(document: Document, errors: tuple[Diagnostic, ...]) -> None:
    """End with the errors, if there are any."""
    if errors:
        first = errors[0]
        _fail(EinrnnError(first.code, first.message, diagnostics=errors), document.source)


@main.command()
@click.argument("file")
@click.argument("derivative")
@click.option("--form", type=click.Choice(["adjoint", "sum"]), default="adjoint", show_default=True)
@click.option("--using", multiple=True, metavar="NAME", help="An assumption to grant.")
@click.option("--latex", "output", flag_value="latex", help="Print LaTeX.")
@click.option("--json", "output", flag_value="json", help="Print one JSON object.")
@click.option("--ein", "output", flag_value="ein", help="Print statements for the document.")
def derive(
    file: str, derivative: str, form: Form, using: tuple[str, ...], output: str | None
) -> None:
    """Write out a derivative, such as "dL/dW[i,j]", in the document's own names.

    What recurs is written with adjoints, or with --form sum as a sum over time. Without --using,
    what the result becomes under an assumption of the document is added where that is another.
    """
    document = _definitions(file)
    result = document.derive(derivative, form=form, using=using)
    if output == "latex":
        click.echo(result.latex())
    elif output == "ein":
        click.echo(result.statements(), nl=False)
    elif output == "json":
        fields = {
            "derivative": derivative,
            "text": str(result),
            "latex": result.latex(),
            "where": list(result.where),
            "form": form,
            "using": list(using),
        }
        click.echo(json.dumps(fields, indent=2, ensure_ascii=False))
    else:
        granted = f" using {', '.join(using)}" if using else ""
        click.echo(f"{result.left} = {result}{granted}")
        _where(result)
        if not using:
            _under_assumptions(document, derivative, form, result)


def _where(result: Expression) -> None:
    for definition in result.where:
        click.echo(f"  where {definition}")


def _under_assumptions(document: Document, derivative: str, form: Form, plain: Expression) -> None:
    """What a derivative becomes under each assumption that makes it another."""
    for given in document.model.assumptions:
        result = document.derive(derivative, form=form, using=(given.name,))
        if (str(result), result.where) != (str(plain), plain.where):
            click.echo(f"using {given.name}:")
            click.echo(f"{result.left} = {result}")
            _where(result)


@main.command()
@click.argument("file")
@click.argument("outputs", nargs=-1, required=True, metavar="OUTPUT…")
@click.option("--data", required=True, metavar="F.npz", help="The inputs, one array by name.")
@click.option("--out", required=True, metavar="F.npz", help="Where the outputs go.")
@click.option("--backend", default="numpy", show_default=True)
@click.option("--size", "sizes", multiple=True, metavar="N=5", help="A size that no input gives.")
def run(
    file: str, outputs: tuple[str, ...], data: str, out: str, backend: str, sizes: tuple[str, ...]
) -> None:
    """Compute outputs, such as L "dL/dW", from arrays."""
    import numpy as np

    program = _definitions(file).compile(*outputs, backend=backend)
    arrays = {name: array for name, array in _arrays(data).items() if name in program.inputs}
    results = program(**arrays, **_sizes(sizes))
    try:
        with Path(out).open("wb") as stream:
            named: dict[str, Any] = {name: np.asarray(results[name]) for name in outputs}
            np.savez(stream, **named)
    except OSError as problem:
        raise _unwritable(out, problem) from None
    for name in outputs:
        result = np.asarray(results[name])
        shape = " × ".join(str(size) for size in result.shape) or "a number"
        click.echo(f"{name}: {shape}, {result.dtype}")


@main.command()
@click.argument("file")
@click.argument("outputs", nargs=-1, required=True, metavar="OUTPUT…")
@click.option("--backend", default="numpy", show_default=True, help="numpy, jax or torch.")
@click.option("--dtype", type=click.Choice(["float32", "float64"]), default="float64")
@click.option("--size", "sizes", multiple=True, metavar="T=50", help="The sizes it is for.")
@click.option("-o", "output", metavar="F.py", help="Write to a file.")
def export(
    file: str,
    outputs: tuple[str, ...],
    backend: str,
    dtype: str,
    sizes: tuple[str, ...],
    output: str | None,
) -> None:
    """Print a module that computes outputs and does not need einrnn."""
    program = _definitions(file).compile(*outputs, backend=backend)
    text = program.module(dtype=dtype, **_sizes(sizes))
    if not sizes and program.sizes:
        said = "its head" if backend == "native" else "SHAPES"
        note = f"note: written for the sizes that {said} says; give others by --size"
        click.echo(note, err=True)
    if output is None:
        click.echo(text, nl=False)
    else:
        _write(output, text)


def _write(path: str, text: str) -> None:
    try:
        Path(path).write_text(text, encoding="utf-8")
    except OSError as problem:
        raise _unwritable(path, problem) from None


def _unwritable(path: str, problem: OSError) -> EinrnnError:
    message = f"cannot write {path}: {problem.strerror}"
    return EinrnnError("E002", message, "name a file in a folder that is there")


def _arrays(path: str) -> Mapping[str, Any]:
    import zipfile

    import numpy as np

    try:
        loaded: Any = np.load(path, allow_pickle=False)
        if isinstance(loaded, np.ndarray):
            raise ValueError("a single array")
        with loaded as archive:
            return {name: archive[name] for name in archive.files}
    except OSError as problem:
        reason = problem.strerror or str(problem)
        message = f"cannot read {path}: {reason}"
        raise EinrnnError("E003", message, "name a file written with numpy.savez") from None
    except (ValueError, EOFError, zipfile.BadZipFile):
        message = f"{path} is not an .npz archive of plain arrays"
        raise EinrnnError("E003", message, "write it with numpy.savez") from None


def _sizes(given: tuple[str, ...]) -> dict[str, int]:
    sizes: dict[str, int] = {}
    for text in given:
        name, equals, number = text.partition("=")
        if not (equals and name.isidentifier() and number.isdigit() and int(number) > 0):
            raise EinrnnError("E004", f"not a size: {text!r}", "write a name and a number: N=5")
        sizes[name] = int(number)
    return sizes


@main.command()
@click.argument("file")
@click.option("-o", "output", metavar="F.tex", help="Write to a file.")
def latex(file: str, output: str | None) -> None:
    """Write the document as LaTeX."""
    text = _document(file).latex()
    if output is None:
        click.echo(text)
    else:
        _write(output, text + "\n")


@main.command()
@click.argument("files", nargs=-1, required=True, metavar="FILE…")
@click.option("-o", "output", required=True, metavar="F.html", help="The page to write.")
@click.option("--explain", "explain", multiple=True, metavar="L", help="Write this proof out.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(min=0))
@click.option("--timeout", default=10.0, show_default=True, type=click.FloatRange(min=0.01))
def report(
    files: tuple[str, ...], output: str, explain: tuple[str, ...], seed: int, timeout: float
) -> None:
    """Write a page with the verdict on every claim of the files, and their text."""
    from einrnn.page import page

    results: list[tuple[Source, Report]] = []
    unreadable: list[tuple[str, Diagnostic]] = []
    for name in files:
        _check_file(name, _Asked((), explain, seed, timeout), results, unreadable)
    for _, problem in unreadable:
        _fail(EinrnnError(problem.code, problem.message, problem.help))
    _write(output, page(results, ("proved",), explain))


main.add_command(paths)


if __name__ == "__main__":
    main()
