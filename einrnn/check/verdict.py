"""What is said of a claim, and of a whole document."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import Any, Literal

from einrnn.dataclass import dataclass
from einrnn.errors import Diagnostic

VerdictName = Literal["proved", "tested", "refuted", "invalid"]
Expectation = Literal["hold", "refute"]


@dataclass(frozen=True)
class Counterexample:
    """A concrete case in which the two sides differ.

    ``sizes`` and ``inputs`` (nested lists) say where; ``at`` gives the free indices;
    ``left`` and ``right`` are the sides' values there. ``exact`` tells that both values
    are exact rationals.
    """

    sizes: Mapping[str, int]
    inputs: Mapping[str, Any]
    at: Mapping[str, int]
    left: float
    right: float
    exact: bool

    @property
    def hidden(self) -> bool:
        """Whether the sides differ by so little that floats alone do not tell them apart."""
        from einrnn.check.tolerance import REFUTES  # loads numpy, which the kept ones do not need

        most = max(1.0, abs(self.left), abs(self.right))
        return abs(self.left - self.right) <= REFUTES * most

    def as_json(self) -> dict[str, Any]:
        """The counterexample in plain JSON types."""
        return {
            "sizes": dict(self.sizes),
            "inputs": dict(self.inputs),
            "at": dict(self.at),
            "left": self.left,
            "right": self.right,
            "exact": self.exact,
        }


@dataclass(frozen=True)
class Repair:
    """An edit of a refuted claim that makes it true.

    ``statement`` is the repaired claim and ``right`` its right side, in the notation;
    ``edit`` says in words what was wrong. ``verdict`` tells whether the repaired claim was
    proved or only tested, ``method`` how.
    """

    statement: str
    right: str
    edit: str
    verdict: Literal["proved", "tested"]
    method: str

    def as_json(self) -> dict[str, str]:
        """The repair in plain JSON types."""
        return {
            "statement": self.statement,
            "right": self.right,
            "edit": self.edit,
            "verdict": self.verdict,
            "method": self.method,
        }


@dataclass(frozen=True)
class Derivation:
    """Equal expressions, one below the other, that show a proved claim or a part of it.

    ``title`` says which part, and is empty where it is the whole. Each of ``lines`` is an
    expression in the notation, and the reason why it is equal to the one above.
    """

    title: str
    lines: tuple[tuple[str, str], ...]

    def as_json(self) -> dict[str, Any]:
        """The derivation in plain JSON types."""
        lines = [{"expression": text, "reason": reason} for text, reason in self.lines]
        return {"title": self.title, "lines": lines}

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> Derivation:
        """What :meth:`as_json` was made from."""
        lines = tuple((line["expression"], line["reason"]) for line in row["lines"])
        return Derivation(row["title"], lines)


@dataclass(frozen=True)
class Verdict:
    """What was found out about one equality.

    ``method`` says how ("sympy and numbers", "numbers"), ``assumptions`` what the verdict
    leans on, ``sizes_tested`` and ``max_error`` (relative) how far it was tried.
    ``initial_state`` is ``any`` where the claim also held with random constants in place
    of constant boundary values, ``stated`` where it held for the stated ones only.
    ``steps`` say in words what a proof did, and ``derivation`` writes it out where that was
    asked for.

    Of a refuted claim, ``residual`` is left minus right; ``suggestion`` is the claim that
    may have been meant, ``repair`` says more about it; ``wrong_term`` is the term of the
    right side that a repair replaces, and ``true_under`` an assumption that would make
    the claim true.
    """

    label: str
    step: int
    line: int
    column: int
    statement: str
    expect: Expectation
    verdict: VerdictName
    method: str = ""
    assumptions: tuple[str, ...] = ()
    sizes_tested: tuple[Mapping[str, int], ...] = ()
    max_error: float | None = None
    counterexample: Counterexample | None = None
    residual: str | None = None
    suggestion: str | None = None
    repair: Repair | None = None
    wrong_term: str | None = None
    true_under: str | None = None
    initial_state: Literal["any", "stated"] | None = None
    steps: tuple[str, ...] = ()
    derivation: tuple[Derivation, ...] = ()
    notes: tuple[str, ...] = ()
    diagnostics: tuple[Diagnostic, ...] = ()
    seconds: float = 0.0

    @staticmethod
    def from_json(row: Mapping[str, Any]) -> Verdict:
        """What :meth:`as_json` was made from.

        Raises:
            KeyError, TypeError: the row is not one of its making.
        """
        fields = dict(row)
        for name in ("assumptions", "sizes_tested", "steps", "notes"):
            fields[name] = tuple(fields[name])
        fields["derivation"] = tuple(map(Derivation.from_json, fields["derivation"]))
        if fields["counterexample"] is not None:
            fields["counterexample"] = Counterexample(**fields["counterexample"])
        if fields["repair"] is not None:
            fields["repair"] = Repair(**fields["repair"])
        return Verdict(**fields)

    @property
    def as_expected(self) -> bool:
        """Whether the verdict is what the author said: it holds, or it was refuted."""
        if self.expect == "refute":
            return self.verdict == "refuted"
        return self.verdict in ("proved", "tested")

    def as_json(self) -> dict[str, Any]:
        """The verdict as ``check --json`` prints it."""
        return {
            "label": self.label,
            "step": self.step,
            "line": self.line,
            "column": self.column,
            "statement": self.statement,
            "expect": self.expect,
            "verdict": self.verdict,
            "method": self.method,
            "assumptions": list(self.assumptions),
            "sizes_tested": [dict(sizes) for sizes in self.sizes_tested],
            "max_error": self.max_error,
            "counterexample": self.counterexample.as_json() if self.counterexample else None,
            "residual": self.residual,
            "suggestion": self.suggestion,
            "repair": self.repair.as_json() if self.repair else None,
            "wrong_term": self.wrong_term,
            "true_under": self.true_under,
            "initial_state": self.initial_state,
            "steps": list(self.steps),
            "derivation": [part.as_json() for part in self.derivation],
            "notes": list(self.notes),
            "seconds": round(self.seconds, 4),
        }


@dataclass(frozen=True)
class Report:
    """The verdicts of a document in the order of its claims, with what was found in its text.

    ``known`` of the verdicts were found earlier and are still good.
    """

    name: str
    verdicts: tuple[Verdict, ...]
    diagnostics: tuple[Diagnostic, ...] = ()
    seconds: float = 0.0
    known: int = 0
    counts: Mapping[str, int] = field(init=False)

    def __post_init__(self) -> None:
        names = ("proved", "tested", "refuted", "invalid")
        counts = {name: sum(v.verdict == name for v in self.verdicts) for name in names}
        counts["unexpected"] = sum(not v.as_expected for v in self.verdicts)
        object.__setattr__(self, "counts", counts)

    def __iter__(self) -> Iterator[Verdict]:
        return iter(self.verdicts)

    def __len__(self) -> int:
        return len(self.verdicts)

    def __getitem__(self, label: str) -> Verdict:
        """The first verdict with this label."""
        for verdict in self.verdicts:
            if verdict.label == label:
                return verdict
        raise KeyError(label)

    @property
    def errors(self) -> tuple[Diagnostic, ...]:
        """The diagnostics that make a statement invalid."""
        return tuple(d for d in self.diagnostics if d.severity == "error")

    def ok_with(self, accepted: tuple[str, ...]) -> bool:
        """Whether nothing is invalid, every claim that must hold has an accepted verdict,
        and every claim that must be refuted was."""
        if self.errors or self.counts["invalid"]:
            return False
        return all(
            v.verdict == "refuted" if v.expect == "refute" else v.verdict in accepted
            for v in self.verdicts
        )

    @property
    def ok(self) -> bool:
        """Whether every claim is proved, every ``refute`` refuted and nothing invalid."""
        return self.ok_with(("proved",))
