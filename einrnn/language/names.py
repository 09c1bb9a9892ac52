"""What the names of a document are: sizes, index letters, inputs, functions, definitions."""

from __future__ import annotations

from dataclasses import field
from difflib import get_close_matches

from einrnn.core.functions import FUNCTIONS
from einrnn.dataclass import dataclass
from einrnn.errors import Diagnostic, Related, Span
from einrnn.language import ast
from einrnn.language.problem import Problem
from einrnn.source import Source

REDUCERS = {
    "sum": "sum",
    "Σ": "sum",
    "∑": "sum",
    "prod": "prod",
    "Π": "prod",
    "∏": "prod",
    "max": "max",
    "min": "min",
    "mean": "mean",
    "logsumexp": "logsumexp",
    "softmax": "softmax",
}
DELTAS = ("delta", "δ")
MATRIX = ("inv", "det", "logdet", "matpow")
FORMS = ("tr", "dot", "outer", *MATRIX)
CONSTANTS = ("pi", "π", "inf", "undefined")
# what people write before what a claim depends on
_CONDITIONS = frozenset(("under", "given", "assuming", "where", "when", "if", "provided", "by"))
# what functions are called elsewhere
_ELSEWHERE = {
    "ln": "log(…)",
    "log2": "log(…)/log(2)",
    "log10": "log(…)/log(10)",
    "e": "exp(x) for e^x, or exp(1)",
    "arctan": "atan(…)",
    "arcsin": "asin(…)",
    "arccos": "acos(…)",
    "sgn": "sign(…)",
    "trace": "tr(…)",
    "Tr": "tr(…)",
    "inverse": "inv(…)",
    "logit": "log(p/(1-p))",
    "norm": "sqrt(sum[i] x[i]^2)",
    "diag": "delta[i,j] x[i], with indices",
    "eye": "delta[i,j]",
    "transpose": "A.T, or exchange the indices",
    "grad": "dE/dx[i]",
    "average": "mean[k](…)",
    "einsum": "the products with indices, A[i,j] B[j,k]",
    "matmul": "A @ B",
    "log1p": "log(1 + x)",
    "expm1": "exp(x) - 1",
    "argmax": "max[k](…); the position itself has no notation",
    "σ": "sigmoid(…)",
}
# what no document may declare; a capital sigma or pi, and the letter pi, may be tensors
RESERVED = {*REDUCERS, *DELTAS, *FORMS, *CONSTANTS, *FUNCTIONS} - {"Σ", "Π", "π", "pi"}


@dataclass()
class Tensor:
    """An input, a definition or an opaque function, as far as names go.

    ``axes`` are the written axes of an input (None where they are inferred).
    """

    name: str
    kind: str
    rank: int | None
    span: Span
    axes: tuple[ast.Item, ...] | None = None
    facts: tuple[ast.FactSaid, ...] = ()
    function: ast.FunctionStatement | None = None

    def has(self, fact: str) -> bool:
        """Whether a fact is declared of the entries."""
        return any(other.name == fact for other in self.facts)


