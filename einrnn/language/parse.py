"""Logical statements to trees. The parser generator is loaded when first needed."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import lru_cache
from hashlib import sha256
from importlib.resources import files
from threading import Lock
from typing import TYPE_CHECKING, Any, cast

from einrnn.dataclass import dataclass
from einrnn.errors import Diagnostic, Span
from einrnn.folders import private_folder
from einrnn.language import ast
from einrnn.language.build import Builder
from einrnn.language.split import KEYWORD, LABEL, Piece, masked, split, without_comments
from einrnn.language.syntax import explain
from einrnn.source import Source

if TYPE_CHECKING:
    from lark import Lark

_RULES = ["equation", "definition", "dims", "letters", "inputs", "function", "condition"]
_DECLARES = {"dim": "dims", "index": "letters", "input": "inputs", "function": "function"}
_CLAUSE = re.compile(r"\b(using|for)\b")
# a label after 'using': in brackets anything, without them up to the next comma
_USED = re.compile(r"\[([^\[\]]*)\]|([^,\[\]]+)")
_NAMED = re.compile(r"\s*([^\W\d][\w ]*?)\s*:(?!=)")
_HEAD_WORD = re.compile(r"\s*(assume|refute)\b\s*")
_HEAD_LABEL = re.compile(r"\s*" + LABEL.pattern)
_LOCK = Lock()


class SyntaxProblem(Exception):
    """A statement that does not parse."""

    def __init__(self, diagnostic: Diagnostic) -> None:
        super().__init__(diagnostic.message)
        self.diagnostic = diagnostic


@dataclass(frozen=True)
class Parsed:
    """A statement, or what is left of it where it does not parse.

    ``label``, ``name`` and ``defines`` are known even then: the label of a claim and
    the name that would have been defined.
    """

    span: Span
    statement: ast.Statement | None
    problems: tuple[Diagnostic, ...] = ()
    label: str | None = None
    defines: str | None = None
    equation: bool = False
    refute: bool = False


@lru_cache(maxsize=1)
def _parser() -> tuple[Lark, Builder]:
    from lark import Lark

    grammar = files("einrnn.language").joinpath("grammar.lark").read_text(encoding="utf-8")
    builder = Builder()
    parser = Lark(
        grammar,
        parser="lalr",
        start=_RULES,
        maybe_placeholders=True,
        transformer=builder,
        cache=_tables(grammar),
    )
    return parser, builder


def _tables(grammar: str) -> str | bool:
    """The file in which the tables of a grammar are kept: to make them takes longer than to
    parse a document. False where no such file can be had."""
    folder = private_folder()
    return str(folder / f"grammar-{sha256(grammar.encode()).hexdigest()[:16]}") if folder else False


def parse_rule(rule: str, text: str, base: int) -> Any:
    """Parse ``text``, which starts at offset ``base``, by one rule of the grammar."""
    from lark.exceptions import UnexpectedInput

    with _LOCK:
        parser, builder = _parser()
        builder.base = base
        try:
            return cast(Any, parser).parse(text, start=rule)
        except UnexpectedInput as error:
            raise SyntaxProblem(explain(error, text, base, rule)) from None


def parse(source: Source) -> list[Parsed]:
    """Every statement of a source, in order, parsed or with its problem."""
    text = without_comments(source.text)
    return [_statement(source, text, piece) for piece in split(source)]


def _statement(source: Source, text: str, piece: Piece) -> Parsed:
    span = piece.span
    content = text[span.start : span.end]
    keyword = KEYWORD.match(content)
    word = keyword.group(1) if keyword else ""
    if word in _DECLARES:
        return _declaration(piece, content, word)
    head = _head(content, span.start)
    if word not in ("assume", "refute") and ":=" in content[head.rest :].split("using")[0]:
        return _definition(piece, content)
    return _equation(source, piece, content, head)


def _declaration(piece: Piece, content: str, word: str) -> Parsed:
    found = re.match(rf"{word}\s+([^\W\d]\w*)", content)
    name = found.group(1) if found else None
    if piece.broken:
        return Parsed(piece.span, None, piece.broken, defines=name)
    try:
        statement = parse_rule(_DECLARES[word], content, piece.span.start)
    except SyntaxProblem as problem:
        return Parsed(piece.span, None, (problem.diagnostic,), defines=name)
    return Parsed(piece.span, statement)


def _definition(piece: Piece, content: str) -> Parsed:
    found = re.match(r"(?:let\s+)?([^\W\d][\w']*)", content)
    name = found.group(1) if found else None
    if piece.broken:
        return Parsed(piece.span, None, piece.broken, defines=name)
    label = LABEL.match(content)
    try:
        if label:
            raise SyntaxProblem(_labelled_definition(piece.span.start, label))
        statement = parse_rule("definition", content, piece.span.start)
    except SyntaxProblem as problem:
        return Parsed(piece.span, None, (problem.diagnostic,), defines=name)
    return Parsed(piece.span, statement)


def _labelled_definition(start: int, label: re.Match[str]) -> Diagnostic:
    return Diagnostic(
        "E105",
        "a definition has no label",
        Span(start, start + label.end()),
        "a label marks a claim",
        help="remove the label, or write '=' if this is a claim",
    )


@dataclass(frozen=True)
class _Head:
    """What stands before an equation: where the rest starts, its label, its mode."""

    rest: int
    label: str | None
    span: Span
    refute: bool
    assumed: bool


def _head(content: str, base: int) -> _Head:
    at, refute, assumed = 0, False, False
    label: str | None = None
    span = Span(base, base + len(content))
    while True:
        keyword = _HEAD_WORD.match(content, at)
        found = _HEAD_LABEL.match(content, at)
        if keyword:
            refute |= keyword.group(1) == "refute"
            assumed |= keyword.group(1) == "assume"
            at = keyword.end()
        elif found and label is None:
            label, span = _label(found, 1, base)
            at = found.end()
        else:
            return _Head(at, label, span, refute, assumed)


def _label(found: re.Match[str], group: int, base: int) -> tuple[str, Span]:
    """The name of a label, with single spaces, and its place without the space around it."""
    text = found.group(group)
    start = base + found.start(group) + len(text) - len(text.lstrip())
    return " ".join(text.split()), Span(start, start + len(text.strip()))


def _equation(source: Source, piece: Piece, content: str, head: _Head) -> Parsed:
    label = head.label or f"line {source.place(piece.span.start)[0]}"
    failed = Parsed(piece.span, None, piece.broken, label, None, not head.assumed, head.refute)
    if piece.broken:
        return failed
    try:
        statement = _parse_equation(content, piece.span, head, label)
    except SyntaxProblem as problem:
        return replace(failed, problems=(problem.diagnostic,))
    return replace(failed, statement=statement)


def _parse_equation(content: str, span: Span, head: _Head, label: str) -> ast.EquationStatement:
    base = span.start
    body, using, condition = _tail(content, head.rest, base)
    start = body.start - base
    text = content[start : body.end - base]
    continues = text.lstrip().startswith("=") and not text.lstrip().startswith("==")
    if continues:
        shift = text.index("=") + 1
        start, text = start + shift, text[shift:]
    if not text.strip():
        raise SyntaxProblem(_empty(span))
    named = _NAMED.match(text)
    if named:
        raise SyntaxProblem(_bare_label(base + start, named, head))
    expressions: tuple[ast.Ast, ...] = parse_rule("equation", text, base + start)
    first, *others = expressions
    if not others and not continues:
        raise SyntaxProblem(_no_equality(first.span))
    return ast.EquationStatement(
        label, head.span, expressions, using, condition, head.refute, head.assumed, continues, span
    )


def _bare_label(start: int, named: re.Match[str], head: _Head) -> Diagnostic:
    word = "assume " if head.assumed else "refute " if head.refute else ""
    return Diagnostic(
        "E101",
        "unexpected ':'",
        Span(start + named.end() - 1, start + named.end()),
        "a name is written in brackets",
        help=f"write {word}[{named.group(1)}] left = right",
    )


def _empty(span: Span) -> Diagnostic:
    return Diagnostic(
        "E101",
        "the statement is empty",
        span,
        "expected an equation",
        help="write left = right after the label, or on the next line, indented",
    )


def _no_equality(span: Span) -> Diagnostic:
    return Diagnostic(
        "E106",
        "this says nothing: there is no '=' or ':='",
        span,
        "an expression by itself",
        help="write left = right for a claim, name[...] := … for a definition",
    )


def _tail(content: str, rest: int, base: int) -> tuple[Span, tuple[ast.LabelUse, ...], Any]:
    """Takes ``using`` and ``for`` off the end: the span of the equation, and both."""
    bare = masked(content)
    cuts = [m for m in _CLAUSE.finditer(bare, rest) if _outside(bare, rest, m.start())]
    body = Span(base + rest, base + (cuts[0].start() if cuts else len(content)))
    using: list[ast.LabelUse] = []
    condition: ast.Ast | None = None
    for position, cut in enumerate(cuts):
        last = position + 1 == len(cuts)
        end = len(content) if last else cuts[position + 1].start()
        if cut.group() == "using":
            using += _labels(content, cut.end(), end, base)
        else:
            more: ast.Ast = parse_rule("condition", content[cut.end() : end], base + cut.end())
            before = condition
            condition = more if before is None else ast.Logic("and", (before, more), more.span)
    return body, tuple(using), condition


def _outside(content: str, start: int, at: int) -> bool:
    before = content[start:at]
    return sum(c in "([{" for c in before) == sum(c in ")]}" for c in before)


def _labels(content: str, start: int, end: int, base: int) -> list[ast.LabelUse]:
    uses: list[ast.LabelUse] = []
    for found in _USED.finditer(content, start, end):
        if found.group(found.lastindex or 0).strip():
            uses.append(ast.LabelUse(*_label(found, found.lastindex or 0, base)))
    if not uses:
        raise SyntaxProblem(
            Diagnostic(
                "E101",
                "'using' names nothing",
                Span(base + start - 5, base + start),
                "expected names of assumptions or labels of earlier claims",
                help="write using onehot, 7, or leave 'using' out",
            )
        )
    return uses
