"""Which sizes must be equal: what each statement says about axes and letters."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from einrnn.core import affine as af
from einrnn.core.nodes import Affine, Dim
from einrnn.dataclass import dataclass
from einrnn.errors import Related, Span
from einrnn.language import ast
from einrnn.language import terms as tm
from einrnn.language.clashes import clash, shown
from einrnn.language.indexing import Indexing
from einrnn.language.names import Names, Tensor
from einrnn.language.problem import fail
from einrnn.language.sizes import Sizes, Variable
from einrnn.source import Source


@dataclass(frozen=True)
class Soft:
    """Sizes that are equal unless something firmer says otherwise."""

    left: Variable
    right: Variable


@dataclass(frozen=True)
class Reach:
    """An axis read at an index expression of several letters: it must be long enough."""

    axis: Variable
    arg: tm.Arg
    letters: Letters


class Letters:
    """The size variables of the letters of one statement (or one side of a chain)."""

    def __init__(self, sizing: Sizing, outer: Letters | None = None) -> None:
        self.sizing = sizing
        self.outer = outer
        self.own: dict[str, Variable] = {}

    def get(self, name: str) -> Variable:
        """The size of a letter; letters of the outer scope are shared."""
        scope: Letters | None = self
        while scope is not None:
            if name in scope.own:
                return scope.own[name]
            scope = scope.outer
        self.own[name] = self.sizing.letter(name)
        return self.own[name]


class Sizing:
    """The size variables of a document and the constraints between them."""

    def __init__(self, names: Names, source: Source) -> None:
        self.names = names
        self.source = source
        self.sizes = Sizes(names.dims)
        self.axes: dict[str, list[Variable]] = {}
        # sizes of letters that a document which has been read declares
        self.declared: Mapping[str, Affine] = {}
        self.soft: list[Soft] = []
        # where x[T-1] is read, T may be the size of x
        self.lasts: list[Soft] = []
        self.reaches: list[Reach] = []
        self.looked_up: dict[str, Variable] = {}

    def letter(self, name: str) -> Variable:
        """A size variable for a letter; ``index t : T`` fixes it."""
        variable = self.sizes.new(f"index {name}", name)
        said = self.names.letters.get(name)
        if said is not None:
            variable.value = self.constant(said)
            variable.what = f"index {name} ({self._line(said.span, 'declared')})"
        return variable

    def _line(self, span: Span, how: str) -> str:
        return f"{how}, line {self.source.place(span.start)[0]}"

    def constant(self, node: ast.Ast) -> Affine:
        """A size that is written out, such as ``T`` or ``N+P-1``."""
        value = size_of(Indexing(self.names, frozenset()).arg(node))
        if value is None:
            raise fail(
                "E304",
                "a size is made of dims and whole numbers",
                node.span,
                "not a size",
                "declare the dim: dim T",
            )
        return value

    def axis(self, name: str, number: int) -> Variable:
        """The size variable of an axis."""
        tensor = self.names.tensors[name]
        if name not in self.axes:
            self.axes[name] = [
                self.sizes.new(self._describe(tensor, n)) for n in range(tensor.rank or 0)
            ]
        return self.axes[name][number]

    def _describe(self, tensor: Tensor, number: int) -> str:
        how = {"input": "input", "definition": "defined", "function": "function"}[tensor.kind]
        if tensor.kind == "input" and tensor.axes is None:
            how = "first used"
        return f"axis {number} of {tensor.name} ({self._line(tensor.span, how)})"

    def declare(self, tensor: Tensor) -> None:
        """The written axes of an input: dims, or letters local to the statement."""
        letters = Letters(self)
        for number, item in enumerate(tensor.axes or ()):
            self.declare_axis(self.axis(tensor.name, number), item.value, letters)

    def declare_axis(self, axis: Variable, node: ast.Ast, letters: Letters) -> None:
        """One written axis: a dim, or a letter that is local to the statement."""
        if isinstance(node, ast.Name) and not self.names.is_dim(node.name):
            self.sizes.unify(axis, letters.get(node.name))
            return
        axis.root().value = self.constant(node)

    def declare_together(self, statement: ast.InputStatement) -> None:
        """All inputs of one statement: the same lower-case letter is the same size."""
        letters = Letters(self)
        for declared, _ in statement.inputs:
            tensor = self.names.tensors.get(declared.name.name)
            for number, item in enumerate(tensor.axes or () if tensor else ()):
                self.declare_axis(self.axis(declared.name.name, number), item.value, letters)

    def constrain(self, root: tm.Part, letters: Letters) -> None:
        """Everything a term says about sizes; raises where sizes clash.

        Deltas come last: where one compares two sizes, the axes that its indices stand on
        are known by then and can be named.
        """
        deltas: list[tuple[tm.Letter, tm.Letter]] = []
        for node in tm.walk(root):
            match node:
                case tm.Read(name, args):
                    self._read(name, args, letters)
                case tm.Derivative(_, _, name, args):
                    self._read(name, args, letters)
                case tm.Compare(_, tm.Position(left), tm.Position(right), _, delta):
                    pair = _plain(left), _plain(right)
                    if delta and pair[0] is not None and pair[1] is not None:
                        deltas.append((pair[0], pair[1]))
                    else:
                        self._compare(left, right, letters)
                case tm.Compare(_, tm.Read() as read, tm.Position(arg)) | tm.Compare(
                    _, tm.Position(arg), tm.Read() as read
                ):
                    self._counted(arg, read, letters)
                case tm.Reduce(_, bounds):
                    self._limits(bounds, letters)
                case tm.Matrix():
                    self._matrix(node, letters)
                case tm.Opaque():
                    self._opaque(node, letters)
                case _:
                    pass
        for left, right in deltas:
            self._delta(left, right, letters)

    def _delta(self, left: tm.Letter, right: tm.Letter, letters: Letters) -> None:
        """Both indices of a delta run over one range."""
        first, second = letters.get(left.name), letters.get(right.name)
        if not self.sizes.unify(first, second):
            rows = [f"{shown(one.size())}, {_standing(one)}" for one in (first, second)]
            raise fail(
                "E308",
                f"the indices {left.name} and {right.name} of a delta have two sizes",
                left.span,
                rows[0],
                f"write [{left.name} == {right.name}] to compare indices of two ranges",
                (Related(right.span, rows[1]),),
            )
        first.uses.append((left.span, second))
        second.uses.append((right.span, first))

    def _read(self, name: str, args: tuple[tm.Arg, ...], letters: Letters) -> None:
        for number, arg in enumerate(args):
            self.place(self.axis(name, number), arg, letters)

    def place(self, axis: Variable, arg: tm.Arg, letters: Letters) -> None:
        """One axis read at one index expression."""
        plain, shifted = _plain(arg), _letter(arg)
        if plain is not None:
            self.meet(letters.get(plain.name), axis, plain)
        elif shifted is not None:
            self.soft.append(Soft(letters.get(shifted.name), axis))
        elif len(arg.parts) == 1 and isinstance(arg.parts[0][1], tm.Read) and not arg.constant:
            self._look_up(arg.parts[0][1], axis)
        elif any(isinstance(atom, tm.Letter) for _, atom in arg.parts):
            self.reaches.append(Reach(axis, arg, letters))
            self._mirrored(arg, letters)
        elif len(arg.parts) == 1 and arg.parts[0][0] == 1 and arg.constant == -1:
            size = size_of(tm.Arg(0, arg.parts, arg.span))
            if size is not None:
                end = self.sizes.new("positions up to the last", None, size)
                self.lasts.append(Soft(axis, end))

    def _mirrored(self, arg: tm.Arg, letters: Letters) -> None:
        """In ``w[K-1-k]`` k has the size K, unless something firmer says otherwise."""
        letter = _letter(arg, -1)
        if letter is not None:
            rest = tuple((times, atom) for times, atom in arg.parts if atom is not letter)
            size = size_of(tm.Arg(arg.constant + 1, rest, arg.span))
            if size is None or (not size.terms and size.constant < 1):
                return  # x[-1-k] reads nothing that is there, whatever k is
            end = self.sizes.new(f"positions from the end in {letter.name}", None, size)
            self.soft.append(Soft(letters.get(letter.name), end))

    def meet(self, letter: Variable, axis: Variable, at: tm.Letter) -> None:
        """A letter stands on an axis: both have one size, unless the letter is declared to range
        over less, as ``t : T`` on an axis of ``T+1`` positions, or over more: conditions then have
        to see to it that nothing is read where there is nothing."""
        if not self.sizes.unify(letter, axis):
            if self._ends_elsewhere(at.name, letter, axis):
                return
            raise clash(self.names, self.axes, letter, axis, at)
        letter.uses.append((at.span, axis))

    def _ends_elsewhere(self, name: str, letter: Variable, axis: Variable) -> bool:
        """Whether of two sizes one is that which a letter is declared to have, and the other one
        is some positions more or less."""
        said, sizes = self.names.letters.get(name), (letter.size(), axis.size())
        own = self.declared.get(name) if said is None else self.constant(said)
        if own is None or sizes[0] is None or sizes[1] is None or own not in sizes:
            return False
        more = af.number(af.plus(af.plus(*sizes), own, -2))
        return more is not None and more != 0

    def _look_up(self, read: tm.Read, axis: Variable) -> None:
        known = self.looked_up.get(read.name)
        if known is None:
            self.looked_up[read.name] = known = self._bound(read.name) or axis
        if not self.sizes.unify(known, axis):
            raise fail(
                "E302",
                f"{read.name} looks up an axis of another size",
                read.span,
                f"{shown(axis.size())}, {axis.what}",
                f"the values of {read.name} are below {shown(known.size())}",
            )

    def _bound(self, name: str) -> Variable | None:
        """The size that a declared integer input stays below."""
        tensor = self.names.tensors[name]
        for fact in tensor.facts:
            if fact.name == "integer" and fact.bound is not None:
                return self.sizes.new(f"values of {name}", None, self.constant(fact.bound))
        if tensor.kind != "input" or tensor.axes is not None:
            raise fail(
                "E303",
                f"{name} is used as an index but is not an integer input",
                tensor.span,
                "declared here",
                f"declare it: input {name}[…] integer in K",
            )
        return None

    def _compare(self, left: tm.Arg, right: tm.Arg, letters: Letters) -> None:
        pair = [_letter(arg) for arg in (left, right)]
        if pair[0] is not None and pair[1] is not None:
            self.soft.append(Soft(letters.get(pair[0].name), letters.get(pair[1].name)))
        for one, other in ((left, right), (right, left)):
            alone = other.parts[0][1] if len(other.parts) == 1 and not other.constant else None
            if isinstance(alone, tm.Read):
                self._counted(one, alone, letters)

    def _counted(self, arg: tm.Arg, read: tm.Read, letters: Letters) -> None:
        """In ``[y[t] == k]`` k runs over as many values as a look-up in y may have, unless
        something says otherwise."""
        letter = _plain(arg)
        if read.name not in self.looked_up and self.names.tensors[read.name].has("integer"):
            bound = self._bound(read.name)
            if bound is not None:
                self.looked_up[read.name] = bound
        if letter is not None and read.name in self.looked_up:
            self.soft.append(Soft(letters.get(letter.name), self.looked_up[read.name]))

    def _limits(self, bounds: tuple[tm.Bound, ...], letters: Letters) -> None:
        """In ``sum[r=0..t]`` r and t run over the same axis, unless something says otherwise;
        an axis of no other known size that ``sum[r=0..7]`` reads has 8 positions."""
        for bound in bounds:
            highest = size_of(bound.hi) if bound.hi is not None else None
            if highest is not None and not highest.terms and highest.constant >= 0:
                letters.get(bound.name).root().hints.append(af.shift(highest, 1))
            for end in (bound.lo, bound.hi):
                letter = _letter(end) if end is not None else None
                if letter is not None:
                    left, right = letters.get(bound.name), letters.get(letter.name)
                    self.soft.append(Soft(left, right))

    def _matrix(self, node: tm.Matrix, letters: Letters) -> None:
        row, column = letters.get(node.row), letters.get(node.column)
        self.soft.append(Soft(row, column))
        for arg in node.at:
            self.place(row, arg, letters)

    def _opaque(self, node: tm.Opaque, letters: Letters) -> None:
        declared = self.names.tensors[node.name].function
        assert declared is not None
        for number, arg in enumerate(node.at):
            self.place(self.axis(node.name, number), arg, letters)
        for (names, _), said in zip(node.args, declared.args, strict=True):
            for number, name in enumerate(names):
                axis = self._argument(node.name, said.name.name, number)
                span = node.span
                self.meet(letters.get(name), axis, tm.Letter(name, span))

    def _argument(self, function: str, argument: str, number: int) -> Variable:
        key = f"{function}({argument})"
        axes = self.axes.setdefault(key, [])
        while len(axes) <= number:
            axes.append(self.sizes.new(f"axis {len(axes)} of argument {argument} of {function}"))
        return axes[number]

    def settle(self) -> list[str]:
        """Decide what is left open; returns the names of new sizes."""
        for tensor in self.names.tensors.values():
            for number in range(tensor.rank or 0):
                self.axis(tensor.name, number)
        self._accept(self.soft, self._one_known)
        self._accept(self.soft, self._both_open)
        self._accept(self.lasts, self._one_known)
        self._accept(self.soft, self._one_known)
        self._solve()
        new = self._reach()
        taken = set(self.names.dims) | {
            dim.name
            for variable in self.sizes.variables
            if (value := variable.size()) is not None
            for dim in af.dims(value)
        }
        taken |= set(self.names.tensors)
        return new + self.sizes.name_rest(taken)

    def _accept(self, waiting: list[Soft], accept: Callable[[Soft], bool]) -> None:
        """Everything that may be accepted, until there is nothing more."""
        changed = True
        while changed:
            changed = False
            for soft in waiting:
                changed |= accept(soft)

    def _one_known(self, soft: Soft) -> bool:
        if (soft.left.size() is None) == (soft.right.size() is None):
            return False
        return self.sizes.unify(soft.left, soft.right)

    def _both_open(self, soft: Soft) -> bool:
        if soft.left.root() is soft.right.root():
            return False
        if soft.left.size() is not None or soft.right.size() is not None:
            return False
        return self.sizes.unify(soft.left, soft.right)

    def _solve(self) -> None:
        """An open letter in ``x[i+p]`` has the size that just fits a known axis."""
        for reach in self.reaches:
            size = reach.axis.size()
            opened = [
                (times, reach.letters.get(atom.name))
                for times, atom in reach.arg.parts
                if isinstance(atom, tm.Letter) and reach.letters.get(atom.name).size() is None
            ]
            if size is not None and len(opened) == 1 and opened[0][0] == 1:
                root = opened[0][1].root()
                root.value = af.ONE
                taken = _highest(reach)
                root.value = None if taken is None else af.shift(af.minus(size, taken), 1)

    def _reach(self) -> list[str]:
        """An open axis read at ``i+p`` gets the smallest size that fits, once i and p have one.

        Returns the names of sizes that are new.
        """
        waiting = [reach for reach in self.reaches if reach.axis.size() is None]
        if not waiting:
            return []
        open_axes = {id(reach.axis.root()) for reach in waiting}
        taken = set(self.names.dims) | set(self.names.implicit) | set(self.names.tensors)
        others = Sizes(self.names.dims)
        others.variables = [v for v in self.sizes.variables if id(v.root()) not in open_axes]
        new = others.name_rest(taken)
        for reach in waiting:
            root = reach.axis.root()
            size = _highest(reach)
            if size is None:
                continue
            known = root.value
            difference = af.minus(size, known) if known is not None else None
            if difference is None or (not difference.terms and difference.constant > 0):
                root.value = size
        return new


def _highest(reach: Reach) -> Affine | None:
    """One more than the largest position an index expression takes."""
    total = af.of(reach.arg.constant + 1)
    for coefficient, atom in reach.arg.parts:
        if isinstance(atom, tm.Size):
            total = af.plus(total, af.of(Dim(atom.name)), coefficient)
        elif isinstance(atom, tm.Letter):
            size = reach.letters.get(atom.name).size()
            if size is None:
                return None
            if coefficient > 0:
                total = af.plus(total, af.shift(size, -1), coefficient)
        else:
            return None
    return total


def _letter(arg: tm.Arg, times: int = 1) -> tm.Letter | None:
    """The letter of ``t`` or a shifted ``t-1``; with -1 times that of ``T-1-t``."""
    letters = [(c, atom) for c, atom in arg.parts if not isinstance(atom, tm.Size)]
    if len(letters) == 1 and letters[0][0] == times and isinstance(letters[0][1], tm.Letter):
        return letters[0][1]
    return None


def _plain(arg: tm.Arg) -> tm.Letter | None:
    """The letter of ``t`` by itself."""
    return _letter(arg) if not arg.constant and len(arg.parts) == 1 else None


def _standing(letter: Variable) -> str:
    """What gives a letter its size: the first axis it stands on, or its declaration."""
    return letter.uses[0][1].what if letter.uses else letter.what


def size_of(arg: tm.Arg) -> Affine | None:
    """An index expression of dims and numbers only."""
    total = af.of(arg.constant)
    for coefficient, atom in arg.parts:
        if not isinstance(atom, tm.Size):
            return None
        total = af.plus(total, af.of(Dim(atom.name)), coefficient)
    return total
