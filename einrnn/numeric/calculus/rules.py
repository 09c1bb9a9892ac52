"""The derivatives of one program, each compiled when it is first asked for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from einrnn.core.nodes import Derivative, Expr
from einrnn.core.traverse import walk
from einrnn.dataclass import dataclass
from einrnn.numeric.calculus.pullback import Pullback, pullback
from einrnn.numeric.calculus.pushforward import Pushforward, pushforward
from einrnn.numeric.formula import Formula

if TYPE_CHECKING:
    from einrnn.numeric.program import Program


@dataclass(frozen=True)
class Rule:
    """A pullback with its two programs."""

    of: Pullback
    forward: Program
    backward: Program

    def arguments(self, cotangents: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
        """What the backward program takes beside the inputs."""
        given = {self.of.seeds[name]: value for name, value in cotangents.items()}
        return given | {name: kept[name] for name in self.of.kept}


@dataclass(frozen=True)
class Tangents:
    """A pushforward with its program."""

    of: Pushforward
    program: Program

    def arguments(self, tangents: Mapping[str, Any], kept: Mapping[str, Any]) -> dict[str, Any]:
        """What the program takes beside the inputs, from the tangents of inputs by name."""
        given = {self.of.directions[name]: value for name, value in tangents.items()}
        return given | {name: kept[name] for name in self.of.kept}


class Rules:
    """Derivatives of a formula, for some outputs by some inputs."""

    def __init__(self, formula: Formula, backend: str) -> None:
        self._formula = formula
        self._backend = backend
        self._known: dict[object, Rule] = {}
        self._forward: dict[object, Tangents] = {}

    def first(self, wanted: Sequence[str]) -> Rule:
        """The rule that says what to keep while it is not known which outputs will count:
        those that are not derivatives themselves, if there are any."""
        roots = self._formula.roots
        plain = [name for name, (expr, _) in roots.items() if not _derived(expr)]
        return self.rule(plain or list(roots), wanted)

    def rule(
        self, seeds: Sequence[str], wanted: Sequence[str], kept: Sequence[str] | None = None
    ) -> Rule:
        """The rule for outputs ``seeds`` by inputs ``wanted``, reading at most what was kept."""
        from einrnn.numeric.program import compile_formula

        key = tuple(seeds), tuple(wanted), None if kept is None else tuple(kept)
        if key not in self._known:
            found = pullback(self._formula, seeds, wanted, kept)
            forward = compile_formula(found.forward, self._backend)
            backward = compile_formula(found.backward, self._backend)
            self._known[key] = Rule(found, forward, backward)
        return self._known[key]

    def tangents(self, wanted: Sequence[str], kept: Sequence[str] = ()) -> Tangents:
        """The derivative of all outputs along tangents of ``wanted``, reading what was kept."""
        from einrnn.numeric.program import compile_formula

        key = tuple(wanted), tuple(kept)
        if key not in self._forward:
            found = pushforward(self._formula, wanted, kept)
            self._forward[key] = Tangents(found, compile_formula(found.formula, self._backend))
        return self._forward[key]


def read_by(program: Program, given: Mapping[str, Any], sizes: Mapping[str, int]) -> dict[str, Any]:
    """The arrays and sizes that a program reads, of those there are."""
    own = {name: value for name, value in given.items() if name in program.inputs}
    return own | {name: value for name, value in sizes.items() if name in program.sizes}


def _derived(expr: Expr) -> bool:
    return any(isinstance(node, Derivative) for node in walk(expr))
