"""The core representation: a closed union of frozen, interned nodes with explicit sums.

Everything a document says becomes one of these. All convention is gone: sums have an
index and a range, cases have conditions, derivatives are names or have been carried out.
Constructors check nothing and simplify nothing; :mod:`einrnn.core.verify` checks, and
simplification is a pass.

Each node has ``free``, the indices that occur free in it, and ``key``, a short digest
that orders nodes the same way in every run.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import field
from fractions import Fraction
from typing import TYPE_CHECKING, Literal

from einrnn.core.intern import Interned, digest
from einrnn.dataclass import dataclass

NOTHING: frozenset[Index] = frozenset()

ReduceOp = Literal["sum", "prod", "max", "min", "logsumexp"]
MatrixOp = Literal["inv", "det", "logdet", "matpow"]
Relation = Literal["==", "!=", "<", "<=", ">", ">="]
DerivativeKind = Literal["total", "immediate"]


@dataclass(frozen=True, eq=False, repr=False)
class Index(metaclass=Interned):
    """An index letter. Two indices of one name are one object; binders scope them."""

    name: str

    key: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """What orders it among others."""
        self.__dict__["key"] = self.name.encode()

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False, repr=False)
class Dim(metaclass=Interned):
    """The name of a size: a whole number that is at least 1."""

    name: str

    key: bytes = field(init=False, repr=False)

    def __post_init__(self) -> None:
        """What orders it among others."""
        self.__dict__["key"] = self.name.encode()

    def __repr__(self) -> str:
        return self.name


@dataclass(frozen=True, eq=False, repr=False)
class Node(metaclass=Interned):
    """What every node has; see the module's docstring.

    ``below`` are the nodes directly below, in a fixed order, and ``binding`` tells whether
    this node or one below it binds an index.
    """

    free: frozenset[Index] = field(init=False, repr=False)
    below: tuple[Node, ...] = field(init=False, repr=False)
    binding: bool = field(init=False, repr=False)

    if TYPE_CHECKING:

        @property
        def key(self) -> bytes:
            """What orders the node among others, the same in every run."""
            ...

    def __repr__(self) -> str:
        from einrnn.core.show import show

        return show(self)

    def __getattr__(self, name: str) -> bytes:
        """The key, made when it is first asked for: most nodes are never ordered."""
        if name != "key":
            raise AttributeError(name)
        stack: list[Node] = [self]
        while stack:
            node = stack[-1]
            missing = [part for part in node.below if "key" not in part.__dict__]
            if missing:
                stack += missing
                continue
            stack.pop()
            node.__dict__["key"] = digest(type(node).__name__, *node.__dict__["_identity"])
        return self.__dict__["key"]

    def _finish(
        self,
        free: frozenset[Index],
        below: tuple[Node, ...],
        *identity: object,
        binding: bool = False,
    ) -> None:
        """Set what is derived; ``identity`` is all that tells the node from others."""
        own = self.__dict__
        own["free"] = free
        own["below"] = below
        own["_identity"] = identity
        if not binding:
            for part in below:
                if part.binding:
                    binding = True
                    break
        own["binding"] = binding


@dataclass(frozen=True, eq=False, repr=False)
class Affine(Node):
    """``constant`` plus the sum of ``coefficient * atom``: ``2*i + p``, ``T - 1``, ``tok[t]``.

    The arguments of tensors, the bounds of sums and the sizes of axes. Build it with
    :mod:`einrnn.core.affine`, which keeps terms sorted and free of zeros, so that equal
    index expressions are one object.
    """

    constant: int
    terms: tuple[tuple[Atom, int], ...]

    def __post_init__(self) -> None:
        free: set[Index] = set()
        below: list[Element] = []
        parts: list[object] = [self.constant]
        for atom, coefficient in self.terms:
            parts += (type(atom).__name__, atom, coefficient)
            if isinstance(atom, Index):
                free.add(atom)
            elif isinstance(atom, Element):
                below.append(atom)
                free |= atom.free
        self._finish(frozenset(free) if free else NOTHING, tuple(below), *parts)


@dataclass(frozen=True, eq=False, repr=False)
class Number(Node):
    """An exact rational."""

    value: Fraction

    def __post_init__(self) -> None:
        self._finish(NOTHING, (), self.value)


@dataclass(frozen=True, eq=False, repr=False)
class Value(Node):
    """An index expression used as a number: ``1/N``, ``(-1)^r``."""

    index: Affine

    def __post_init__(self) -> None:
        self._finish(self.index.free, (self.index,), self.index)


@dataclass(frozen=True, eq=False, repr=False)
class Element(Node):
    """One entry of a named tensor: of an input, a definition or a derived name (``ds/dW``)."""

    tensor: str
    args: tuple[Affine, ...]

    def __post_init__(self) -> None:
        self._finish(_union(self.args), self.args, self.tensor, *self.args)


@dataclass(frozen=True, eq=False, repr=False)
class Add(Node):
    """A sum of terms that are written out."""

    terms: tuple[Expr, ...]

    def __post_init__(self) -> None:
        self._finish(_union(self.terms), self.terms, *self.terms)


@dataclass(frozen=True, eq=False, repr=False)
class Mul(Node):
    """A product of factors."""

    factors: tuple[Expr, ...]

    def __post_init__(self) -> None:
        self._finish(_union(self.factors), self.factors, *self.factors)


@dataclass(frozen=True, eq=False, repr=False)
class Pow(Node):
    """A power; a quotient ``a/b`` is ``a * b^-1``."""

    base: Expr
    exponent: Expr

    def __post_init__(self) -> None:
        below = (self.base, self.exponent)
        self._finish(_union(below), below, *below)


@dataclass(frozen=True, eq=False, repr=False)
class Apply(Node):
    """A known function of scalars, a row of :mod:`einrnn.core.functions`.

    Constants are functions of nothing: ``pi``, ``inf`` and ``undefined`` (the value of
    cases of which none applies).
    """

    function: str
    args: tuple[Expr, ...]

    def __post_init__(self) -> None:
        self._finish(_union(self.args), self.args, self.function, *self.args)


@dataclass(frozen=True, eq=False, repr=False)
class Reduce(Node):
    """``op`` over ``index`` from ``lo`` to ``hi``, both included; empty where ``hi < lo``.

    ``index`` is bound in ``body`` only. Conditions are :class:`Cases` in the body whose
    other branch is the neutral element.
    """

    op: ReduceOp
    index: Index
    lo: Affine
    hi: Affine
    body: Expr

    def __post_init__(self) -> None:
        free = (self.body.free - {self.index}) | self.lo.free | self.hi.free
        below = (self.lo, self.hi, self.body)
        self._finish(free, below, self.op, self.index, *below, binding=True)


@dataclass(frozen=True, eq=False, repr=False)
class Cases(Node):
    """The value of the first branch whose condition holds; only that branch is looked at.

    An Iverson bracket and a Kronecker delta are cases of 1 and 0.
    """

    branches: tuple[tuple[Cond, Expr], ...]
    otherwise: Expr

    def __post_init__(self) -> None:
        flat = (*(part for branch in self.branches for part in branch), self.otherwise)
        self._finish(_union(flat), flat, *flat)


@dataclass(frozen=True, eq=False, repr=False)
class Matrix(Node):
    """A function of the square matrix whose entry ``(row, column)`` is ``body``.

    ``row`` and ``column`` are bound in ``body`` and run from 0 to ``size - 1``. ``inv``
    and ``matpow`` are read at the two positions ``at``; ``det`` and ``logdet`` are
    numbers and have none. ``power`` is the exponent of ``matpow`` and else 1.
    """

    op: MatrixOp
    row: Index
    column: Index
    size: Affine
    body: Expr
    power: Affine
    at: tuple[Affine, ...]

    def __post_init__(self) -> None:
        free = self.body.free - {self.row, self.column}
        free |= self.size.free | self.power.free | _union(self.at)
        below = (self.size, self.body, self.power, *self.at)
        identity = (self.op, self.row, self.column, *below)
        self._finish(free, below, *identity, binding=True)


@dataclass(frozen=True, eq=False, repr=False)
class Argument(Node):
    """A tensor handed to an opaque function: ``body`` over all values of ``indices``.

    Each index runs from 0 to its size minus 1 and is bound in ``body``.
    """

    indices: tuple[Index, ...]
    sizes: tuple[Affine, ...]
    body: Expr

    def __post_init__(self) -> None:
        free = (self.body.free - frozenset(self.indices)) | _union(self.sizes)
        below = (*self.sizes, self.body)
        self._finish(free, below, *self.indices, *below, binding=True)


@dataclass(frozen=True, eq=False, repr=False)
class Opaque(Node):
    """An unknown smooth function ``name`` at entry ``at`` of its value, or a derivative of it.

    ``partials`` lists the argument entries it is differentiated by, as (argument's
    position, entry), sorted, because the order of differentiation does not matter.
    """

    name: str
    at: tuple[Affine, ...]
    args: tuple[Argument, ...]
    partials: tuple[tuple[int, tuple[Affine, ...]], ...]

    def __post_init__(self) -> None:
        free = _union(self.at) | _union(self.args)
        below: list[Node] = [*self.at, *self.args]
        parts: list[object] = [self.name, *below]
        for position, entry in self.partials:
            free |= _union(entry)
            below += entry
            parts += (position, *entry)
        self._finish(free, tuple(below), *parts)


@dataclass(frozen=True, eq=False, repr=False)
class Derivative(Node):
    """The derivative of ``body`` by the entry ``args`` of ``tensor``, not yet carried out.

    Stands only between elaboration and :mod:`einrnn.symbolic.derivative`.
    """

    kind: DerivativeKind
    body: Expr
    tensor: str
    args: tuple[Affine, ...]

    def __post_init__(self) -> None:
        free = self.body.free | _union(self.args)
        self._finish(free, (self.body, *self.args), self.kind, self.body, self.tensor, *self.args)


@dataclass(frozen=True, eq=False, repr=False)
class Compare(Node):
    """A relation between two numbers; indices and sizes are :class:`Value`."""

    op: Relation
    left: Expr
    right: Expr

    def __post_init__(self) -> None:
        below = (self.left, self.right)
        self._finish(_union(below), below, self.op, *below)


@dataclass(frozen=True, eq=False, repr=False)
class And(Node):
    """All parts hold; true where there are none."""

    parts: tuple[Cond, ...]

    def __post_init__(self) -> None:
        self._finish(_union(self.parts), self.parts, *self.parts)


@dataclass(frozen=True, eq=False, repr=False)
class Or(Node):
    """Some part holds; false where there are none."""

    parts: tuple[Cond, ...]

    def __post_init__(self) -> None:
        self._finish(_union(self.parts), self.parts, *self.parts)


@dataclass(frozen=True, eq=False, repr=False)
class Not(Node):
    """The part does not hold."""

    part: Cond

    def __post_init__(self) -> None:
        self._finish(self.part.free, (self.part,), self.part)


def _union(nodes: Iterable[Node]) -> frozenset[Index]:
    free = NOTHING
    for node in nodes:
        if node.free is not free:
            free = free | node.free if free else node.free
    return free


Atom = Index | Dim | Element
Cond = Compare | And | Or | Not
Expr = (
    Number
    | Value
    | Element
    | Add
    | Mul
    | Pow
    | Apply
    | Reduce
    | Cases
    | Matrix
    | Opaque
    | Derivative
)
AnyNode = Expr | Cond | Argument
