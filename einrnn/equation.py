"""One equation, one call: einsum strings and index equations."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt

from einrnn.errors import LanguageError
from einrnn.source import Source


def einsum(equation: str, *operands: Any, **named: Any) -> npt.NDArray[np.generic]:
    """Evaluate an einsum string over operands, or an index equation over named arrays.

    ``einsum("ab,bc->ac", A, B)`` takes what :func:`numpy.einsum` takes, with sizes checked:
    an axis of size 1 is never stretched. ``einsum("C[i,k] = A[i,j] B[j,k]", A=A, B=B)`` is
    a definition in the language of documents: indices that the left side lacks are summed.

    Raises:
        EvaluationError: the operands do not fit the equation.
        LanguageError: the index equation is not well formed.
    """
    if "[" not in equation and "=" not in equation:
        from einrnn.numeric.einsum import einsum as by_string

        return by_string(equation, *operands, **named)
    return _index_equation(equation, operands, named)


def _index_equation(
    equation: str, operands: tuple[Any, ...], named: dict[str, Any]
) -> npt.NDArray[np.generic]:
    from einrnn.document import Document

    if operands:
        raise LanguageError(
            "E804",
            "an index equation takes its arrays by name",
            'call einsum("C[i,k] = A[i,j] B[j,k]", A=A, B=B)',
        )
    left, sign, right = equation.partition(":=" if ":=" in equation else "=")
    if not sign:
        raise LanguageError("E805", "there is no = in the equation", 'write "c = a[i] b[i]"')
    document = Document(Source.of(f"{left} := {right}", "<equation>"))
    document.raise_errors()
    program = document.compile(left.strip())
    return program(**named)[left.strip()]
