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
    "step": """
def step(x):
    return np.where(np.isnan(x), x, x > 0).astype(DTYPE)
""",
    "finite": """
def finite(x):
    return np.where(np.isfinite(x), x, DTYPE.type(0))
""",
    "logsumexp": """
def logsumexp(x, axes):
    top = np.max(x, axis=axes, keepdims=True)
    top = np.where(np.isfinite(top), top, DTYPE.type(0))
    total = np.log(np.sum(np.exp(x - top), axis=axes))
    return total + np.squeeze(top, axis=axes)
""",
    "scatter": """
def scatter(source, index, size):
    result = np.zeros((size, *source.shape[1:]), source.dtype)
    inside = (index >= 0) & (index < size)
    if not inside.all():
        source, index = source[inside], index[inside]
    for at, row in zip(index.tolist(), source):
        result[at] += row
    return result
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
    "scatter": """
def scatter(source, index, size):
    index = np.where((index >= 0) & (index < size), index, size)
    result = np.zeros((size, *source.shape[1:]), source.dtype)
    return result.at[index].add(source, mode="drop")
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
