"""Core nodes as Python closures for the interpreter: one small function per node type."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from fractions import Fraction
from typing import Any

from einrnn.core import nodes as n
from einrnn.core.traverse import parts, walk
from einrnn.dataclass import dataclass
from einrnn.errors import EvaluationError, InternalError
from einrnn.numeric import opaque, scalars
from einrnn.numeric.scalars import Arithmetic, Scalar

Position = tuple[int, ...]
Env = Mapping[n.Index, int]
Run = Callable[[Env], Any]
Key = tuple["str | n.Node", Position]

# levels of nesting after which a subexpression is remembered like an entry; a reduction
# counts for many, because nested ones multiply the work
_HEIGHT = 30
_REDUCTION = 12
_ABSENT = object()


class Missing(Exception):
    """The values that must be known before the evaluation can go on."""

    def __init__(self, keys: Sequence[Key]) -> None:
        super().__init__()
        self.keys = keys


@dataclass()
class Closures:
    """Closures of nodes, made once each.

    They look entries up in ``memo`` and raise Missing where one is not there. ``whole``
    has the closures of tall nodes, whose values are in ``memo`` as well, and ``matrices``
    what functions of whole matrices have given.
    """

    memo: dict[Key, Any]
    sizes: Mapping[str, int]
    exact: bool
    opaque_seed: int
    arithmetic: Arithmetic = scalars.IEEE
    whole: dict[n.Node, Run] = field(default_factory=dict[n.Node, Run])
    matrices: dict[tuple[object, ...], Any] = field(default_factory=dict["tuple[object, ...]", Any])
    _readers: dict[n.Node, Run] = field(default_factory=dict[n.Node, Run])
    _heights: dict[n.Node, int] = field(default_factory=dict[n.Node, int])

    def of(self, root: n.Node) -> Run:
        """The closure that gives the node's value at values of its free indices."""
        if root not in self._readers:
            for node in walk(root):
                if node not in self._readers:
                    self._add(node)
        return self._readers[root]

    def size(self, name: str) -> int:
        """The number a size stands for."""
        if name not in self.sizes:
            raise EvaluationError(
                "E610", f"the size {name} was not given", f"give it by name: {name}=5"
            )
        return self.sizes[name]

    def _add(self, node: n.Node) -> None:
        below = [self._readers[part] for part in parts(node)]
        height = max((self._heights[part] for part in parts(node)), default=0)
        height += _REDUCTION if isinstance(node, n.Reduce) else 1
        run = _make(self, node, below)
        self._heights[node] = height
        self._readers[node] = run
        # an argument has no value of its own: the function over it reads its body
        if height >= _HEIGHT and not isinstance(node, n.Argument):
            self._heights[node] = 0
            self.whole[node] = run
            self._readers[node] = _remembered(self.memo, node)


def letters(node: n.Node) -> list[n.Index]:
    """The free indices in a fixed order."""
    return sorted(node.free, key=lambda index: index.name)


def _remembered(memo: dict[Key, Any], node: n.Node) -> Run:
    free = letters(node)

    def run(env: Env) -> Any:
        key: Key = (node, tuple([env[index] for index in free]))
        value = memo.get(key, _ABSENT)
        if value is _ABSENT:
            raise Missing([key])
        return value

    return run


