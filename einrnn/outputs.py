"""What ``compile`` is asked for, as expressions: also products with Jacobians and Hessians.

Besides expressions of the document, an output may be

``jvp(yhat, W=v)``: the Jacobian of ``yhat`` by ``W`` times ``v``, which has the axes of ``W``;

``vjp(yhat=c, W)``: ``c``, which has the axes of ``yhat``, times the Jacobian;

``hvp(L, W=v)``: the Hessian of ``L`` by ``W`` times ``v``, short for ``jvp(dL/dW, W=v)``.

A direction is a tensor of the document, or becomes an input of the program under its name. The same
products written with indices, ``sum[k,l] d2L/dW[i,j]dW[k,l] v[k,l]``, are recognised.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from einrnn.core import affine as af
from einrnn.core.model import Clause, Definition, Input, Model, Range
from einrnn.core.nodes import Add, Affine, Derivative, Element, Expr, Index, Mul, Reduce
from einrnn.core.traverse import walk
from einrnn.dataclass import dataclass
from einrnn.errors import LanguageError
from einrnn.language import parse_expression
from einrnn.numeric.formula import Formula
from einrnn.numeric.written import with_stable_form, with_stable_forms
from einrnn.symbolic import simplify as s
from einrnn.symbolic.arguments import named_arguments
from einrnn.symbolic.attained import with_named_values
from einrnn.symbolic.derived import complete, fewer_axes
from einrnn.symbolic.running.products import with_running_products
from einrnn.symbolic.running.sums import with_running_sums
from einrnn.symbolic.sweep.sweep import swept
from einrnn.symbolic.tangent import along

Ranges = Mapping[Index, Range]

_PRODUCT = re.compile(r"\s*(jvp|vjp|hvp)\s*\((.*)\)\s*", re.DOTALL)
_NAMED = re.compile(r"\s*([^\W\d][\w'\u0300-\u036f]*)\s*=\s*([^\W\d][\w'\u0300-\u036f]*)\s*")
_BINDING = re.compile(r"(.*[^=!<>])=\s*([^\W\d][\w'\u0300-\u036f]*)\s*", re.DOTALL)
_SHAPES = {
    "jvp": "write jvp(yhat, W=v)",
    "vjp": "write vjp(yhat=c, W)",
    "hvp": "write hvp(L, W=v)",
}


def formula_of(model: Model, texts: Sequence[str]) -> Formula:
    """The expressions of all outputs, and the model with what they need.

    Raises:
        LanguageError: an output is not a well-formed expression of the document, or (E808)
            a product of derivatives is not.
    """
    work = _Outputs(model)
    found = {text: work.read(text) for text in texts}
    roots = {text: (with_stable_form(expr, at), at) for text, (expr, at) in found.items()}
    kept = work.differentiated_by(expr for expr, _ in roots.values())
    stable = with_stable_forms(work.model, kept)
    first = work.formula(stable, roots)
    summed = with_running_sums(stable, kept)
    return first if summed is stable else replace(first, other=work.formula(summed, roots))


def _differentiates(expr: Expr) -> bool:
    return any(isinstance(node, Derivative) for node in walk(expr))


@dataclass(frozen=True)
class _Tangent:
    """The derivative of ``body`` along directions, to be defined as ``name``."""

    name: str
    body: Expr
    ranges: Ranges
    directions: Mapping[str, str]


class _Outputs:
    """The model with the directions that are no tensors of it, and the tangents asked for."""

    def __init__(self, model: Model) -> None:
        self.model = model
        self._tangents: list[_Tangent] = []

    def read(self, text: str) -> tuple[Expr, Ranges]:
        """One output."""
        found = _PRODUCT.fullmatch(text)
        if found is None or found.group(1) in {*self.model.definitions, *self.model.inputs}:
            expr, ranges = parse_expression(text, self.model)
            return self._recognised(expr, ranges), ranges
        kind, args = found.group(1), _arguments(found.group(2))
        return self._vjp(text, args) if kind == "vjp" else self._jvp(text, kind, args)

    def differentiated_by(self, exprs: Iterable[Expr]) -> frozenset[str]:
        """The tensors that something is differentiated by, in outputs or in the document."""
        bodies = (c.body for one in self.model.definitions.values() for c in one.clauses)
        nodes = walk(*exprs, *bodies, *(asked.body for asked in self._tangents))
        found = {node.tensor for node in nodes if isinstance(node, Derivative)}
        return frozenset(found.union(*(asked.directions for asked in self._tangents)))

    def formula(self, model: Model, roots: Mapping[str, tuple[Expr, Ranges]]) -> Formula:
        """Outputs over a model, with what is better named before it is differentiated."""
        model = named_arguments(model)
        if self._tangents or any(_differentiates(expr) for expr, _ in roots.values()):
            model, roots = with_named_values(with_running_products(model), roots)
        return Formula(self._with_tangents(model), roots)

    def _with_tangents(self, model: Model) -> Model:
        """The model with definitions of all tangents that outputs have asked for."""
        for asked in self._tangents:
            model, (body,) = complete(model, [(asked.body, asked.ranges)], fewer_axes)
            model, (body,) = swept(model, [(body, asked.ranges)])
            model, body = along(model, body, asked.ranges, asked.directions)
            args = tuple(af.of(index) for index in asked.ranges)
            clause = Clause(args, dict(asked.ranges), body)
            axes = tuple(asked.ranges.values())
            model = model.with_definitions({asked.name: Definition(asked.name, axes, (clause,))})
        return model

    # --- by name --------------------------------------------------------------------------

    def _jvp(self, text: str, kind: str, args: list[str]) -> tuple[Expr, Ranges]:
        named = [_NAMED.fullmatch(arg) for arg in args[1:]]
        directions = {n.group(1): n.group(2) for n in named if n is not None}
        if not directions or len(directions) != len(args) - 1:
            raise _wrong(text, f"{kind} takes an expression and a direction for a tensor", kind)
        body = args[0]
        if kind == "hvp" and len(directions) > 1:
            message = "hvp takes one tensor: of several, each is a row of the Hessian"
            rows = ", ".join(f"{name}={by}" for name, by in directions.items())
            raise _wrong(text, message, kind, f"write jvp(d({body})/d…, {rows}) for a row")
        for name, by in directions.items():
            self._tensor(text, name)
            self._direction(text, by, self.model.axes(name), f"{name}, whose direction it is")
        expr, ranges = parse_expression(body, self.model)
        if kind == "hvp":
            expr, ranges = self._by(expr, ranges, next(iter(directions)))
        return self._tangent(expr, ranges, directions), ranges

    def _by(self, expr: Expr, ranges: Ranges, wrt: str) -> tuple[Expr, Ranges]:
        """The total derivative of an expression by all of a tensor."""
        axes = self.model.axes(wrt)
        spans = {Index(f"{wrt}·{number}"): axis for number, axis in enumerate(axes)}
        at = tuple(af.of(letter) for letter in spans)
        return Derivative("total", expr, wrt, at), {**ranges, **spans}

    def _vjp(self, text: str, args: list[str]) -> tuple[Expr, Ranges]:
        bound = _BINDING.fullmatch(args[0])
        if bound is None or len(args) != 2:
            raise _wrong(text, "vjp takes an expression with a direction, and a tensor", "vjp")
        wrt = args[1].strip()
        self._tensor(text, wrt)
        expr, ranges = parse_expression(bound.group(1), self.model)
        by = bound.group(2)
        self._direction(text, by, tuple(ranges.values()), "what it is multiplied with")
        if by == wrt or by in self.model.definitions:
            message = f"{by} is to be held fixed; it is computed from inputs, or is {wrt} itself"
            raise _wrong(text, message, "vjp", "give it as an input of its own")
        weight = Element(by, tuple(af.of(index) for index in ranges))
        body: Expr = s.mul((weight, expr))
        for index in reversed(tuple(ranges)):
            body = s.total(index, ranges[index], body, ranges)
        name = f"({text.strip()})"
        scalar = Definition(name, (), (Clause((), {}, body),))
        self.model = self.model.with_definitions({name: scalar})
        return self._by(Element(name, ()), {}, wrt)

    def _tensor(self, text: str, name: str) -> None:
        if name not in self.model.inputs and name not in self.model.definitions:
            known = ", ".join(sorted({*self.model.inputs, *self.model.definitions}))
            raise _wrong(text, f"there is no tensor named {name}", None, f"there are {known}")

    def _direction(self, text: str, name: str, axes: tuple[Range, ...], of: str) -> None:
        """A direction is a tensor with these axes, a new input where there is none."""
        if name in self.model.inputs or name in self.model.definitions:
            if self.model.axes(name) != axes:
                message = f"{name} does not have the axes of {of}"
                raise _wrong(text, message, None, "a name that the document lacks is a new input")
            return
        if name in self.model.dims:
            raise _wrong(text, f"{name} is a size", None, "give the direction another name")
        if any(axis.lo is not af.ZERO for axis in axes):
            message = f"{name} would have to count from {axes[0].lo}, as {of}"
            raise _wrong(text, message, None, "inputs count from 0")
        sizes = tuple(af.shift(axis.hi, 1) for axis in axes)
        given = Input(name, sizes)
        self.model = replace(self.model, inputs={**self.model.inputs, name: given})

    def _tangent(self, body: Expr, ranges: Ranges, directions: Mapping[str, str]) -> Expr:
        name = f"(along {len(self._tangents) + 1})"
        self._tangents.append(_Tangent(name, body, ranges, directions))
        return Element(name, tuple(af.of(index) for index in ranges))

    # --- by indices -----------------------------------------------------------------------

    def _recognised(self, expr: Expr, ranges: Ranges) -> Expr:
        """``sum[k,l] d(…)/dW[k,l] v[k,l]`` as a tangent, term by term."""
        if isinstance(expr, Add):
            return s.add(self._recognised(term, ranges) for term in expr.terms)
        sums: dict[Index, Range] = {}
        body = expr
        outside: list[Expr] = []
        while True:
            match body:
                case Reduce("sum", index, lo, hi, inside) if index not in ranges:
                    sums[index] = Range(lo, hi)
                    body = inside
                case Mul(factors) if isinstance(factors[-1], Reduce):
                    outside += factors[:-1]
                    body = factors[-1]
                case _:
                    break
        factors = list(body.factors) if isinstance(body, Mul) else [body]
        found = self._product(factors, sums, ranges)
        return expr if found is None else s.mul((*outside, *found))

    def _product(
        self, factors: Sequence[Expr], sums: Ranges, ranges: Ranges
    ) -> tuple[Expr, ...] | None:
        """The factors with one derivative and its direction as a tangent."""
        derivatives = [f for f in factors if isinstance(f, Derivative)]
        if len(derivatives) != 1 or derivatives[0].kind != "total":
            return None
        (node,) = derivatives
        letters = [af.letter(arg) for arg in node.args]
        own = dict(zip(letters, self.model.axes(node.tensor), strict=True))
        if not letters or None in own or len(own) < len(letters) or own != dict(sums):
            return None
        # a gradient is there at the cost of a tangent, whatever the direction
        if not node.body.free or node.body.free & sums.keys():
            return None
        others = [factor for factor in factors if factor is not node]
        inside = [factor for factor in others if factor.free & sums.keys()]
        rest = [factor for factor in others if not factor.free & sums.keys()]
        if any(not factor.free <= sums.keys() for factor in inside) or not inside:
            return None
        if any(_derived(factor) for factor in inside):
            return None
        name = self._named(inside, node.args, own)
        inner = {index: ranges[index] for index in ranges if index in node.body.free}
        return (*rest, self._tangent(node.body, inner, {node.tensor: name}))

    def _named(
        self, factors: Sequence[Expr], args: tuple[Affine, ...], axes: Mapping[Index | None, Range]
    ) -> str:
        """The direction that a product is; a definition of its own where it has no name."""
        if len(factors) == 1 and isinstance(factors[0], Element) and factors[0].args == args:
            name = factors[0].tensor
            if self.model.axes(name) == tuple(axes.values()):
                return name
        name = f"(direction {len(self._tangents) + 1})"
        ranges = {letter: span for letter, span in axes.items() if letter is not None}
        clause = Clause(args, ranges, s.mul(factors))
        found = Definition(name, tuple(axes.values()), (clause,))
        self.model = self.model.with_definitions({name: found})
        return name


def _derived(expr: Expr) -> bool:
    return any(isinstance(node, Derivative) for node in walk(expr))


def _arguments(text: str) -> list[str]:
    """The parts between commas that no bracket encloses."""
    found, depth = [""], 0
    for character in text:
        depth += (character in "([{") - (character in ")]}")
        if character == "," and depth == 0:
            found.append("")
        else:
            found[-1] += character
    return found


def _wrong(text: str, message: str, kind: str | None, advice: str | None = None) -> LanguageError:
    advice = advice or (_SHAPES[kind] if kind else None)
    return LanguageError("E808", f"{text.strip()}: {message}", advice)
