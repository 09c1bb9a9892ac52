"""Which form of a product of two matrices XLA computes fastest on a CPU.

Every form is an ordinary jax expression of the same value; on other devices they are level.
"""

from __future__ import annotations

from math import prod
from typing import Literal

from einrnn.numeric.steps import Contract

Form = Literal["dot", "entrywise_product", "entrywise_sum", "product_of_columns"]

# a call of a product outside costs as much as about this many multiplications
_FEW = 1024
# where the left matrix is worth a copy: entries of a small result, how much deeper than wide a
# product is; entries of a matrix that stays in a cache, how much taller than wide a result may be
_SMALL, _DEEP = 4096, 24
_CACHED, _TALL = 2**18, 8


def form(step: Contract, dtype: str, *, looping: bool) -> Form:
    """``entrywise_product``: so few entries that a call costs more; the sum is fused with
    what is around it, which inside a loop (``looping``) happens by itself. ``entrywise_sum``:
    the same of two vectors.

    ``product_of_columns``: both matrices have the summed axis first; the left one is copied
    transposed. Without the copy the product itself is slower, but XLA can turn the left matrix
    while it is computed: that wins for large ones, and in single precision for all but products
    that are deep.
    """
    batch, left, summed, right = step.shape
    sizes = prod(left), prod(summed), prod(right)
    if batch or not summed or min(sizes) == 0:
        return "dot"
    if prod(sizes) <= _FEW and not looping:
        return "entrywise_product" if left or right else "entrywise_sum"
    if not left or not right:
        return "dot"
    lies = (*range(len(summed), len(summed) + len(left)), *range(len(summed)))
    straight = tuple(range(len(summed) + len(right)))
    columns = step.left_order == lies and step.right_order == straight
    rows, depth, width = sizes
    if dtype in ("float32", "float16"):
        worth = rows * width <= _SMALL and depth >= _DEEP * max(rows, width)
    else:
        worth = rows * depth <= _CACHED and rows <= _TALL * width
    return "product_of_columns" if columns and worth else "dot"
