"""What ``einrnn report`` writes: a page of verdicts that needs nothing beside it.

Every claim has its verdict with all that is known of it; below is the text of the document,
each claim marked there. Whatever a document says is shown as text, never as markup.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

import click

from einrnn.check.verdict import Report, Verdict
from einrnn.report import how, label_of, problems, remarks, summary_line
from einrnn.source import Source, render

_STYLE = """
:root { color-scheme: light dark; --good: #1a7f37; --bad: #cf222e; --dim: #6e7781;
        --line: #d0d7de; --back: #f6f8fa; }
@media (prefers-color-scheme: dark) {
  :root { --good: #3fb950; --bad: #f85149; --dim: #8b949e; --line: #30363d; --back: #161b22; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 62rem; margin: 2rem auto; padding: 0 1rem; }
pre, code { font: 14px/1.45 ui-monospace, monospace; }
pre { overflow-x: auto; margin: .4rem 0; }
article { border: 1px solid var(--line); border-radius: 6px; padding: .5rem .9rem;
  margin: .6rem 0; }
article.bad { border-color: var(--bad); }
article h3 { margin: 0; font-size: 1rem; display: flex; gap: .7rem; align-items: baseline; }
.good { color: var(--good); } .bad b { color: var(--bad); } .how { color: var(--dim);
  font-weight: normal; font-size: .9rem; }
details pre, .text { background: var(--back); padding: .6rem .8rem; border-radius: 6px; }
.text a { color: var(--dim); text-decoration: none; user-select: none; }
.text .good, .text .bad { font-weight: bold; } .text .bad { color: var(--bad); }
"""


def page(
    results: Sequence[tuple[Source, Report]], accepted: tuple[str, ...], explain: Sequence[str] = ()
) -> str:
    """An HTML page on some documents; the proofs of the claims that ``explain`` names are
    written out."""
    title = ", ".join(report.name for _, report in results)
    body = [
        part
        for number, (source, report) in enumerate(results, 1)
        for part in _document(f"d{number}", source, report, accepted, explain)
    ]
    return "\n".join(
        (
            "<!doctype html>",
            '<html lang="en">',
            '<meta charset="utf-8">',
            '<meta name="viewport" content="width=device-width, initial-scale=1">',
            f"<title>{escape(title)}</title>",
            f"<style>{_STYLE}</style>",
            "<body>",
            *body,
            "</body>",
            "</html>",
            "",
        )
    )


def _document(
    anchor: str,
    source: Source,
    report: Report,
    accepted: tuple[str, ...],
    explain: Sequence[str],
) -> Iterator[str]:
    yield f"<h1>{escape(report.name)}</h1>"
    yield f"<p>{escape(click.unstyle(summary_line(report, accepted)))}</p>"
    found = "\n".join(problems(report, source)).strip()
    if found:
        yield f'<pre class="text">{escape(click.unstyle(found))}</pre>'
    yield "<h2>Claims</h2>"
    for number, verdict in enumerate(report.verdicts, 1):
        yield from _claim(f"{anchor}-{number}", source, report, verdict, explain)
    yield "<h2>Text</h2>"
    text = "\n".join(_text(anchor, source, report))
    yield f'<pre class="text">{text}</pre>'


def _claim(
    anchor: str, source: Source, report: Report, verdict: Verdict, explain: Sequence[str]
) -> Iterator[str]:
    tone = "good" if verdict.as_expected else "bad"
    label = escape(label_of(verdict, report.verdicts))
    yield f'<article id="{anchor}" class="{tone}">'
    yield (
        f'<h3><span>[{label}]</span> <b class="{tone}">{verdict.verdict}</b> '
        f'<span class="how">{escape(how(verdict))}</span></h3>'
    )
    yield f"<pre>{escape(_dedented(verdict.statement))}</pre>"
    lines = [render(source, problem) for problem in verdict.diagnostics]
    lines += remarks(verdict, verdict.label in explain or verdict.verdict == "refuted")
    if lines:
        shown = "" if verdict.as_expected else " open"
        text = escape(click.unstyle("\n".join(lines)))
        yield f"<details{shown}><summary>details</summary><pre>{text}</pre></details>"
    yield "</article>"


def _dedented(statement: str) -> str:
    """A statement over several lines, with the later ones close to the margin."""
    first, *rest = statement.splitlines()
    margin = min((len(line) - len(line.lstrip()) for line in rest if line.strip()), default=0)
    return "\n".join((first, *("    " + line[margin:] for line in rest)))


def _text(anchor: str, source: Source, report: Report) -> Iterator[str]:
    """The lines of a document, those where a claim begins with its verdict as a link to it."""
    marks: dict[int, list[str]] = {}
    for number, verdict in enumerate(report.verdicts, 1):
        tone, sign = ("good", "✓") if verdict.as_expected else ("bad", "✗")
        words = escape(f"{verdict.verdict}, {how(verdict)}", quote=True)
        link = f'<a class="{tone}" href="#{anchor}-{number}" title="{words}">{sign}</a>'
        marks.setdefault(verdict.line, []).append(link)
    widest = max((len(row) for row in marks.values()), default=0)
    for number, line in enumerate(source.text.splitlines(), 1):
        row = marks.get(number, [])
        yield f"{''.join(row)}{' ' * (widest - len(row))} {escape(line)}".rstrip()
