"""How functions, constants and names are written in C."""

from __future__ import annotations

import re
from collections.abc import Sequence

from einrnn.core.functions import FUNCTIONS
from einrnn.numeric.steps import Constant, Kind, Register

FORMS = {
    "+": "{0} + {1}",
    "-": "{0} - {1}",
    "*": "{0} * {1}",
    "neg": "-{0}",
    "square": "square_({0})",
    "reciprocal": "(real)1 / {0}",
    "power": "power_({0}, {1})",
    "where": "{0} ? {1} : {2}",
    "and": "{0} & {1}",
    "or": "{0} | {1}",
    "not": "!{0}",
    "==": "{0} == {1}",
    "!=": "{0} != {1}",
    "<": "{0} < {1}",
    "<=": "{0} <= {1}",
    ">": "{0} > {1}",
    ">=": "{0} >= {1}",
    "finite": "finite_({0})",
    "max": "larger_({0}, {1})",
    "min": "smaller_({0}, {1})",
}

# entries of these take as long as so many additions
COSTS = {
    **dict.fromkeys(("exp", "log", "tanh", "sigmoid"), 10),
    **dict.fromkeys(("softplus", "sin", "cos", "tan", "sinh", "cosh", "power", "erf"), 40),
}

CASTS: dict[Kind, str] = {"number": "real", "integer": "long", "truth": "unsigned char"}


def literal(step: Constant) -> str:
    """A constant in the working type, or a whole number."""
    value = step.value
    if value in ("true", "false"):
        return "1" if value == "true" else "0"
    if isinstance(value, str):
        number = FUNCTIONS[value].value()
    elif step.whole:
        return f"({int(value)}L)"
    else:
        try:
            number = float(value)
        except OverflowError:
            number = float("inf") if value > 0 else float("-inf")
    if number != number:
        return "(real)NAN"
    if number in (float("inf"), float("-inf")):
        return "(real)INFINITY" if number > 0 else "(-(real)INFINITY)"
    return f"(real)({number!r})" if number < 0 else f"(real){number!r}"


def identifier(registers: Sequence[Register], register: int) -> str:
    """A C name of its own for each register."""
    text = re.sub(r"[^A-Za-z0-9]+", "_", registers[register].name).strip("_")
    return f"{text}_{register}" if text[:1].isalpha() else f"v{register}"
