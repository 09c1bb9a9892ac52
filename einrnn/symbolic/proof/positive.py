"""What is positive wherever a claim says something: it takes logarithms or roots of that."""

from __future__ import annotations

from collections.abc import Iterator

from einrnn.core import affine as af
from einrnn.core.build import sub
from einrnn.core.model import Model, Range
from einrnn.core.nodes import Apply, Element, Expr, Matrix, Number, Pow
from einrnn.core.reach import reached
from einrnn.core.traverse import elements, tensors
from einrnn.symbolic.normal.domain import known_from
from einrnn.symbolic.normal.zero import is_zero
from einrnn.symbolic.proof.defined import ANY, Defined
from einrnn.symbolic.proof.entries import Chosen
from einrnn.symbolic.proof.known import nothing
from einrnn.symbolic.proof.opening import Opener
from einrnn.symbolic.proof.statement import Proof, Statement


def surely_positive(model: Model, defined: Defined, statement: Statement) -> frozenset[str]:
    """The inputs whose entries, as far as a statement speaks of them, are positive wherever both
    sides have values."""
    return frozenset(
        entry.tensor
        for entry, span in _logarithms(defined, statement)
        if entry.tensor in model.inputs and _is_all(model, statement, entry, span)
    )


def by_arguments(opener: Opener, statement: Statement) -> Proof | None:
    """Equal by laws of logarithms and roots: ``log(a b) = log(a) + log(b)`` where the right side
    has a value, because ``a`` and ``b`` are positive there.

    Raises:
        TooLarge: the budget ran out.
    """
    given = frozenset(_arguments(opener.defined, statement))
    for chosen in (nothing, opener.any) if given else ():
        if _by_arguments(opener, statement, given, chosen):
            return Proof("normal form", ("where logarithms and roots have values",))
    return None


def _by_arguments(
    opener: Opener, statement: Statement, given: frozenset[Expr], chosen: Chosen
) -> bool:
    plain = opener.normaliser(statement, ())
    difference = opener.without(plain, sub(statement.left, statement.right), chosen)
    opened = (opener.without(plain, argument, chosen) for argument in given)
    work = opener.normaliser(statement, (), frozenset(opened))
    return is_zero(work, work.poly(difference))


def _is_all(model: Model, statement: Statement, entry: Element, span: Range | None) -> bool:
    """Whether a statement speaks of no other entries of an input than of one, or of those with one
    position anywhere in a range."""
    sides, own = (statement.left, statement.right), af.of(ANY)
    axes = zip(entry.args, model.axes(entry.tensor), strict=True)
    if span is not None and [axis for arg, axis in axes if arg is own] != [span]:
        return False
    fixed = [place for place, arg in enumerate(entry.args) if arg is not own]
    inside = reached(model, sides) & model.definitions.keys()
    bodies = [clause.body for name in inside for clause in model.definitions[name].clauses]
    if fixed and any(entry.tensor in tensors(body) for body in bodies):
        return False
    same = (e for e in elements(*sides) if e.tensor == entry.tensor)
    return all(e.args[place] is entry.args[place] for e in same for place in fixed)


def _logarithms(defined: Defined, statement: Statement) -> Iterator[tuple[Element, Range | None]]:
    """The entries that surely are taken the logarithm of for both sides: one, or those with
    :data:`ANY` position in a range."""
    needs = defined.needs_of(statement, known_from(statement.ranges))
    alone = ((node, None) for node in needs.values)
    for node, span in (*alone, *needs.everywhere):
        match node:
            case Apply("log", (Element() as entry,)):
                yield entry, span
            case _:
                pass


def _arguments(defined: Defined, statement: Statement) -> Iterator[Expr]:
    """What surely is taken a logarithm or a root of for both sides: nowhere negative where
    they have values."""
    for node in defined.needs_of(statement, known_from(statement.ranges)).values:
        match node:
            case Apply("log" | "sqrt", (argument,)):
                yield argument
            case Pow(base, Number(exponent)) if exponent.denominator % 2 == 0:
                yield base
            case Matrix("logdet", row, column, size, body, power):
                yield Matrix("det", row, column, size, body, power, ())
            case _:
                pass
