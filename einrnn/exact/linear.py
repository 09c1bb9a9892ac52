"""Linear equations modulo a prime."""

from __future__ import annotations

import numpy as np

from einrnn.exact.field import Field, Residues


def solve(field: Field, rows: Residues, right: Residues) -> Residues | None:
    """Some solution of ``rows @ x = right``, rows [equations, unknowns]; None if there is none.

    Unknowns that the equations leave free are 0.
    """
    work = np.concatenate([rows, right[:, None]], axis=1)
    unknowns = rows.shape[1]
    pivots: list[int] = []
    for column in range(unknowns):
        start = len(pivots)
        below = np.flatnonzero(work[start:, column])
        if below.size == 0:
            continue
        found = start + int(below[0])
        work[[start, found]] = work[[found, start]]
        work[start] = field.mul(work[start], field.inverse(work[start, column : column + 1]))
        factors = work[:, column].copy()
        factors[start] = 0
        work = field.sub(work, field.mul(factors[:, None], work[start]))
        pivots.append(column)
        if len(pivots) == len(work):
            break
    if work[len(pivots) :, unknowns].any():
        return None
    result = np.zeros(unknowns, dtype=np.uint64)
    result[pivots] = work[: len(pivots), unknowns]
    return result
