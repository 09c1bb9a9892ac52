"""Products up to an index, or from one on, as recurrences.

The derivative of ``p[t] = prod[r=0..t] x[r]`` by each factor is the product of all others: as
sums over products that is a number for each three places. As ``P[q] = P[q-1] x[q]`` it has an
adjoint that goes back one step at a time.
"""

from __future__ import annotations

from einrnn.core import affine as af
from einrnn.core.build import ONE
from einrnn.core.model import Clause, Model
from einrnn.core.nodes import Element, Mul, Reduce
from einrnn.core.running import running
from einrnn.symbolic.running.ends import ended
from einrnn.symbolic.running.places import Found, with_own_definitions


def with_running_products(model: Model) -> Model:
    """The model with such products of its definitions as definitions of their own."""
    return with_own_definitions(model, "product", _taken_out)


def _taken_out(_: Model, node: Reduce, clause: Clause, name: str) -> Found | None:
    found = ended(node, clause.ranges) if node.op == "prod" else None
    if found is None or found.of.at in found.body.free:
        return None
    others = {i: span for i, span in clause.ranges.items() if i in found.body.free}
    if found.body.free - {found.of.place} != others.keys():
        return None
    definition = running(
        name,
        found.places,
        others,
        ONE,
        lambda earlier: Mul((earlier, found.body)),
        before=max(1, found.empty),
    )
    return (definition,), Element(name, (found.of.end, *map(af.of, others)))
