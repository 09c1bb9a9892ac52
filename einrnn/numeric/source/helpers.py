"""Functions that generated numpy code brings along, each without overflow."""

from __future__ import annotations

_TEXTS = {
    "sigmoid": """
def sigmoid(x):
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, DTYPE.type(1), small) / (1 + small)
""",
    "softplus": """
def softplus(x):
    return np.logaddexp(x, DTYPE.type(0))
""",
    "relu": """
def relu(x):
    return np.maximum(x, DTYPE.type(0))
""",
    "sign": """
def sign(x):
    return np.sign(x)
""",
    "erf": """
def erf(x):
    import math

    return np.asarray(np.frompyfunc(math.erf, 1, 1)(x)).astype(DTYPE)
""",
    "step": """
def step(x):
    return np.where(np.isnan(x), x, x > 0).astype(DTYPE)
""",
    "finite": """
LARGEST = np.finfo(DTYPE).max


def finite(x, out=None):
    # infinite entries as the largest numbers there are: inf - inf does not occur
    return np.maximum(np.minimum(x, LARGEST, out=out), -LARGEST, out=out)
""",
    "logsumexp": """
def logsumexp(x, axes):
    top = np.max(x, axis=axes, keepdims=True)
    top = np.where(np.isfinite(top), top, DTYPE.type(0))
    total = np.log(np.sum(np.exp(x - top), axis=axes))
    return total + np.squeeze(top, axis=axes)
""",
    "scatter": """
def scatter(source, index, size, order, out=None):
    # the result has the axes in this order; rows are added to a view of it
    kept = source.shape[index.ndim :]
    shape = (size, *kept)
    result = np.empty([shape[at] for at in order], source.dtype) if out is None else out
    result.fill(0)
    rows = result.transpose([order.index(at) for at in range(len(order))])
    inside = (index >= 0) & (index < size)
    if not inside.all():
        source, index = source[inside], index[inside]
    for at, row in zip(index.reshape(-1).tolist(), source.reshape((-1, *kept))):
        rows[at] += row
    return result
""",
    "bump": """
def bump(x, index, amount, out=None):
    # the amount is added where the last axis is at the index, and nowhere if it is outside
    out = np.empty(x.shape, DTYPE) if out is None else out
    if not np.may_share_memory(out, x):
        np.copyto(out, x)
    flat, at = out.reshape((-1, out.shape[-1])), index.reshape(-1)
    rows, inside = np.arange(len(flat)), (at >= 0) & (at < flat.shape[1])
    if not inside.all():
        rows, at = rows[inside], at[inside]
    flat[rows, at] += amount
    return out
""",
    "symmetric_product": """
def symmetric_product(a, b, out=None):
    count = len(a)
    out = np.empty((count, count), DTYPE) if out is None else out
    size = -(-count // 4)
    for lo in range(0, count, size):
        hi = min(lo + size, count)
        np.matmul(a[lo:hi], b[:, lo:], out=out[lo:hi, lo:])
        out[hi:, lo:hi] = out[lo:hi, hi:].T
    return out
""",
    "diagonal": """
def diagonal(array, axes, offsets, shape):
    strides = [0] * len(shape)
    for axis, stride in zip(axes, array.strides):
        strides[axis] += stride
    start = array[tuple(slice(offset, None) for offset in offsets)] if any(offsets) else array
    return np.lib.stride_tricks.as_strided(start, shape, strides)
""",
    "clamped": """
def clamped(source, indices, name):
    return source[tuple(np.clip(at, 0, n - 1) for at, n in zip(indices, source.shape))]
""",
    "looked_up": """
def looked_up(source, indices, name):
    for at, size in zip(indices, source.shape):
        at = np.asarray(at)
        if at.size and (at.min() < 0 or at.max() >= size):
            wrong = at[(at < 0) | (at >= size)].flat[0]
            raise IndexError(
                f"{name} is read out of range: a look-up gives position {wrong} "
                f"on an axis of size {size}"
            )
    return source[indices]
""",
}

HELPERS: dict[str, tuple[str, ...]] = {
    name: tuple(text.strip().splitlines()) for name, text in _TEXTS.items()
}