@dataclass()
class Names:
    """The names of a document, and what went wrong with those that are broken.

    ``places`` are where sizes and index letters are declared, ``entries`` where tensors
    are: a tensor with indices may have the name of a size.
    """

    source: Source
    dims: dict[str, int | None] = field(default_factory=dict[str, "int | None"])
    defaults: dict[str, ast.Ast] = field(default_factory=dict[str, ast.Ast])
    places: dict[str, Span] = field(default_factory=dict[str, Span])
    entries: dict[str, Span] = field(default_factory=dict[str, Span])
    letters: dict[str, ast.Ast] = field(default_factory=dict[str, ast.Ast])
    tensors: dict[str, Tensor] = field(default_factory=dict[str, Tensor])
    broken: dict[str, Span] = field(default_factory=dict[str, Span])
    implicit: dict[str, Span] = field(default_factory=dict[str, Span])
    mentioned: set[str] = field(default_factory=set[str])
    declares_inputs: bool = False

    def is_dim(self, name: str) -> bool:
        """Whether the name is a size, declared or implied by an input's axis."""
        return name in self.dims or name in self.implicit

    def is_both(self, name: str) -> bool:
        """Whether the name is a size and, with indices, a tensor."""
        return self.is_dim(name) and self.is_tensor(name)

    def is_tensor(self, name: str) -> bool:
        """Whether the name is declared or defined, well or badly."""
        return name in self.tensors or name in self.broken

    def is_scalar(self, name: str) -> bool:
        """Whether the name is a tensor without indices."""
        return name in self.tensors and self.tensors[name].rank == 0

    def is_number(self, name: str) -> bool:
        """Whether the name is a single integer, so that it may be an index itself."""
        tensor = self.tensors.get(name)
        if tensor is None or tensor.rank != 0:
            return False
        return any(fact.name == "integer" for fact in tensor.facts)

    def may_be_tensor(self, name: str) -> bool:
        """Whether ``dX`` may be read as a derivative of X."""
        return self.is_tensor(name) or (name in self.mentioned and not self.is_dim(name))

    def is_reducer(self, name: str) -> bool:
        """Whether ``name[k]`` binds k; Σ and Π may be tensors instead."""
        return name in REDUCERS and not self.is_tensor(name)

    def binds(self, name: str) -> bool:
        """Whether ``name[…]`` before a parenthesis binds letters: a sum, or ``inv[r,c](…)``."""
        return self.is_reducer(name) or (name in MATRIX and not self.is_tensor(name))

    def is_function(self, name: str) -> bool:
        """Whether ``name(`` starts a call."""
        if name in self.tensors:
            return self.tensors[name].function is not None
        return name in FUNCTIONS or name in REDUCERS or name in FORMS or name in DELTAS

    def tensor(self, name: str, used: int, span: Span) -> Tensor:
        """The tensor of this name; a name never declared becomes an input if it may."""
        if name in self.tensors:
            return self.tensors[name]
        if name in self.broken:
            raise Problem(self.broken_use(name, span))
        known = name in RESERVED or name in CONSTANTS or self.is_dim(name)
        if known or self.declares_inputs:
            raise Problem(self.unknown(name, span, used))
        found = Tensor(name, "input", used, span)
        self.tensors[name] = found
        return found

    def broken_use(self, name: str, span: Span) -> Diagnostic:
        """The error for a use of a name whose definition is not valid."""
        line = self.source.place(self.broken[name].start)[0]
        return Diagnostic(
            "E406",
            f"{name} has no valid definition (see line {line})",
            span,
            "used here",
            help=f"mend line {line} first",
        )

    def unknown(self, name: str, span: Span, used: int) -> Diagnostic:
        """The error for a name that is nothing."""
        if self.is_dim(name):
            return Diagnostic(
                "E404",
                f"{name} is a size and has no entries",
                span,
                "a dim",
                help=f"give the tensor another name than the dim {name}",
            )
        if name in CONSTANTS:
            return Diagnostic(
                "E404",
                f"{name} is a number and has no entries",
                span,
                "a constant",
                help=f"declare the tensor: input {name}[{','.join('…' * used)}]",
            )
        if name in RESERVED:
            return Diagnostic(
                "E405",
                f"{name} is a function and needs an argument",
                span,
                "no argument",
                help=_usage(name),
            )
        close, notation = self.close(name), self._notation(name, used)
        if notation:
            help_text = notation
        elif close:
            help_text = f"did you mean {close}?"
        else:
            places = ",".join("…" * used)
            help_text = (
                f"declare it: input {name}[{places}]" if used else f"declare it: input {name}"
            )
            if name.startswith("d"):
                help_text = self._derived(name[1:]) or help_text
        return Diagnostic("E401", f"unknown name {name}", span, "not declared", help=help_text)

    def _derived(self, rest: str) -> str | None:
        """How a derivative is written that a name seems to begin: ``dlog``, ``d2``, ``dE``."""
        if rest in RESERVED:
            return f"the derivative of a function is written d/dx ({rest}(…))"
        if rest.isdecimal():
            return (
                f"a derivative of order {rest} of an expression is written d^{rest}/dx^{rest} (…)"
            )
        return f"a derivative is a quotient: d{rest}/dX" if self.may_be_tensor(rest) else None

    def _notation(self, name: str, used: int) -> str | None:
        """How the language writes what a name looks like: subscripts, other names of functions."""
        stem, underscore, rest = name.partition("_")
        letters = ",".join(rest)
        if underscore and (stem in REDUCERS or stem in DELTAS or self.is_tensor(stem)):
            return f"indices stand in brackets: {stem}[{letters or '…'}]"
        if name in _ELSEWHERE:
            return f"write {_ELSEWHERE[name]}"
        if name in _CONDITIONS and not used:
            return (
                "assumptions and earlier claims are named after `using`, "
                "a condition on indices stands after `for`"
            )
        if name == "T" and not used:
            return "a transposed matrix is A.T; a size is declared: dim T"
        if not used and len(name) == 1 and name.islower():
            return (
                f"an index stands in square brackets, x[{name}], or is declared: "
                f"index {name} : {name.upper()}; a number is declared: input {name}"
            )
        return None

    def close(self, name: str) -> str | None:
        """A known name that is spelled almost like this one."""
        candidates = sorted({*self.tensors, *self.broken})
        for other in candidates:
            if other.lower() == name.lower():
                return other
        limit = 2 if len(name) >= 4 else 1
        near = [(distance(name, other), other) for other in candidates if len(other) > 1]
        near = [pair for pair in near if pair[0] <= limit and pair[0] < len(name)]
        return min(near)[1] if near else None

    def declare(self, name: ast.Name, what: str) -> None:
        """Note where a size or a letter is declared; a second one of the name is an error."""
        self._once(name, what, self.places.get(name.name))
        self.places[name.name] = name.span

    def declare_tensor(self, name: ast.Name, what: str) -> None:
        """Note where a tensor is declared; a second one of the name is an error."""
        letter = None if name.name in self.dims else self.places.get(name.name)
        self._once(name, what, self.entries.get(name.name, letter))
        self.entries[name.name] = name.span

    def apart(self, name: ast.Name, what: str) -> None:
        """An error where a number or a function has the name of a size."""
        if self.is_dim(name.name):
            size = self.places.get(name.name) or self.implicit[name.name]
            raise Problem(
                Diagnostic(
                    "E402",
                    f"{name.name} is declared twice",
                    name.span,
                    f"again as {what}",
                    (Related(size, "a size here"),),
                    "only a tensor with indices may have the name of a size",
                )
            )

    def _once(self, name: ast.Name, what: str, before: Span | None) -> None:
        if name.name in RESERVED:
            raise Problem(
                Diagnostic(
                    "E403",
                    f"{name.name} is a name of the language",
                    name.span,
                    f"cannot be the name of {what}",
                    help="choose another name",
                )
            )
        if before is not None:
            raise Problem(
                Diagnostic(
                    "E402",
                    f"{name.name} is declared twice",
                    name.span,
                    f"again as {what}",
                    (Related(before, "first declared here"),),
                    "remove one of the two or give one another name",
                )
            )


def _usage(name: str) -> str:
    if name in REDUCERS:
        return f"write {name}[k] … or {name}[k](…)"
    if name in DELTAS:
        return f"write {name}[i,j]"
    if name in FUNCTIONS and FUNCTIONS[name].arity == 2:
        return f"write {name}(x, y)"
    return f"write {name}(…)"


def distance(left: str, right: str) -> int:
    """How many letters must be changed, added, dropped or swapped (with neighbours)."""
    rows = [list(range(len(right) + 1))]
    for i, a in enumerate(left, 1):
        row = [i]
        for j, b in enumerate(right, 1):
            best = min(rows[-1][j] + 1, row[-1] + 1, rows[-1][j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                best = min(best, rows[-2][j - 2] + 1)
            row.append(best)
        rows.append(row)
    return rows[-1][-1]


def suggestion(name: str, known: list[str]) -> str | None:
    """The closest of some known words, if one is close."""
    found = get_close_matches(name, known, 1, 0.6)
    return found[0] if found else None
