"""Steps that work on entries, as statements."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

from einrnn.numeric.native.draft import Draft
from einrnn.numeric.native.index import Cell, Ix, variable
from einrnn.numeric.native.items import Add, Check, Read
from einrnn.numeric.native.positions import placed, variables
from einrnn.numeric.native.views import position
from einrnn.numeric.steps import (
    Align,
    Assemble,
    At,
    Fold,
    Gather,
    Iota,
    Map,
    Scatter,
    Span,
    Spread,
    Store,
)


class Entries:
    """Adds statements to a draft."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.views = draft.views

    def fold(self, step: Fold) -> None:
        """Entries combined over axes."""
        shape, reduced = self.views.shape(step.source), step.axes
        kept = [axis for axis in range(len(shape)) if axis not in reduced]
        ahead = bool(kept) and kept[-1] == len(shape) - 1 and shape[kept[-1]] > 1
        if step.op == "sum" and ahead and prod(shape[axis] for axis in reduced) > 1:
            self._summed_rows(step, shape, kept)
            return
        self.draft.follow(step.source, (*kept, *reduced))
        at, dims = placed(shape, (*kept, *reduced))
        count = sum(shape[axis] > 1 for axis in kept)
        source = Read(step.source, at)
        target = Cell(step.out, tuple(at[axis] for axis in kept))
        self.draft.statement("{0}", [source], dims, target, kept=count, fold=step.op)

    def _summed_rows(self, step: Fold, shape: tuple[int, ...], kept: Sequence[int]) -> None:
        """Rows added to a row in memory: entries are read in the order they lie in."""
        at, dims = variables(self.views.shape(step.out))
        self.draft.statement("(real)0", [], dims, Cell(step.out, at), local=False)
        at, dims = variables(shape)
        target = Cell(step.out, tuple(at[axis] for axis in kept))
        total = Read(step.out, target.at)
        source = Read(step.source, at)
        self.draft.statement("{0} + {1}", [total, source], dims, target, local=False)

    def store(self, step: Store) -> None:
        """Entries written into a part of an array."""
        shape = tuple(item.size for item in step.items if isinstance(item, Span))
        at, dims = variables(shape)
        rest = iter(at)
        where = tuple(
            position(item)
            if isinstance(item, At)
            else position(item.start).plus(next(rest), item.step)
            for item in step.items
        )
        source = Read(step.source, self.views.broadcast(step.source, at))
        target, found = Cell(step.out, where), self.views.resolve(source.register, source.at)
        if isinstance(found, Cell) and found.base == step.out and found != target:
            # parts of one array may overlap
            copy = self.draft.new(shape, "number")
            self.draft.map(copy, "{0}", [step.source])
            source = Read(copy, at)
        self.draft.statement("{0}", [source], dims, target, local=False)

    def gather(self, step: Gather) -> None:
        """Entries read at positions that are looked up."""
        shape = self.views.shape(step.out)
        at, dims = variables(shape)
        rank = len(shape) - (len(self.views.shape(step.source)) - len(step.indices))
        places: list[Ix] = []
        extra: list[Cell] = []
        for axis, index in enumerate(step.indices):
            size = self.views.shape(step.source)[axis]
            inside = self.views.broadcast(index, at[:rank])
            found = self.views.resolve(index, inside)
            if not step.clamped:
                self._checked(step, index, size)
            if isinstance(found, Cell):
                extra.append(found)
                text = self.views.memory(found)
            else:
                text = found
            exact = self._iota(index, inside)
            if exact is not None and not step.clamped:
                places.append(exact)
            elif step.clamped:
                places.append(variable(f"clip({text}, {size})"))
            else:
                places.append(variable(text))
        read = Read(step.source, (*places, *at[rank:]))
        self.draft.statement("{0}", [read], dims, Cell(step.out, at), extra=extra)

    def _iota(self, index: int, at: tuple[Ix, ...]) -> Ix | None:
        """A look-up at counted positions is no look-up."""
        while True:
            step = self.views.made.get(index)
            if isinstance(step, Iota):
                return at[0].plus(Ix(step.start))
            if not isinstance(step, (Align, Spread)):
                return None
            if isinstance(step, Spread):
                at = self.views.broadcast(step.source, at)
            else:
                pairs = zip(step.order, at, strict=True)
                at = tuple(ix for axis, ix in sorted(pairs, key=lambda p: p[0]) if axis >= 0)
            index = step.source

    def _checked(self, step: Gather, index: int, size: int) -> None:
        at, dims = variables(self.views.shape(index))
        found = self.views.resolve(index, at)
        if isinstance(found, str) and isinstance(self.views.made.get(index), Iota):
            iota = self.views.made[index]
            assert isinstance(iota, Iota)
            if iota.start >= 0 and iota.start + iota.size <= size:
                return
        key = (step.tensor, size)
        if key not in self.draft.built.looked_up:
            self.draft.built.looked_up.append(key)
        bases = frozenset({found.base} if isinstance(found, Cell) else ())
        number = self.draft.built.looked_up.index(key) + 1
        self.draft.items.append(Check(bases, frozenset(), dims, Read(index, at), size, number))

    def scatter(self, step: Scatter) -> None:
        """Rows added at positions that are looked up."""
        source = Read(step.source, ())
        bases = {cell.base for cell in self.draft.whole((source.register, step.index))}
        dims = self.views.shape(step.source)
        self.draft.items.append(Add(frozenset(bases), frozenset({step.out}), step, dims))

    def bump(self, step: Map) -> None:
        """One entry of each row changed by an amount."""
        array, index, amount = step.args
        at, dims = variables(self.views.shape(step.out))
        args = [Read(array, at), Read(index, at[:-1]), Read(amount, ())]
        form = f"{{0}} + ({{1}} == {at[-1]} ? {{2}} : 0)"
        self.draft.statement(form, args, dims, Cell(step.out, at))

    def assemble(self, step: Assemble) -> None:
        """Zeros, and what is added to them along diagonals."""
        at, dims = variables(step.shape)
        self.draft.statement("(real)0", [], dims, Cell(step.out, at), local=False)
        for arg, places in zip(step.args, step.places, strict=True):
            at, dims = variables(self.views.shape(arg))
            target = tuple(at[axis].plus(Ix(offset)) for axis, offset in places)
            sums = [Read(step.out, target), Read(arg, at)]
            self.draft.statement("{0} + {1}", sums, dims, Cell(step.out, target), local=False)
