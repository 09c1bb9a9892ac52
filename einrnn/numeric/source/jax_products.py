"""Which form of a product of two matrices XLA computes fastest on a CPU.

Every form is an ordinary jax expression of the same value; on other devices they are level.
"""

from __future__ import annotations

from math import prod
from typing import Literal

from einrnn.numeric.steps import Contract

Form = Literal["dot", "entrywise_product", "product_of_columns"]

# a call of a product outside costs as much as about this many multiplications
_FEW = 1024


def form(step: Contract, *, looping: bool) -> Form:
    """``entrywise_product``: so few entries that a call costs more; the sum is fused with
    what is around it, which inside a loop (``looping``) happens by itself.

    ``product_of_columns``: both matrices have the summed axis first; the left one is copied
    transposed.
    """
    batch, left, summed, right = step.shape
    sizes = prod(left), prod(summed), prod(right)
    if batch or not summed or min(sizes) == 0 or not (left or right):
        return "dot"
    if prod(sizes) <= _FEW:
        return "dot" if looping else "entrywise_product"
    if not left or not right:
        return "dot"
    lies = (*range(len(summed), len(summed) + len(left)), *range(len(summed)))
    straight = tuple(range(len(summed) + len(right)))
    columns = step.left_order == lies and step.right_order == straight
    return "product_of_columns" if columns else "dot"
