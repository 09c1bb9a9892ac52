"""Sizes unify as types do: every axis and every letter has one, and clashes name both."""

from __future__ import annotations

from dataclasses import field

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Dim
from einrnn.dataclass import dataclass
from einrnn.errors import Span

# how the names of sizes begin that the document does not name
UNNAMED = "dim_"


@dataclass()
class Variable:
    """The size of an axis or of a letter: a class of variables known to be equal.

    ``what`` describes it in messages. ``uses`` are the places where a letter met an
    axis, in order.
    """

    what: str
    letter: str | None = None
    parent: Variable | None = None
    value: Affine | None = None
    letters: list[str] = field(default_factory=list[str])
    hints: list[Affine] = field(default_factory=list[Affine])
    uses: list[tuple[Span, Variable]] = field(default_factory=list["tuple[Span, Variable]"])

    def root(self) -> Variable:
        """The representative of the class."""
        here = self
        while here.parent is not None:
            here = here.parent
        while self.parent is not None and self.parent is not here:
            self.parent, self = here, self.parent
        return here

    def size(self) -> Affine | None:
        """The size, where it is known."""
        return self.root().value


class Sizes:
    """All size variables of a document."""

    def __init__(self, numbers: dict[str, int | None]) -> None:
        self.numbers = numbers
        self.variables: list[Variable] = []

    def new(self, what: str, letter: str | None = None, value: Affine | None = None) -> Variable:
        """A variable of its own."""
        variable = Variable(what, letter, None, value, [letter] if letter else [])
        self.variables.append(variable)
        return variable

    def normal(self, value: Affine) -> Affine:
        """The size with known numbers put in, so that equal sizes compare equal."""
        result = af.of(value.constant)
        for atom, coefficient in value.terms:
            number = self.numbers.get(atom.name) if isinstance(atom, Dim) else None
            result = af.plus(result, af.of(atom if number is None else number), coefficient)
        return result

    def agree(self, left: Variable, right: Variable) -> bool:
        """Whether two sizes may still be one."""
        a, b = left.size(), right.size()
        return a is None or b is None or self.normal(a) is self.normal(b)

    def unify(self, left: Variable, right: Variable) -> bool:
        """Makes two sizes one; False, and nothing happens, where they clash."""
        a, b = left.root(), right.root()
        if a is b:
            return True
        if not self.agree(a, b):
            return False
        keep, drop = (a, b) if a.value is not None or b.value is None else (b, a)
        drop.parent = keep
        keep.letters += [letter for letter in drop.letters if letter not in keep.letters]
        keep.hints += drop.hints
        return True

    def name_rest(self, taken: set[str]) -> list[str]:
        """Give every size that is left a name: a hint, the dim that is declared under its letter's
        upper case, that letter, or another one.

        Returns the names that are new.
        """
        new: list[str] = []
        for variable in self.variables:
            root = variable.root()
            if root.value is not None:
                continue
            declared = [up for one in root.letters if (up := one.upper()) in self.numbers]
            if declared and not root.hints:
                root.value = af.of(Dim(declared[0]))
                continue
            if root.hints:
                root.value = _best(root.hints)
                taken |= {dim.name for dim in af.dims(root.value)}
                continue
            name = self._name(root, taken)
            taken.add(name)
            new.append(name)
            root.value = af.of(Dim(name))
        return new

    def _name(self, root: Variable, taken: set[str]) -> str:
        for letter in root.letters:
            upper = letter.upper()
            if upper not in taken and upper != letter:
                return upper
        stem = f"{UNNAMED}{root.letters[0] if root.letters else 'n'}"
        name, number = stem, 2
        while name in taken:
            name, number = f"{stem}{number}", number + 1
        return name


def _best(hints: list[Affine]) -> Affine:
    """The first hint that names a size, else the largest number."""
    named = [hint for hint in hints if hint.terms]
    return named[0] if named else max(hints, key=lambda hint: hint.constant)
