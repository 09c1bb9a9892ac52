"""Contractions as products of matrices; what a loop repeats is packed ahead of it."""

from __future__ import annotations

from math import prod

from einrnn.numeric.native.draft import LANES, Draft
from einrnn.numeric.native.index import Cell, Ix, variable
from einrnn.numeric.native.items import Operand, Pack, Product, Read
from einrnn.numeric.native.operands import matrices, transposed
from einrnn.numeric.native.positions import unordered, variables
from einrnn.numeric.native.views import row_major
from einrnn.numeric.steps import Contract

# products of at most this many multiplications are written out
_SMALL = 32


class Products:
    """Adds products to a draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.views = draft.views
        self.packs: dict[tuple[Operand, int, int, bool], int] = {}

    def contract(self, step: Contract) -> None:
        """A product of matrices, or sums of products where it is small."""
        batch, left, summed, right = step.shape
        size = (prod(left), prod(right), prod(summed))
        if size[:2] == (1, 1) or prod(size) * prod(batch) <= _SMALL:
            self._dots(step)
            return
        a = self._operand(step.left, step.left_order, (batch, left, summed))
        b = self._operand(step.right, step.right_order, (batch, summed, right))
        self._placed_result(step, a, b)

    def _dots(self, step: Contract) -> None:
        batch, left, summed, right = step.shape
        whole = (*batch, *left, *right, *summed)
        at, dims = variables(whole)
        count = len(batch) + len(left) + len(right)
        inner, outer = at[count:], at[:count]
        first = (*outer[: len(batch) + len(left)], *inner)
        second = (*outer[: len(batch)], *inner, *outer[len(batch) + len(left) :])
        args = [
            Read(step.left, unordered(step.left_order, first)),
            Read(step.right, unordered(step.right_order, second)),
        ]
        kept = sum(n > 1 for n in whole[:count])
        self.draft.statement("{0} * {1}", args, dims, Cell(step.out, outer), kept=kept, fold="sum")

    def _operand(
        self, register: int, order: tuple[int, ...], groups: tuple[tuple[int, ...], ...]
    ) -> Operand:
        """A factor as matrices in memory; a copy where axes do not run together."""
        shape = self.views.shape(register)
        names = tuple(variable(f"i{axis}") if n > 1 else Ix() for axis, n in enumerate(shape))
        found = self.views.resolve(register, names)
        if isinstance(found, Cell) and self.views.kind(found.base) == "number":
            flat = self.views.flat(found)
            steps = dict(flat.terms)
            fixed = tuple((text, times) for text, times in flat.terms if not _moves(text, names))
            if not Ix(0, fixed).varies:
                by_axis = [steps.get(f"i{axis}", 0) for axis in order]
                start = Ix(flat.constant, fixed)
                made = matrices(found.base, start, by_axis, groups)
                if made is not None:
                    return made
        copy = self.draft.new(tuple(shape[axis] for axis in order), "number")
        at, dims = variables(self.views.shape(copy))
        source = Read(register, unordered(order, at))
        self.draft.statement("(real){0}", [source], dims, Cell(copy, at), local=False)
        made = matrices(copy, Ix(), list(row_major(self.views.shape(copy))), groups)
        assert made is not None
        return made

    def _placed_result(self, step: Contract, a: Operand, b: Operand) -> None:
        batch, left, summed, right = step.shape
        rows, columns, depth = prod(left), prod(right), prod(summed)
        fixed_a, fixed_b = self._fixed(a), self._fixed(b)
        turned = (fixed_a and not fixed_b) or (columns < 8 <= rows and fixed_a == fixed_b)
        if step.out in self.draft.built.results or batch:
            strides = self.views.strides(step.out)
        elif turned:
            inner = row_major((*right, *left))
            strides = (*inner[len(right) :], *inner[: len(right)])
            self.views.set_strides[step.out] = strides
        else:
            strides = self.views.strides(step.out)
        c = matrices(step.out, Ix(), list(strides), (batch, left, right))
        assert c is not None
        if columns != 1 and (turned or rows == 1):
            a, b, c = transposed(b), transposed(a), transposed(c)
            rows, columns = columns, rows
        self._product(a, b, c, batch, (rows, columns, depth))

    def _product(
        self,
        a: Operand,
        b: Operand,
        c: Operand,
        batch: tuple[int, ...],
        size: tuple[int, int, int],
    ) -> None:
        rows, columns, depth = size
        if columns == 1 and rows > 1 and batch == () and self._fixed(a) and c.row == 1:
            self.draft.built.entries[c.base] = prod(self.views.shape(c.base)) + LANES
            packed = self._packed(a, rows, depth, strips=True)
        elif columns > 1 and batch == () and self._fixed(b):
            packed = self._packed(b, depth, columns, strips=False)
        else:
            packed = None
        bases = {a.base, b.base} if packed is None else {a.base, b.base, packed}
        self.draft.items.append(
            Product(frozenset(bases), frozenset({c.base}), a, b, c, batch, size, packed)
        )

    def _fixed(self, operand: Operand) -> bool:
        """Whether a loop around does not change the operand."""
        return bool(self.draft.levels) and self._level(operand) < len(self.draft.levels)

    def _level(self, operand: Operand) -> int:
        """The outermost loop that leaves the operand as it is."""
        texts = {text for text, _ in operand.start.terms}
        level = len(self.draft.levels)
        while level > 0:
            around = self.draft.levels[level - 1]
            if operand.base in around.written or any(around.counter in t for t in texts):
                break
            level -= 1
        return level

    def _packed(self, operand: Operand, rows: int, columns: int, *, strips: bool) -> int:
        key = (operand, rows, columns, strips)
        level = self._level(operand)
        if key not in self.packs:
            if strips:
                entries = -(-rows // LANES) * LANES * columns
            else:
                entries = rows * -(-columns // (2 * LANES)) * 2 * LANES
            out = self.views.new((entries,), "number")
            self.packs[key] = out
            pack = Pack(
                frozenset({operand.base}), frozenset({out}), out, operand, rows, columns, strips
            )
            self.draft.levels[level].ahead.append(pack)
        return self.packs[key]


def _moves(text: str, names: tuple[Ix, ...]) -> bool:
    return any(ix.terms and ix.terms[0][0] == text for ix in names)
