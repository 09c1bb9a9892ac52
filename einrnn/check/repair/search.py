"""The search for the smallest edit of a right side that gives it the left side's values."""

from __future__ import annotations

import time
from collections.abc import Iterator
from dataclasses import dataclass

from einrnn.check.repair.atoms import known
from einrnn.check.repair.bench import Bench
from einrnn.check.repair.edits import Edit, local_edits
from einrnn.check.repair.letters import everywhere, index_edits
from einrnn.check.repair.sites import Path, Site, product, put, sites
from einrnn.check.repair.solve import library, solutions
from einrnn.core.nodes import Add, Expr, Mul, Number, Reduce
from einrnn.core.traverse import walk

_MOST_SITES = 60
_MOST_FOUND = 40
# how much a node of the outcome adds to the cost of a repair that is not a plain slip
_LENGTH = 0.05
_MOST_FIRST = 150


@dataclass(frozen=True)
class Repair:
    """A right side that agrees with the left side at all points, and the edit that gave it.

    ``paths`` are the places that were edited.
    """

    right: Expr
    edits: tuple[Edit, ...]
    paths: tuple[Path, ...]

    @property
    def cost(self) -> tuple[float, int, bytes]:
        """What orders repairs: the edits first, then the length of what comes out."""
        size = sum(1 for _ in walk(self.right))
        each = _LENGTH if len(self.edits) > 1 or self.edits[0].cost > 1.35 else _LENGTH / 50
        return sum(edit.cost for edit in self.edits) + each * size, size, self.right.key


def repairs(bench: Bench, seconds: float) -> list[Repair]:
    """Repairs of a claim, the smallest first, found in the time.

    One edit is tried first, then what can be recognised by its values, then two edits.
    """
    deadline = time.process_time() + seconds
    places = list(sites(bench.right, bench.ranges))[:_MOST_SITES]
    for stage in (_single, _recognised, _inserted, _double):
        found: dict[Expr, Repair] = {}
        for repair in _until(deadline, stage(bench, places)):
            if repair is None or repair.right in found or bench.circular(repair.right):
                continue
            if bench.agrees(repair.right):
                found[repair.right] = repair
            if len(found) >= _MOST_FOUND:
                break
        if found:
            return sorted(found.values(), key=lambda repair: repair.cost)
        if time.process_time() > deadline:
            break
    return []


def _until(deadline: float, stage: Iterator[Repair | None]) -> Iterator[Repair | None]:
    """What a stage yields before the deadline; it yields None where it has found nothing."""
    for repair in stage:
        yield repair
        if time.process_time() > deadline:
            return


def _edits_at(bench: Bench, site: Site) -> list[Edit]:
    return [*local_edits(site), *index_edits(site, bench.model)]


def _single(bench: Bench, places: list[Site]) -> Iterator[Repair | None]:
    """Every edit of one place, and of one name throughout; the cheapest first."""
    rows: list[Repair] = []
    for site in places:
        for edit in _edits_at(bench, site):
            rows.append(Repair(put(bench.right, site.path, edit.new), (edit,), (site.path,)))
    for edit in everywhere(bench.right, bench.model):
        rows.append(Repair(edit.new, (edit,), ((),)))
    rows.sort(key=lambda repair: repair.edits[0].cost)
    yield from rows


def _recognised(bench: Bench, places: list[Site]) -> Iterator[Repair | None]:
    """What a place would need to be, recognised by its values at the first point."""
    place = bench.places[0]
    lib = library(place, known(bench.model, bench.ranges))
    for site in places:
        yield None
        for edit in solutions(place, lib, bench.right, site):
            yield Repair(put(bench.right, site.path, edit.new), (edit,), (site.path,))


def _inserted(bench: Bench, places: list[Site]) -> Iterator[Repair | None]:
    """Known factors and atoms put in under a sum, where nothing can be solved for."""
    for site in places:
        if site.node.free <= site.outer and site.linear:
            continue
        replaced = "{1} is meant, not {0}"
        atomic = not isinstance(site.node, (Add, Mul, Reduce, Number))
        for expr in known(bench.model, site.scope):
            if atomic:
                edit = Edit(expr, replaced, (site.node, expr), 1.4)
                yield Repair(put(bench.right, site.path, expr), (edit,), (site.path,))
            if not isinstance(site.node, Number):
                new = product((site.node, expr))
                edit = Edit(new, "the factor {0} is missing", (expr,), 1.3)
                yield Repair(put(bench.right, site.path, new), (edit,), (site.path,))


def _double(bench: Bench, places: list[Site]) -> Iterator[Repair | None]:
    """Two edits: the cheapest of all, each with every cheap one of the outcome."""
    first = [repair for repair in _single(bench, places) if repair is not None][:_MOST_FIRST]
    place = bench.places[0]
    lib = library(place, known(bench.model, bench.ranges))
    for repair in first:
        again = list(sites(repair.right, bench.ranges))[:_MOST_SITES]
        for site in again[:8]:
            yield None
            for edit in solutions(place, lib, repair.right, site):
                if edit.cost < 1.4:
                    right = put(repair.right, site.path, edit.new)
                    yield Repair(right, (*repair.edits, edit), (*repair.paths, site.path))
    for repair in first:
        for site in list(sites(repair.right, bench.ranges))[:_MOST_SITES]:
            for edit in _edits_at(bench, site):
                if edit.cost <= 1.2:
                    right = put(repair.right, site.path, edit.new)
                    yield Repair(right, (*repair.edits, edit), (*repair.paths, site.path))