def _make(closures: Closures, node: n.Node, below: list[Run]) -> Run:
    match node:
        case n.Affine():
            return _affine(closures, node, below)
        case n.Number(value):
            number = value if closures.exact else scalars.to_float(value)
            return lambda env: number
        case n.Value():
            index = below[0]
            kind: Callable[[int], Scalar] = Fraction if closures.exact else float
            return lambda env: kind(index(env))
        case n.Element(tensor):
            return _element(closures.memo, tensor, below)
        case n.Add():
            add = closures.arithmetic.add
            return lambda env: add(_all(below, env))
        case n.Mul():
            multiply = closures.arithmetic.multiply
            return lambda env: multiply(_all(below, env))
        case n.Pow():
            base, exponent = below
            power = closures.arithmetic.power
            return lambda env: power(base(env), exponent(env))
        case n.Apply(name):
            function = closures.arithmetic.function(name)
            return lambda env: function(*[run(env) for run in below])
        case n.Reduce():
            return _reduce(closures, node, below)
        case n.Cases():
            return _cases(below)
        case n.Matrix():
            return _matrix(closures, node, below)
        case n.Argument():
            return _argument(node, below)
        case n.Opaque():
            return _opaque(closures.opaque_seed, node, below)
        case n.Compare(op):
            return _compare(closures, node, op, *below)
        case n.And():
            return lambda env: all(run(env) for run in below)
        case n.Or():
            return lambda env: any(run(env) for run in below)
        case n.Not():
            part = below[0]
            return lambda env: not part(env)
        case _:
            raise InternalError("E901", f"{type(node).__name__} cannot be evaluated")


def _compare(closures: Closures, node: n.Compare, op: n.Relation, left: Run, right: Run) -> Run:
    """Positions, and an entry and itself, are compared as they are, whatever the arithmetic."""
    plain, relation = scalars.RELATIONS[op], closures.arithmetic.relation(op)
    match node.left, node.right:
        case n.Value(), n.Value():
            return lambda env: plain(left(env), right(env))
        case n.Element(first, args), n.Element(second, others) if first == second:
            places = [(closures.of(a), closures.of(b)) for a, b in zip(args, others, strict=True)]

            def run(env: Env) -> bool:
                same = all(a(env) == b(env) for a, b in places)
                return (plain if same else relation)(left(env), right(env))

            return run
        case _:
            return lambda env: relation(left(env), right(env))


def _affine(closures: Closures, node: n.Affine, below: list[Run]) -> Run:
    constant = node.constant
    by_letter: list[tuple[n.Index, int]] = []
    by_entry: list[tuple[Run, int]] = []
    readers = iter(below)
    for atom, coefficient in node.terms:
        if isinstance(atom, n.Index):
            by_letter.append((atom, coefficient))
        elif isinstance(atom, n.Dim):
            constant += coefficient * closures.size(atom.name)
        else:
            by_entry.append((next(readers), coefficient))
    if not by_letter and not by_entry:
        return lambda env: constant
    if not by_entry and len(by_letter) == 1 and by_letter[0][1] == 1:
        index = by_letter[0][0]
        return lambda env: env[index] + constant

    def run(env: Env) -> int:
        result = constant
        for letter, coefficient in by_letter:
            result += coefficient * env[letter]
        for reader, coefficient in by_entry:
            result += coefficient * _whole(reader(env))
        return result

    return run


def _whole(value: Scalar) -> int:
    if value != value or value in (float("inf"), float("-inf")) or int(value) != value:
        raise EvaluationError("E607", f"{value} is used as a position; it is not a whole number")
    return int(value)


def _element(memo: dict[Key, Any], tensor: str, below: list[Run]) -> Run:
    def run(env: Env) -> Any:
        key: Key = (tensor, tuple([arg(env) for arg in below]))
        value = memo.get(key, _ABSENT)
        if value is _ABSENT:
            raise Missing([key])
        return value

    return run


def _each(runs: Iterable[tuple[Run, Env]]) -> list[Any]:
    """The value of every run. What they miss is asked for together: all will be needed."""
    values: list[Any] = []
    missing: dict[Key, None] = {}
    for run, env in runs:
        try:
            values.append(run(env))
        except Missing as request:
            missing.update(dict.fromkeys(request.keys))
    if missing:
        raise Missing(list(missing))
    return values


def _all(runs: Sequence[Run], env: Env) -> list[Any]:
    """As :func:`_each`, for runs in the same environment."""
    values: list[Any] = []
    missing: dict[Key, None] = {}
    for run in runs:
        try:
            values.append(run(env))
        except Missing as request:
            missing.update(dict.fromkeys(request.keys))
    if missing:
        raise Missing(list(missing))
    return values


