r"""Core to LaTeX, set as a person would: ``s_{t,m}``, ``\frac{\partial …}{…}``, ``\sum_{r=0}^{t}``.

Sums are implied where the left-side rule restores them, as in the text form.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO
from einrnn.core.functions import FUNCTIONS
from einrnn.core.model import Claim, Definition, Model
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Apply,
    Cases,
    Compare,
    Cond,
    Derivative,
    Element,
    Expr,
    Index,
    Matrix,
    Mul,
    Not,
    Number,
    Opaque,
    Or,
    Pow,
    Reduce,
    Value,
)
from einrnn.core.trampoline import Steps, trampoline
from einrnn.language.implied import implied, spread
from einrnn.language.naming import Naming, whole
from einrnn.language.statements import general_first, joined_steps
from einrnn.language.text import ATOM, NEUTRAL, POWER, PRODUCT, SUM, divisor, sign_of, softmax_of

_NAMES = """
alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi rho sigma tau upsilon
phi chi psi omega Gamma Delta Theta Lambda Xi Phi Psi Omega
"""
_GREEK = _NAMES.split()
_LETTERS = dict(zip("αβγδεζηθικλμνξρστυφχψωΓΔΘΛΞΦΨΩ", _GREEK, strict=True))
_ACCENTS = {"hat": r"\hat", "bar": r"\bar", "tilde": r"\tilde", "dot": r"\dot"}
_MARKS = {"\u0302": r"\hat", "\u0304": r"\bar", "\u0303": r"\tilde", "\u0307": r"\dot"}
_RELATIONS = {"==": "=", "!=": r"\ne", "<=": r"\le", ">=": r"\ge", "<": "<", ">": ">"}
_OPERATORS = {
    "sum": r"\sum",
    "prod": r"\prod",
    "max": r"\max",
    "min": r"\min",
    "logsumexp": r"\operatorname{logsumexp}",
}


def latex(expr: Expr, model: Model, free: Iterable[Index] | None = None) -> str:
    """The expression as a right side whose left side has the indices ``free``."""
    names = frozenset(i.name for i in (expr.free if free is None else free))
    return _Setter(model, True).show(Naming(model, names).unique(expr))


def left_latex(expr: Expr, model: Model) -> str:
    """The expression as a left side: every sum is written out."""
    names = frozenset(index.name for index in expr.free)
    return _Setter(model, False).show(Naming(model, names).unique(expr))


def document_latex(model: Model) -> str:
    """A compilable document: definitions, assumptions and claims in one ``align``."""
    rows = [
        _definition(found, model)
        for found in model.definitions.values()
        if not isinstance(found.clauses[-1].body, Opaque)
    ]
    for given in model.assumptions:
        sides = f"{left_latex(given.left, model)} &= {latex(given.right, model, given.ranges)}"
        rows.append(f"{sides} && \\text{{(assumed)}} \\tag{{{_escaped(given.name)}}}")
    last: Claim | None = None
    for steps in joined_steps(model.claims):
        continues = last is not None and last.right is steps[0].left
        rows += _claim(steps, model, "" if continues else left_latex(steps[0].left, model))
        last = steps[-1]
    body = " \\\\\n".join(rows)
    return (
        "\\documentclass{article}\n\\usepackage{amsmath}\n\\allowdisplaybreaks\n"
        f"\\begin{{document}}\n\\begin{{align}}\n{body}\n\\end{{align}}\n\\end{{document}}\n"
    )


def _definition(definition: Definition, model: Model) -> str:
    """The general clause, and boundary clauses beside it."""
    shown: list[str] = []
    for clause in general_first(definition):
        left = name_latex(definition.name) + subscript(clause.args)
        right = latex(clause.body, model, clause.ranges)
        shown.append(f"{left} &= {right}" if not shown else f"{left} = {right}")
    return r",\quad ".join(shown) + r" \notag"


def _claim(steps: list[Claim], model: Model, left: str) -> list[str]:
    """A chain, a row for each step; an empty left side continues the row before."""
    first = steps[0]
    relation = "&=" if first.expect == "hold" else r"&\overset{?}{=}"
    rows: list[str] = []
    for number, step in enumerate(steps):
        right = latex(step.right, model, step.ranges)
        row = f"{left if number == 0 else ''} {relation} {right}".strip()
        if step.condition is not None:
            row += rf" \quad \text{{for }} {_Setter(model, False).condition(step.condition)}"
        last = number + 1 == len(steps)
        rows.append(row + (rf" \tag{{{_escaped(step.label)}}}" if last else r" \notag"))
    return rows


def _escaped(label: str) -> str:
    """A label in the text mode of LaTeX."""
    label = re.sub(r"([_#%&${}])", r"\\\1", label.replace("\\", "\0"))
    label = label.replace("\0", r"\textbackslash{}")
    return label.replace("^", r"\^{}").replace("~", r"\~{}")


def name_latex(name: str) -> str:
    r"""A name: ``yhat`` and ``ŷ`` as ``\hat{y}``, Greek letters, long names upright."""
    import unicodedata

    stem = name.rstrip("'")
    primes = name[len(stem) :]
    apart = unicodedata.normalize("NFD", stem)
    if len(apart) == 2 and apart[1] in _MARKS:
        return f"{_MARKS[apart[1]]}{{{apart[0]}}}{primes}"
    for suffix, accent in _ACCENTS.items():
        if stem.endswith(suffix) and len(stem) == len(suffix) + 1:
            return f"{accent}{{{stem[0]}}}{primes}"
    greek = _LETTERS.get(stem, stem)
    if greek in _GREEK:
        return f"\\{greek}{primes}"
    if len(stem) == 1:
        return name
    return rf"\mathrm{{{stem.replace('_', chr(92) + '_')}}}{primes}"


def affine_latex(value: Affine) -> str:
    """An index expression."""
    shown = ""
    for atom, times in sorted(value.terms, key=lambda pair: pair[1] < 0):
        name = name_latex(atom.tensor) + subscript(atom.args) if isinstance(atom, Element) else ""
        name = name or name_latex(atom.name if not isinstance(atom, Element) else atom.tensor)
        sign = "-" if times < 0 else "+" if shown else ""
        shown += sign + (name if abs(times) == 1 else f"{abs(times)}{name}")
    if value.constant or not shown:
        shown += f"{value.constant:+d}" if shown else str(value.constant)
    return shown


def subscript(args: tuple[Affine, ...], separator: str = ",") -> str:
    """Index expressions as one subscript; nothing where there are none."""
    return "_{" + separator.join(affine_latex(arg) for arg in args) + "}" if args else ""


class _Setter:
    """Sets expressions over one model; ``implied`` lets sums be left to the reader."""

    def __init__(self, model: Model, implied: bool) -> None:
        self.model = model
        self.implied = implied

    def show(self, expr: Expr, level: int = SUM) -> str:
        return trampoline(self._at)(expr, level)

    def condition(self, cond: Cond) -> str:
        return trampoline(self._cond)(cond)

    def _at(self, expr: Expr, level: int) -> Steps[str]:
        shown, own = yield self._expr(expr)
        return rf"\left({shown}\right)" if own < level else shown

    def _expr(self, expr: Expr) -> Steps[tuple[str, int]]:
        match expr:
            case Number(value):
                if value.denominator == 1:
                    return str(value), SUM if value < 0 else ATOM
                sign = "-" if value < 0 else ""
                fraction = rf"{sign}\frac{{{abs(value.numerator)}}}{{{value.denominator}}}"
                return fraction, SUM if sign else POWER
            case Value(index):
                return affine_latex(index), ATOM if af.letter(index) or not index.constant else SUM
            case Element():
                return (yield self._element(expr))
            case Add(terms):
                return (yield self._sum(terms)), SUM
            case Mul(factors):
                return (yield self._product(factors))
            case Pow():
                return (yield self._power(expr))
            case Apply():
                return (yield self._apply(expr))
            case Reduce():
                return (yield self._reduce(expr))
            case Cases():
                return (yield self._cases(expr))
            case Matrix():
                return (yield self._matrix(expr))
            case Opaque():
                return (yield self._opaque(expr))
            case Derivative(kind, body, tensor, args):
                return (yield self._derivative(kind == "total", body, tensor, args))

    def _element(self, expr: Element) -> Steps[tuple[str, int]]:
        derived = self.model.derived.get(expr.tensor)
        if derived is None:
            return name_latex(expr.tensor) + subscript(expr.args), ATOM
        rank = len(expr.args) - len(self.model.axes(derived.wrt))
        of = Element(derived.of, expr.args[:rank])
        total = derived.kind == "total"
        return (yield self._derivative(total, of, derived.wrt, expr.args[rank:]))

    def _derivative(
        self, total: bool, body: Expr, tensor: str, args: tuple[Affine, ...]
    ) -> Steps[tuple[str, int]]:
        sign = r"\mathrm{d} " if total else r"\partial "
        below = f"{sign}{name_latex(tensor)}{subscript(args)}"
        if isinstance(body, Element) and body.tensor not in self.model.derived:
            above = f"{sign}{name_latex(body.tensor)}{subscript(body.args)}"
            return rf"\frac{{{above}}}{{{below}}}", POWER
        inner = yield self._at(body, PRODUCT)
        return rf"\frac{{{sign.strip()}}}{{{below}}} {inner}", PRODUCT

    def _sum(self, terms: tuple[Expr, ...]) -> Steps[str]:
        shown = ""
        for term in terms:
            piece = yield self._at(term, PRODUCT if isinstance(term, Add) else SUM)
            if shown and piece.startswith("-"):
                shown += f" - {piece[1:]}"
            else:
                shown += f" + {piece}" if shown else piece
        return shown or "0"

    def _product(self, factors: tuple[Expr, ...]) -> Steps[tuple[str, int]]:
        if self.implied:
            factors = spread(Mul(factors), self.model) or factors
        sign, factors = sign_of(factors)
        factors = tuple(factor for factor in factors if factor is not ONE) or (ONE,)
        pieces: list[str] = []
        for position, factor in enumerate(factors):
            last = position + 1 == len(factors)
            below = divisor(factor)
            if below is not None:
                above = pieces.pop() if pieces else "1"
                pieces.append(rf"\frac{{{above}}}{{{(yield self._at(below, SUM))}}}")
                continue
            written = isinstance(factor, Reduce) and not self._is_implied(factor)
            pieces.append((yield self._at(factor, PRODUCT if last and written else POWER)))
        shown = ""
        for piece in pieces:
            dot = shown[-1:].isdigit() and (piece[:1].isdigit() or piece.startswith(r"\frac"))
            shown += (r" \cdot " if dot else " " if shown else "") + piece
        return sign + (shown or "1"), SUM if sign else PRODUCT

    def _power(self, expr: Pow) -> Steps[tuple[str, int]]:
        below = divisor(expr)
        if below is not None:
            return rf"\frac{{1}}{{{(yield self._at(below, SUM))}}}", POWER
        base = yield self._at(expr.base, ATOM)
        return f"{base}^{{{(yield self._at(expr.exponent, SUM))}}}", POWER

    def _apply(self, expr: Apply) -> Steps[tuple[str, int]]:
        soft = softmax_of(expr, self.model)
        if soft is not None:
            index, body = soft
            inner = yield self._at(body, SUM)
            head = rf"\operatorname{{softmax}}_{{{name_latex(index.name)}}}"
            return rf"{head}\left({inner}\right)", ATOM
        row = FUNCTIONS[expr.function]
        if not expr.args:
            return row.latex, ATOM
        args: list[str] = []
        for arg in expr.args:
            args.append((yield self._at(arg, SUM)))
        if expr.function == "sqrt":
            return rf"\sqrt{{{args[0]}}}", ATOM
        if expr.function == "abs":
            return rf"\left|{args[0]}\right|", ATOM
        return rf"{row.latex}\left({', '.join(args)}\right)", ATOM

    def _is_implied(self, expr: Reduce) -> bool:
        return self.implied and implied(expr, self.model)

    def _reduce(self, expr: Reduce) -> Steps[tuple[str, int]]:
        if self._is_implied(expr):
            factors = spread(expr, self.model)
            return (yield self._product(factors) if factors else self._expr(expr.body))
        body, low, high = expr.body, name_latex(expr.index.name), ""
        if not whole(expr, self.model):
            low += f"={affine_latex(expr.lo)}"
            high = f"^{{{affine_latex(expr.hi)}}}"
        if isinstance(body, Cases) and len(body.branches) == 1:
            (condition, value), other = body.branches[0], body.otherwise
            if other in NEUTRAL[expr.op] and not (value is ONE and other is ZERO):
                low += rf":\, {(yield self._cond(condition))}"
                body = value
        inner = yield self._at(body, PRODUCT)
        return f"{_OPERATORS[expr.op]}_{{{low}}}{high} {inner}", PRODUCT

    def _cases(self, expr: Cases) -> Steps[tuple[str, int]]:
        if len(expr.branches) == 1:
            (condition, value), other = expr.branches[0], expr.otherwise
            if value is ONE and other is ZERO:
                return (yield self._iverson(condition)), ATOM
        rows: list[str] = []
        for condition, value in expr.branches:
            shown = yield self._at(value, SUM)
            rows.append(rf"{shown} & {(yield self._cond(condition))}")
        if expr.otherwise is not Apply("undefined", ()):
            rows.append(rf"{(yield self._at(expr.otherwise, SUM))} & \text{{otherwise}}")
        return r"\begin{cases} " + r" \\ ".join(rows) + r" \end{cases}", POWER

    def _iverson(self, condition: Cond) -> Steps[str]:
        match condition:
            case Compare("==", Value(left), Value(right)):
                short = all(len(affine_latex(side)) == 1 for side in (left, right))
                return r"\delta" + subscript((left, right), "" if short else ",")
            case _:
                return rf"\left[{(yield self._cond(condition))}\right]"

    def _cond(self, cond: Cond) -> Steps[str]:
        match cond:
            case Compare(op, left, right):
                first = yield self._at(left, SUM)
                return f"{first} {_RELATIONS[op]} {(yield self._at(right, SUM))}"
            case Not(part):
                return rf"\lnot\left({(yield self._cond(part))}\right)"
            case And(below) | Or(below):
                word = r" \land " if isinstance(cond, And) else r" \lor "
                shown: list[str] = []
                for part in below:
                    inner = yield self._cond(part)
                    nested = isinstance(part, And | Or)
                    shown.append(rf"\left({inner}\right)" if nested else inner)
                return word.join(shown) or (r"\top" if isinstance(cond, And) else r"\bot")

    def _matrix(self, expr: Matrix) -> Steps[tuple[str, int]]:
        entry = yield self._at(expr.body, SUM)
        letters = name_latex(expr.row.name) + name_latex(expr.column.name)
        body = expr.body
        if isinstance(body, Element) and len(body.args) == 2:
            plain = (af.letter(body.args[0]), af.letter(body.args[1])) == (expr.row, expr.column)
            entry = name_latex(body.tensor) if plain else rf"\left({entry}\right)_{{{letters}}}"
        else:
            entry = rf"\left({entry}\right)_{{{letters}}}"
        if expr.op in ("det", "logdet"):
            name = r"\det" if expr.op == "det" else r"\log\det"
            return f"{name} {entry}", PRODUCT
        power = "-1" if expr.op == "inv" else affine_latex(expr.power)
        return rf"\left({entry}^{{{power}}}\right){subscript(expr.at)}", ATOM

    def _opaque(self, expr: Opaque) -> Steps[tuple[str, int]]:
        shown = name_latex(expr.name) + subscript(expr.at)
        if expr.partials:
            by: list[str] = []
            for position, entry in expr.partials:
                body = expr.args[position].body
                name = body.tensor if isinstance(body, Element) else f"argument {position + 1}"
                by.append(rf"\partial {name_latex(name)}{subscript(entry)}")
            order = f"^{{{len(by)}}}" if len(by) > 1 else ""
            return rf"\frac{{\partial{order} {shown}}}{{{' '.join(by)}}}", POWER
        args: list[str] = []
        for arg in expr.args:
            body = arg.body
            plain = isinstance(body, Element) and len(body.args) == len(arg.indices)
            if plain and isinstance(body, Element):
                args.append(name_latex(body.tensor))
            else:
                args.append((yield self._at(body, SUM)))
        return rf"{shown}\left({', '.join(args)}\right)", ATOM
