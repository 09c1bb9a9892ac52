"""Core back to the language: what is printed reads back as the same expression.

Sums are implied where the left-side rule restores them, and written out elsewhere.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from decimal import Context, Decimal, Inexact, localcontext
from fractions import Fraction

from einrnn.core import affine as af
from einrnn.core.build import ONE, ZERO, neg
from einrnn.core.model import Model
from einrnn.core.nodes import (
    Add,
    Affine,
    And,
    Apply,
    Argument,
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
from einrnn.core.traverse import canonical, substitute
from einrnn.language.implied import implied, spread
from einrnn.language.naming import Naming, standing, whole

SUM, PRODUCT, POWER, ATOM = range(4)
_LONG_DENOMINATOR, _DIGITS = 1000, 20
NEUTRAL = {
    "sum": (ZERO,),
    "prod": (ONE,),
    "max": (neg(Apply("inf", ())),),
    "min": (Apply("inf", ()),),
    "logsumexp": (neg(Apply("inf", ())),),
}


def text(expr: Expr, model: Model, free: Iterable[Index] | None = None) -> str:
    """The expression as a right side whose left side has the indices ``free``
    (by default those that are free in it)."""
    names = frozenset(i.name for i in (expr.free if free is None else free))
    renamed = Naming(model, names).unique(expr)
    return Printer(model, names, True).show(renamed)


def left_text(expr: Expr, model: Model, taken: Iterable[Index] = ()) -> str:
    """The expression as a left side: every sum is written out, over letters that are not
    ``taken``."""
    names = frozenset(index.name for index in (*expr.free, *taken))
    return Printer(model, names, False).show(Naming(model, names).unique(expr))


def condition_text(cond: Cond, model: Model) -> str:
    """A condition, in which every sum is written out."""
    return Printer(model, frozenset(), False).condition(cond)


class Printer:
    """Prints expressions over one model; ``implied`` lets sums be left to the reader."""

    def __init__(self, model: Model, free: frozenset[str], implied: bool) -> None:
        self.model = model
        self.free = free
        self.implied = implied
        self._sizes: Mapping[Index, Affine] = {}

    def show(self, expr: Expr, level: int = SUM) -> str:
        """The text, in parentheses where it binds looser than ``level``."""
        self._sizes = standing(expr, self.model)
        return trampoline(self._at)(expr, level)

    def condition(self, cond: Cond) -> str:
        """The text of a condition."""
        return trampoline(self._cond)(cond, False)

    def _at(self, expr: Expr, level: int) -> Steps[str]:
        shown, own = yield self._expr(expr)
        return f"({shown})" if own < level else shown

    def _expr(self, expr: Expr) -> Steps[tuple[str, int]]:
        match expr:
            case Number(value):
                shown = number_text(value)
                return shown, SUM if value < 0 else PRODUCT if "/" in shown else ATOM
            case Value(index):
                shown = affine_text(index)
                return shown, ATOM if af.letter(index) or shown.isalnum() else SUM
            case Element():
                return (yield self._element(expr))
            case Add(terms):
                return (yield self._sum(terms)), SUM
            case Mul(factors):
                return (yield self._product(factors))
            case Pow():
                return (yield self._power(expr))
            case Apply("pi", ()) if "pi" in self.model.inputs or "pi" in self.model.definitions:
                return "π", ATOM
            case Apply("pi" | "inf" | "undefined" as name, ()):
                return name, ATOM
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
            return expr.tensor + bracket(expr.args), ATOM
        rank = len(expr.args) - len(self.model.axes(derived.wrt))
        of = Element(derived.of, expr.args[:rank])
        total = derived.kind == "total"
        return (yield self._derivative(total, of, derived.wrt, expr.args[rank:]))

    def _derivative(
        self, total: bool, body: Expr, tensor: str, args: tuple[Affine, ...]
    ) -> Steps[tuple[str, int]]:
        sign = "d" if total else "∂"
        below = f"{sign}{tensor}{bracket(args)}"
        if isinstance(body, Element) and body.tensor not in self.model.derived:
            above = f"{sign}{body.tensor}"
            if above not in self.model.inputs and above not in self.model.definitions:
                return f"{above}{bracket(body.args)}/{below}", POWER
        inner = yield self._at(body, SUM)
        return f"{sign}/{below} ({inner})", PRODUCT

    def _sum(self, terms: tuple[Expr, ...]) -> Steps[str]:
        shown = ""
        for term in terms:
            piece = yield self._at(term, SUM if not isinstance(term, Add) else PRODUCT)
            if not shown:
                shown = piece
            elif piece.startswith("-"):
                shown += f" - {piece[1:]}"
            else:
                shown += f" + {piece}"
        return shown or "0"

    def _product(self, factors: tuple[Expr, ...]) -> Steps[tuple[str, int]]:
        if self.implied:
            factors = spread(Mul(factors), self.model) or factors
        sign, factors = sign_of(factors)
        shown = ""
        for position, factor in enumerate(factors):
            last = position + 1 == len(factors)
            below = divisor(factor)
            if below is not None:
                piece = yield self._at(below, POWER)
                shown = f"{shown or '1'}/{piece}"
                continue
            if isinstance(factor, Reduce) and not last and not self._is_implied(factor):
                piece = yield self._called(factor)
            elif isinstance(factor, Number) and factor.value.denominator != 1:
                amount = number_text(factor.value)
                piece = amount if position == 0 else f"({amount})"
            elif last and isinstance(factor, Reduce) and not self._is_implied(factor):
                piece = yield self._at(factor, PRODUCT)
            else:
                piece = yield self._at(factor, POWER)
            shown = self._join(shown, piece)
        return sign + (shown or "1"), SUM if sign else PRODUCT

    def _join(self, shown: str, piece: str) -> str:
        """Juxtaposition, with a sign where the pieces would be read together."""
        if not shown:
            return piece
        touching = shown[-1].isalnum() or shown[-1] in "_'"
        word = re.split(r"[^\w']", shown)[-1]
        if touching and piece[0] == "(":
            touching = word == "d" or self._is_function(word)
        elif piece[0] != "[":
            touching = piece[0].isdigit() or shown.endswith(".")
        return f"{shown} * {piece}" if touching else f"{shown} {piece}"

    def _is_function(self, name: str) -> bool:
        definition = self.model.definitions.get(name)
        return definition is not None and isinstance(definition.clauses[-1].body, Opaque)

    def _power(self, expr: Pow) -> Steps[tuple[str, int]]:
        below = divisor(expr)
        if below is not None:
            return f"1/{(yield self._at(below, POWER))}", PRODUCT
        base = yield self._at(expr.base, ATOM)
        exponent = yield self._at(expr.exponent, ATOM)
        if isinstance(expr.exponent, Number) and expr.exponent.value.denominator == 1:
            exponent = str(expr.exponent.value)
        return f"{base}^{exponent}", POWER

    def _apply(self, expr: Apply) -> Steps[tuple[str, int]]:
        soft = softmax_of(expr, self.model)
        if soft is not None:
            index, body = soft
            return f"softmax[{index.name}]({(yield self._at(body, SUM))})", ATOM
        args: list[str] = []
        for arg in expr.args:
            args.append((yield self._at(arg, SUM)))
        return f"{expr.function}({', '.join(args)})", ATOM

    def _is_implied(self, expr: Reduce) -> bool:
        return self.implied and implied(expr, self.model)

    def _head(self, expr: Reduce) -> Steps[tuple[str, Expr]]:
        """``sum[k: condition]`` and what it runs over."""
        body, condition = expr.body, ""
        if _is_condition(expr):
            assert isinstance(body, Cases)
            shown = yield self._cond(body.branches[0][0], False)
            condition, body = f": {shown}", body.branches[0][1]
        limits = ""
        if not whole(expr, self.model):
            limits = f"={affine_text(expr.lo)}..{affine_text(expr.hi)}"
        return f"{expr.op}[{expr.index.name}{limits}{condition}]", body

    def _reduce(self, expr: Reduce) -> Steps[tuple[str, int]]:
        if self._is_implied(expr):
            factors = spread(expr, self.model)
            return (yield self._product(factors) if factors else self._expr(expr.body))
        head, body = yield self._head(expr)
        if expr.op != "sum":
            return f"{head}({(yield self._at(body, SUM))})", ATOM
        return f"{head} {(yield self._at(body, PRODUCT))}", PRODUCT

    def _called(self, expr: Reduce) -> Steps[str]:
        head, body = yield self._head(expr)
        return f"{head}({(yield self._at(body, SUM))})"

    def _cases(self, expr: Cases) -> Steps[tuple[str, int]]:
        branches = expr.branches
        if _is_delta(expr):
            indices = self._of_delta(branches[0][0])
            if indices is not None:
                return f"delta[{','.join(affine_text(index) for index in indices)}]", ATOM
            return f"[{(yield self._cond(branches[0][0], False))}]", ATOM
        if not branches:
            return (yield self._expr(expr.otherwise))
        rows: list[str] = []
        for condition, value in branches:
            shown = yield self._at(value, SUM)
            rows.append(f"{shown} if {(yield self._cond(condition, False))}")
        if expr.otherwise is not Apply("undefined", ()):
            rows.append(f"{(yield self._at(expr.otherwise, SUM))} otherwise")
        return "{ " + " ; ".join(rows) + " }", ATOM

    def _of_delta(self, cond: Cond) -> tuple[Affine, Affine] | None:
        """The indices that a condition says are equal; None where they stand on axes of two
        sizes, so that they cannot be those of a delta."""
        match cond:
            case Compare("==", Value(left), Value(right)):
                letters = af.letter(left), af.letter(right)
                sizes = {self._sizes[i] for i in letters if i is not None and i in self._sizes}
                return None if None not in letters and len(sizes) > 1 else (left, right)
            case _:
                return None

    def _cond(self, cond: Cond, inner: bool) -> Steps[str]:
        match cond:
            case Compare(op, left, right):
                first = yield self._written(left)
                return f"{first} {op} {(yield self._written(right))}"
            case Not(part):
                return f"not ({(yield self._cond(part, False))})"
            case And(()):
                return "0 == 0"
            case Or(()):
                return "0 != 0"
            case And(below) | Or(below):
                word = " and " if isinstance(cond, And) else " or "
                shown: list[str] = []
                for part in below:
                    shown.append((yield self._cond(part, True)))
                joined = word.join(shown)
                return f"({joined})" if inner else joined

    def _written(self, expr: Expr) -> Steps[str]:
        """A side of a comparison, where sums are never implied."""
        implied, self.implied = self.implied, False
        shown = yield self._at(expr, SUM)
        self.implied = implied
        return shown

    def _matrix(self, expr: Matrix) -> Steps[tuple[str, int]]:
        body = yield self._at(expr.body, SUM)
        head = f"{expr.op}[{expr.row.name},{expr.column.name}]"
        power = f", {affine_text(expr.power)}" if expr.op == "matpow" else ""
        simple = _plain_matrix(expr)
        hidden = {**self.model.derived, **self.model.dims}  # names that mean something else
        if simple is not None and simple.removesuffix(".T") not in hidden:
            return f"{expr.op}({simple}{power}){bracket(expr.at)}", ATOM
        return f"{head}({body}{power}){bracket(expr.at)}", ATOM

    def _opaque(self, expr: Opaque) -> Steps[tuple[str, int]]:
        if expr.partials and all(_plain_argument(arg) for arg in expr.args):
            position, entry = expr.partials[-1]
            rest = Opaque(expr.name, expr.at, expr.args, expr.partials[:-1])
            tensor = expr.args[position].body
            assert isinstance(tensor, Element)
            sign = f"∂{tensor.tensor}{bracket(entry)}"
            inner = yield self._at(rest, ATOM)
            if len(expr.partials) == 1:
                return f"∂{expr.name}{bracket(expr.at)}/{sign}", POWER
            return f"∂/{sign} ({inner})", PRODUCT
        if self._is_own_definition(expr):
            return expr.name + bracket(expr.at), ATOM
        args: list[str] = []
        for arg in expr.args:
            whole_tensor = _plain_argument(arg)
            if whole_tensor is not None:
                args.append(whole_tensor)
            else:
                args.append((yield self._at(arg.body, SUM)))
        by = "".join(f"_{position}{bracket(entry)}" for position, entry in expr.partials)
        return f"{expr.name}{by}({', '.join(args)}){bracket(expr.at)}", ATOM

    def _is_own_definition(self, expr: Opaque) -> bool:
        definition = self.model.definitions.get(expr.name)
        if definition is None or expr.partials:
            return False
        own = definition.clauses[-1].body
        return isinstance(own, Opaque) and [_plain_argument(a) for a in own.args] == [
            _plain_argument(a) for a in expr.args
        ]


def affine_text(value: Affine) -> str:
    """An index expression: ``t-1``, ``2*i+p``, ``tok[t]``."""
    shown = ""
    for atom, times in sorted(value.terms, key=lambda pair: pair[1] < 0):
        name = atom.tensor + bracket(atom.args) if isinstance(atom, Element) else atom.name
        sign = "-" if times < 0 else "+" if shown else ""
        shown += sign + (name if abs(times) == 1 else f"{abs(times)}*{name}")
    if value.constant or not shown:
        shown += f"{value.constant:+d}" if shown else str(value.constant)
    return shown


def number_text(value: Fraction) -> str:
    """A number as a quotient, or as the decimal that is shorter where it has many digits."""
    if value.denominator > _LONG_DENOMINATOR:
        with localcontext(Context(prec=_DIGITS)) as context:
            decimal = Decimal(value.numerator) / Decimal(value.denominator)
            shown = f"{decimal:f}"
            if not context.flags[Inexact] and len(shown) < len(str(value)):
                return shown
    return str(value)


def bracket(args: tuple[Affine, ...]) -> str:
    """Index expressions in a bracket; nothing where there are none."""
    return "[" + ",".join(affine_text(arg) for arg in args) + "]" if args else ""


def sign_of(factors: tuple[Expr, ...]) -> tuple[str, tuple[Expr, ...]]:
    """The sign of a product whose first factor is a negative number, and the rest."""
    if factors and isinstance(factors[0], Number) and factors[0].value < 0:
        value = -factors[0].value
        rest = factors[1:]
        return "-", rest if value == 1 and rest else (Number(value), *rest)
    return "", factors


def divisor(factor: Expr) -> Expr | None:
    """What a factor divides by, if it is a negative whole power."""
    if isinstance(factor, Pow) and isinstance(factor.exponent, Number):
        value = factor.exponent.value
        if value == -1:
            return factor.base
        if value < -1 and value.denominator == 1:
            return Pow(factor.base, Number(-value))
    return None


def softmax_of(expr: Expr, model: Model) -> tuple[Index, Expr] | None:
    """The letter and the argument of ``exp(q - logsumexp_k q)``, where it reads as a softmax."""
    found = normalised(expr)
    return None if found is None or not whole(found[2], model) else found[:2]


def normalised(expr: Expr) -> tuple[Index, Expr, Reduce] | None:
    """The letter, the argument and the norm of ``exp(q - logsumexp_k q)``, over whatever range."""
    match expr:
        case Apply("exp", (Add((body, Mul((Number(minus), Reduce("logsumexp") as norm)))),)):
            if minus != -1:
                return None
        case _:
            return None
    around = norm.body.free - {norm.index}  # it would not be told from such an index
    for index in sorted(body.free - around, key=lambda i: i.name):
        if norm.index is index or norm.index not in body.free:
            moved = substitute(norm.body, {norm.index: af.of(index)})
            if canonical(moved) is canonical(body):
                return index, body, norm
    return None


def _is_condition(expr: Reduce) -> bool:
    """Whether the body is what a condition in the bracket becomes."""
    body = expr.body
    if not isinstance(body, Cases) or len(body.branches) != 1 or _is_delta(body):
        return False
    return body.otherwise in NEUTRAL[expr.op]


def _is_delta(expr: Cases) -> bool:
    return len(expr.branches) == 1 and expr.branches[0][1] is ONE and expr.otherwise is ZERO


def _plain_matrix(expr: Matrix) -> str | None:
    """``A``, ``A[t]``, ``inv(A)``, ``matpow(A, n)``, or the transpose, where the matrix is that."""
    body, places = expr.body, (af.of(expr.row), af.of(expr.column))
    if isinstance(body, Matrix) and body.at in (places, places[::-1]):
        inner = _plain_matrix(body)
        power = f", {affine_text(body.power)}" if body.op == "matpow" else ""
        turned = "" if body.at == places else ".T"
        return None if inner is None else f"{body.op}({inner}{power}){turned}"
    if not isinstance(body, Element) or len(body.args) < 2:
        return None
    inner = (af.letter(body.args[-2]), af.letter(body.args[-1]))
    if any(arg.free & {expr.row, expr.column} for arg in body.args[:-2]):
        return None
    name = body.tensor + bracket(body.args[:-2])
    if inner == (expr.row, expr.column):
        return name
    if inner == (expr.column, expr.row):
        return f"{name}.T"
    return None


def _plain_argument(arg: Argument) -> str | None:
    """The tensor that is handed over whole, with the indices that are fixed."""
    body = arg.body
    if not isinstance(body, Element):
        return None
    fixed = len(body.args) - len(arg.indices)
    letters = tuple(af.letter(value) for value in body.args[fixed:])
    if fixed < 0 or letters != arg.indices:
        return None
    if any(value.free & set(arg.indices) for value in body.args[:fixed]):
        return None
    return body.tensor + bracket(body.args[:fixed])


def __getattr__(name: str) -> object:
    """Statements print through expressions; their names are offered here as well."""
    if name in ("definition_text", "claim_text", "document_text"):
        from einrnn.language import statements

        return getattr(statements, name)
    raise AttributeError(name)