_JAX_TEXTS = {
    "erf": """
def erf(x):
    return jax.scipy.special.erf(x)
""",
    "entrywise_product": """
def entrywise_product(a, b):
    # a @ b of a few entries: a sum is fused with what is around it, a product is a call
    return np.sum(a[..., None] * b, axis=-2)
""",
    "product_of_columns": """
def product_of_columns(a, b):
    # a.T @ b; summed over two axes, XLA transposes a first and takes its fastest product
    return np.tensordot(a[None], b[None], ((0, 1), (0, 1)))
""",
    "finite": """
def finite(x):
    return np.where(np.isfinite(x), x, DTYPE.type(0))
""",
    "diagonal": """
def diagonal(axes, offsets, shape):
    rows = [np.arange(n).reshape([-1 if at == a else 1 for at in range(len(shape))])
            for a, n in enumerate(shape)]
    return tuple(rows[axis] + offset for axis, offset in zip(axes, offsets))
""",
    "scatter": """
def scatter(source, index, size, order):
    # the result has the axes in this order; what is out of range adds nothing
    index, rank = np.where((index >= 0) & (index < size), index, size), index.ndim
    shape = (size, *source.shape[rank:])
    axes = [a for at in order for a in (range(rank) if at == 0 else [at - 1 + rank])]
    result = np.zeros([shape[at] for at in order], source.dtype)
    at = (slice(None),) * order.index(0) + (index,)
    return result.at[at].add(source.transpose(axes), mode="drop")
""",
    "looked_up": """
def looked_up(source, indices, name):
    indices = tuple(np.where(at < 0, n, at) for at, n in zip(indices, source.shape))
    return source.at[indices].get(mode="fill", fill_value=numpy.nan)
""",
}

JAX_HELPERS: dict[str, tuple[str, ...]] = {
    name: tuple(text.strip().splitlines()) for name, text in _JAX_TEXTS.items()
}

_TORCH_TEXTS = {
    "diagonal": """
def diagonal(array, axes, offsets, shape):
    strides = [0] * len(shape)
    for axis, stride in zip(axes, array.stride()):
        strides[axis] += stride
    first = sum(offset * stride for offset, stride in zip(offsets, array.stride()))
    return array.as_strided(shape, strides, array.storage_offset() + first)
""",
    "softplus": """
def softplus(x):
    return torch.logaddexp(x, torch.zeros_like(x))
""",
    "step": """
def step(x):
    return torch.where(torch.isnan(x), x, (x > 0).to(DTYPE))
""",
    "tensor": """
def tensor(array):
    # torch takes no arrays that run backwards, and warns of those that may not be written to
    if not isinstance(array, torch.Tensor):
        array = np.asarray(array)
        if array.strides and (min(array.strides) < 0 or not array.flags.writeable):
            array = array.copy()
        elif any(stride % array.itemsize for stride in array.strides):
            array = array.copy()
    return torch.as_tensor(array)
""",
    "finite": """
def finite(x, out=None):
    # infinite entries as 0: inf - inf does not occur
    return torch.where(torch.isfinite(x), x, x.new_zeros(()), out=out)
""",
    "prod": """
def prod(x, axes):
    for axis in sorted(axes, reverse=True):
        x = torch.prod(x, axis)
    return x
""",
    "scatter": """
def scatter(source, index, size):
    inside = (index >= 0) & (index < size)
    result = source.new_zeros((size, *source.shape[index.ndim :]))
    return result.index_add_(0, index[inside], source[inside])
""",
    "clamped": """
def clamped(source, indices, name):
    pairs = zip(indices, source.shape)
    return source[tuple(torch.clamp(torch.as_tensor(at), 0, n - 1) for at, n in pairs)]
""",
    "looked_up": """
def looked_up(source, indices, name):
    indices = tuple(torch.as_tensor(at) for at in indices)
    for at, size in zip(indices, source.shape):
        wrong = at[(at < 0) | (at >= size)]
        if wrong.numel():
            raise IndexError(
                f"{name} is read out of range: a look-up gives position {int(wrong[0])} "
                f"on an axis of size {size}"
            )
    return source[indices]
""",
}

TORCH_HELPERS: dict[str, tuple[str, ...]] = {
    name: tuple(text.strip().splitlines()) for name, text in _TORCH_TEXTS.items()
}
