"""The search for repairs: from single edits to two at once, the smallest first."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import field, replace
from typing import Any

import numpy as np
import numpy.typing as npt

from einrnn.check.claims import key_of
from einrnn.check.mend import combine
from einrnn.check.mend.constants import Constant, constants
from einrnn.check.mend.edit import Edit
from einrnn.check.mend.edits import edits
from einrnn.check.mend.everywhere import edits_everywhere, edits_of_left
from einrnn.check.mend.holes import Filler, Hole, Tier, holes
from einrnn.check.mend.places import expanded, flat, replaced, terms_of, weight, without_sign
from einrnn.check.mend.pool import Piece, Pool
from einrnn.check.mend.setting import CLOSE, Setting, Target, close
from einrnn.core import affine as af
from einrnn.core.build import ZERO, sub
from einrnn.core.model import Claim
from einrnn.core.nodes import Derivative, Expr, Mul
from einrnn.core.traverse import canonical, substitute, walk
from einrnn.dataclass import dataclass
from einrnn.symbolic.match import match
from einrnn.symbolic.tidy import tidy

Array = npt.NDArray[Any]

_EXPANDED = 0.8
_GOOD = 2.6
_MOST_FOUND = 60
_HIDDEN = 1.2
_STATED = 2.0


@dataclass(eq=False)
class Search:
    """Looks for repairs of one claim; ``found`` are those that fit at all points. What another
    claim says is one if that is ``believed``."""

    setting: Setting
    believed: Callable[[Claim], bool]
    pool: Pool = field(init=False)
    known: list[Constant] = field(init=False)
    found: dict[Expr, Edit] = field(init=False)
    filler: Filler = field(init=False)
    root: Expr = field(init=False)
    written: Expr = field(init=False)

    def __post_init__(self) -> None:
        claim = self.setting.ready.claim
        self.pool = Pool(self.setting.model, (claim.left, claim.right))
        self.known = constants(self.setting.model, self.setting.targets[0].values.sizes)
        self.found = {}
        self.filler = Filler(self.setting, self.target, self.pool, self.known)

    @property
    def target(self) -> Target:
        """The point at which candidates are looked for."""
        return self.setting.targets[0]

    def run(self) -> list[Edit]:
        """The repairs found before the deadline, the smallest first."""
        self.root = self.written = root = flat(self.setting.ready.claim.right)
        self._left()
        if all(np.abs(t.left[t.known]).max(initial=0.0) < CLOSE for t in self.setting.targets):
            self._keep(Edit(ZERO, 2.0, "the left side is 0"), 0.0)
            return self.ranked()
        for edit in self._stated():
            self._keep(edit, 0.0)
        roots = [(root, 0.0)]
        open_ = expanded(root)
        if canonical(open_) is not canonical(root):
            roots.append((open_, _EXPANDED))
        for expr, extra in roots:
            if self._best() > extra + 1.0:
                self._single(expr, extra)
        return self.ranked()

    def _left(self) -> None:
        """Edits of the left side, where the right side has the values of what comes out."""
        claim = self.setting.ready.claim
        for edit in edits_of_left(claim):
            assert edit.left is not None
            difference = sub(edit.left, edit.expr)
            values = [
                (self.setting.at(difference, target), target) for target in self.setting.targets
            ]
            if all(v is not None and _same(v[t.known], 0 * t.left[t.known]) for v, t in values):
                self.found[difference] = edit

    def _stated(self) -> Iterator[Edit]:
        """What other claims of the document say of the same left side."""
        claim = self.setting.ready.claim
        for other in self.setting.model.claims:
            if other is claim or other.expect != "hold" or other.condition is not None:
                continue
            binding = match(other.left, claim.left, frozenset(other.ranges))
            if binding is not None and self.believed(other):
                right = flat(substitute(other.right, binding))
                words = f"[{other.label}] says what it is"
                # elsewhere than at all of its own places it need not say it
                letters = ((i, af.letter(at)) for i, at in binding.items())
                same = all(at and claim.ranges.get(at) == other.ranges[i] for i, at in letters)
                yield Edit(right, _STATED, words, stated=key_of(other) if same else None)

    def ranked(self) -> list[Edit]:
        """What was found so far, the smallest edit first."""
        return sorted(
            self.found.values(), key=lambda edit: (edit.cost, weight(edit.expr), edit.expr.key)
        )

    def _single(self, root: Expr, extra: float) -> None:
        self.root = root
        tried = self._tried(root)
        if tried is None:
            return
        for edit, value in zip(tried.edits, tried.values, strict=True):
            if _same(value, tried.wanted):
                self._keep(edit, extra)
        self._keep_all(self._everywhere(root), extra)
        self._keep_all(combine.with_constants(tried, self.known), extra)
        self._fill(root, extra, "plain")
        if self._best() > _GOOD:
            self._combined(tried, extra)
        if self._best() > _GOOD:
            self._fill(root, extra, "derivatives")
        if self._best() > _GOOD:
            self._fill(root, extra, "products")

    def _best(self) -> float:
        return min((edit.cost for edit in self.found.values()), default=float("inf"))

    def _tried(self, root: Expr) -> combine.Tried | None:
        """All single edits that have values at the point."""
        known = self.target.known
        before = self.setting.at(root, self.target)
        terms = [self.setting.at(term, self.target) for term in terms_of(root)]
        if before is None:
            return None
        rows: list[tuple[Edit, Array]] = []
        for edit in edits(root, self.setting.ranges, self.setting.model):
            if self.setting.expired:
                break
            value = self.setting.at(edit.expr, self.target)
            if value is not None and np.isfinite(value[known]).all():
                rows.append((edit, value[known]))
        shown = tuple(np.zeros_like(before)[known] if t is None else t[known] for t in terms)
        return combine.Tried(
            root,
            self.target.left[known],
            before[known],
            shown,
            [edit for edit, _ in rows],
            [value for _, value in rows],
        )

    def _everywhere(self, root: Expr) -> Iterator[Edit]:
        for edit in edits_everywhere(root, self.setting.model, self.setting.ranges):
            value = self.setting.at(edit.expr, self.target)
            if value is not None and close(value, self.target):
                yield edit

    def _keep_all(self, candidates: Iterator[Edit], extra: float) -> None:
        for edit in candidates:
            if self.setting.expired or len(self.found) >= _MOST_FOUND:
                return
            self._keep(edit, extra)

    def _keep(self, edit: Edit, extra: float) -> None:
        """Note an edit that fits at all points."""
        expr = without_sign(self._collected(edit.expr))
        if self._says_nothing(edit.expr) or self._says_nothing(expr):
            return
        if self._is_hidden_removal(edit):
            extra += _HIDDEN
        # what is found in the right side multiplied out may not stand in it as it is written
        words = edit.words if self.root is self.written else f"multiplied out, {edit.words}"
        priced = replace(edit, expr=expr, cost=edit.cost + extra, words=words)
        known = self.found.get(expr)
        if known is not None:
            cheaper = min(known, priced, key=lambda e: e.cost)
            self.found[expr] = replace(cheaper, stated=known.stated or priced.stated)
        elif self.setting.fits_everywhere(expr):
            self.found[expr] = priced

    def _is_hidden_removal(self, edit: Edit) -> bool:
        """Whether what an edit puts in is 0 there, so that it takes something out."""
        if edit.path is None or not isinstance(edit.new, Expr) or edit.new is ZERO or not edit.path:
            return False
        return self.setting.fits(replaced(self.root, edit.path, ZERO), self.target)

    def _collected(self, expr: Expr) -> Expr:
        """The expression without what an edit has left to be cancelled or added up."""
        ranges = self.setting.ranges
        simple = tidy(expr, ranges)
        before = flat(self.setting.ready.claim.right)
        untidy = weight(before) - weight(tidy(before, ranges))
        return simple if untidy <= 0 and weight(simple) < weight(expr) else expr

    def _says_nothing(self, expr: Expr) -> bool:
        """Whether an expression brings in the left side itself."""
        claim = self.setting.ready.claim
        left = _factors(flat(claim.left))
        return _has_product(expr, left) and not _has_product(claim.right, left)

    def _fill(self, root: Expr, extra: float, tier: Tier) -> None:
        for hole in self._holes(root):
            self._keep_all(self.filler.repairs(root, hole, tier), extra)

    def _holes(self, root: Expr) -> Iterator[Hole]:
        for hole in sorted(holes(root, self.setting.ranges), key=lambda hole: hole.cost):
            if self.setting.expired or len(self.found) >= _MOST_FOUND:
                return
            if hole.cost < self._best():
                yield hole

    def _combined(self, tried: combine.Tried, extra: float) -> None:
        pieces, values = self._at_root()
        self._keep_all(combine.pairs(tried), extra)
        self._keep_all(combine.pairs_of_factors(tried), extra)
        if pieces:
            self._keep_all(combine.with_terms(tried, pieces, values, self.known), extra)
            more = combine.with_insertions(tried, pieces, values)
            self._keep_all(combine.with_factors(more, pieces, values, self.known), extra)

    def _at_root(self) -> tuple[list[Piece], Array]:
        """The pool over the claim's free indices, with its values where the left is known."""
        rows: list[tuple[Piece, Array]] = []
        for piece in self.pool.at(self.setting.ranges):
            if isinstance(piece.expr, Derivative):
                continue
            value = self.setting.at(piece.expr, self.target)
            if value is not None and np.isfinite(value[self.target.known]).all():
                rows.append((piece, value[self.target.known]))
        if not rows:
            return [], np.zeros((0, 0))
        return [piece for piece, _ in rows], np.stack([value for _, value in rows], axis=-1)


def _factors(expr: Expr) -> Counter[Expr]:
    """The factors of a product, whatever their dummies are called."""
    factors = expr.factors if isinstance(expr, Mul) else (expr,)
    return Counter(canonical(factor) for factor in factors)


def _has_product(expr: Expr, factors: Counter[Expr]) -> bool:
    """Whether some factors stand beside each other in an expression."""
    return any(factors <= _factors(node) for node in walk(flat(expr)) if isinstance(node, Expr))


def _same(value: Array, wanted: Array) -> bool:
    scale = max(1.0, float(np.abs(wanted).max(initial=0.0)))
    return bool(np.abs(value - wanted).max(initial=0.0) < CLOSE * scale)