def _reduce(closures: Closures, node: n.Reduce, below: list[Run]) -> Run:
    lo, hi, body = below
    index, combine = node.index, closures.arithmetic.reduction(node.op)

    def run(env: Env) -> Any:
        span = range(lo(env), hi(env) + 1)
        return combine(_each([(body, {**env, index: position}) for position in span]))

    return run


def _cases(below: list[Run]) -> Run:
    branches = list(zip(below[:-1:2], below[1::2], strict=True))
    otherwise = below[-1]

    def run(env: Env) -> Any:
        for cond, value in branches:
            if cond(env):
                return value(env)
        return otherwise(env)

    return run


def _matrix(closures: Closures, node: n.Matrix, below: list[Run]) -> Run:
    size, body, exponent, *at = below
    one: Scalar = Fraction(1) if closures.exact else 1.0
    known = closures.matrices
    named = (node.op, node.row, node.column, node.size, node.body)
    free = sorted(
        (node.body.free - {node.row, node.column}) | node.power.free, key=lambda index: index.name
    )

    def whole(env: Env) -> Any:
        span = range(size(env))
        places = [{**env, node.row: r, node.column: c} for r in span for c in span]
        flat = [one * value for value in _each([(body, place) for place in places])]
        rows = [flat[len(span) * r : len(span) * (r + 1)] for r in span]
        return _matrix_function(closures.arithmetic, node.op, rows, exponent(env))

    def run(env: Env) -> Any:
        key = (named, exponent(env), tuple([env[index] for index in free]))
        if key not in known:
            known[key] = whole(env)
        position = tuple(place(env) for place in at)
        if any(not 0 <= p < size(env) for p in position):
            raise EvaluationError(
                "E603", f"{node.op} of a {size(env)} x {size(env)} matrix is read at {position}"
            )
        return known[key][position[0]][position[1]] if position else known[key]

    return run


def _matrix_function(
    arithmetic: Arithmetic, op: n.MatrixOp, rows: list[list[Scalar]], exponent: int
) -> Any:
    if op in ("det", "logdet"):
        det = arithmetic.determinant(rows)
        return det if op == "det" else arithmetic.function("log")(det)
    result = arithmetic.matrix_power(rows, -1 if op == "inv" else exponent)
    if result is None:
        raise EvaluationError("E606", f"the matrix of {op} is singular: {_rows_text(rows)}")
    return result


def _rows_text(rows: list[list[Scalar]]) -> str:
    shown = "; ".join(" ".join(str(value) for value in row[:4]) for row in rows[:4])
    return f"[{shown}{' …' if len(rows) > 4 else ''}]"


def _argument(node: n.Argument, below: list[Run]) -> Run:
    """The shape, and the entries in the order of the indices."""
    *sizes, body = below

    def run(env: Env) -> tuple[Position, list[Scalar]]:
        shape = tuple(size(env) for size in sizes)
        places = itertools.product(*(range(size) for size in shape))
        bound = [dict(zip(node.indices, place, strict=True)) for place in places]
        return shape, _each([(body, {**env, **place}) for place in bound])

    return run


def _opaque(seed: int, node: n.Opaque, below: list[Run]) -> Run:
    count, arguments = len(node.at), len(node.args)
    at_runs = below[:count]
    arg_runs = below[count : count + arguments]
    rest = iter(below[count + arguments :])
    partials = [(place, [next(rest) for _ in entry]) for place, entry in node.partials]

    def run(env: Env) -> float:
        values: list[tuple[Position, list[Scalar]]] = _each([(arg, env) for arg in arg_runs])
        point = [scalars.to_float(value) for _, flat in values for value in flat]
        by = [
            opaque.flat_entry([shape for shape, _ in values], place, [e(env) for e in entry])
            for place, entry in partials
        ]
        at = tuple(place(env) for place in at_runs)
        return opaque.evaluate(opaque.waves(seed, node.name, at, len(point)), point, by)

    return run
