"""What ``einrnn check`` prints: one line a claim, details of what needs attention, a summary."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import click

from einrnn.check import explanations
from einrnn.check.verdict import Counterexample, Report, Verdict
from einrnn.source import Source, render

_COLOURS = {"proved": "green", "tested": "green", "refuted": "red", "invalid": "red"}
_WIDEST_ARRAY = 60


def report_text(
    report: Report, source: Source, accepted: tuple[str, ...], explain: Sequence[str] = ()
) -> str:
    """The whole human-readable report on one document, with the details of the claims that
    need attention and of those that ``explain`` names."""
    rows = [click.style(report.name, bold=True)]
    labels = [label_of(verdict, report.verdicts) for verdict in report.verdicts]
    width = min(max((len(label) for label in labels), default=0), 24)
    for label, verdict in zip(labels, report.verdicts, strict=True):
        rows.append(_line(label.ljust(width), verdict))
    rows += problems(report, source)
    for verdict in report.verdicts:
        asked = verdict.label in explain
        if verdict.diagnostics and all(d in report.diagnostics for d in verdict.diagnostics):
            continue  # shown above
        if asked or not verdict.as_expected or verdict.notes:
            rows += ["", *_details(source, verdict, asked)]
    rows += ["", summary_line(report, accepted)]
    return "\n".join(rows)


def problems(report: Report, source: Source) -> Iterator[str]:
    """Errors, and of each kind of warning the first; of the others where they are. Notes too,
    where a claim is not as its author says: how a text is read may be why."""
    again: dict[str, list[int]] = {}
    as_expected = all(verdict.as_expected for verdict in report.verdicts)
    for problem in report.diagnostics:
        if problem.severity == "note" and as_expected:
            continue
        if problem.severity != "error" and problem.span is not None:
            lines = again.setdefault(problem.code, [])
            lines.append(source.place(problem.span.start)[0])
            if len(lines) > 1:
                continue
        yield ""
        yield _coloured(render(source, problem), problem.severity)
    for code, lines in again.items():
        if len(lines) > 1:
            places = ", ".join(str(line) for line in dict.fromkeys(lines[1:]))
            word = "line" if len(set(lines[1:])) == 1 else "lines"
            severity = "note" if code.startswith("N") else "warning"
            more = f"{severity}[{code}]: {len(lines) - 1} more like this, in {word} {places}"
            yield ""
            yield click.style(more, fg="yellow")


def label_of(verdict: Verdict, verdicts: Sequence[Verdict]) -> str:
    """The label, with the step where the chain has several."""
    steps = sum(other.label == verdict.label for other in verdicts)
    return f"{verdict.label} ({verdict.step})" if steps > 1 else verdict.label


def _line(label: str, verdict: Verdict) -> str:
    good = verdict.as_expected
    mark = click.style("ok  " if good else "FAIL", fg="green" if good else "red", bold=not good)
    colour = "green" if good else _COLOURS[verdict.verdict]
    name = click.style(f"{verdict.verdict:8}", fg=colour)
    return f"  {mark}  {label}  {name}  {click.style(how(verdict), dim=True)}".rstrip()


def how(verdict: Verdict) -> str:
    """In one line how a verdict came about, or what is wrong."""
    if verdict.verdict == "refuted" and verdict.counterexample is not None:
        wanted = "as it must be" if verdict.expect == "refute" else "but it should hold"
        return f"{wanted}: {_where(verdict.counterexample)}"
    if verdict.verdict == "invalid":
        return ", ".join(dict.fromkeys(problem.code for problem in verdict.diagnostics))
    parts = [verdict.method, *verdict.steps] if verdict.method else []
    if verdict.max_error is not None and verdict.verdict == "tested":
        parts.append(f"error {verdict.max_error:.0e}")
    if verdict.initial_state == "any":
        parts.append("any initial state")
    if verdict.assumptions:
        parts.append("using " + ", ".join(verdict.assumptions))
    if verdict.verdict != "refuted" and verdict.expect == "refute":
        parts.append("but it must be refuted")
    return ", ".join(parts)


def _where(found: Counterexample) -> str:
    places = [f"{name}={value}" for name, value in (*found.sizes.items(), *found.at.items())]
    relation = "=" if found.exact else "≈"
    sides = f"left {relation} {_number(found.left)}, right {relation} {_number(found.right)}"
    return f"{' '.join(places)}: {sides}" if places else sides


def _number(value: float) -> str:
    return f"{value:.6g}"


def _details(source: Source, verdict: Verdict, asked: bool) -> Iterator[str]:
    """What a person needs to see of a claim that is not as its author says, or asked for."""
    for problem in verdict.diagnostics:
        yield _coloured(render(source, problem), problem.severity)
    where = f"{source.name}:{verdict.line}:{verdict.column}"
    if verdict.diagnostics:
        return
    expected = "" if verdict.as_expected else f", but must {_must(verdict)}"
    yield click.style(f"{where}: [{verdict.label}] {verdict.verdict}{expected}", bold=True)
    yield f"  {verdict.statement}"
    yield from remarks(verdict, asked)


def remarks(verdict: Verdict, asked: bool) -> Iterator[str]:
    """Notes, the proof, the counterexample and what is wrong, line by line."""
    for note in verdict.notes:
        yield f"  note: {note}"
    if asked and verdict.method and verdict.counterexample is None:
        yield from explanations.how(verdict)
    if verdict.counterexample is not None and (asked or not verdict.as_expected):
        yield from _example(verdict.counterexample)
    yield from explanations.why_not(verdict)


def _must(verdict: Verdict) -> str:
    return "be refuted" if verdict.expect == "refute" else "hold"


def _example(found: Counterexample) -> Iterator[str]:
    sizes = ", ".join(f"{name} = {size}" for name, size in found.sizes.items())
    at = ", ".join(f"{name} = {value}" for name, value in found.at.items())
    yield f"  counterexample with {sizes or 'no sizes'}" + (f", at {at}:" if at else ":")
    relation = "=" if found.exact else "≈"
    yield f"    left  {relation} {_number(found.left)}"
    yield f"    right {relation} {_number(found.right)}"
    if found.hidden and found.exact:
        yield "    floats do not tell them apart, exact arithmetic does"
    elif found.hidden:
        off = abs(found.left - found.right)
        yield f"    they differ by {off:.1e}, much more than rounding may have done"
    for name, value in found.inputs.items():
        yield f"    {name} = {_array(value)}"


def _array(value: Any) -> str:
    text = _nested(value)
    return text if len(text) <= _WIDEST_ARRAY else text[: _WIDEST_ARRAY - 3] + "..."


def _nested(value: Any) -> str:
    if isinstance(value, list):
        items: list[Any] = value  # type: ignore[assignment]
        return "[" + ", ".join(_nested(item) for item in items) + "]"
    return _number(value)


def _coloured(text: str, severity: str) -> str:
    first, _, rest = text.partition("\n")
    colour = {"error": "red", "warning": "yellow"}.get(severity, "cyan")
    return click.style(first, fg=colour, bold=True) + ("\n" + rest if rest else "")


def summary_line(report: Report, accepted: tuple[str, ...]) -> str:
    """Counts of the verdicts, whether all is well, and the time it took."""
    counts = [f"{n} {name}" for name, n in report.counts.items() if n and name != "unexpected"]
    errors = len(report.errors)
    if errors:
        counts.append(f"{errors} error{'s' if errors > 1 else ''} in the text")
    text = ", ".join(counts) or "no claims"
    unexpected = report.counts["unexpected"]
    if unexpected:
        verdict = click.style(f"{unexpected} not as expected", fg="red", bold=True)
    elif errors:
        verdict = click.style("not well formed", fg="red", bold=True)
    elif report.ok_with(accepted):
        verdict = click.style("all as expected", fg="green", bold=True)
    else:
        verdict = click.style("nothing false found, not all proved", fg="yellow", bold=True)
    known = f", {report.known} known from before" if report.known else ""
    return f"{text}: {verdict} ({report.seconds:.2f} s{known})"
