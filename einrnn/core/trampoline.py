"""Recursion without the call stack: a thousand nested steps are as good as one."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import wraps
from typing import Any, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
Steps = Generator[Generator[Any, Any, Any], Any, R]


def trampoline(function: Callable[P, Steps[R]]) -> Callable[P, R]:
    """Run a recursive generator function to its end on an explicit stack.

    Inside, a recursive call is ``value = yield function.steps(argument)``: the generator
    yields another generator and is sent that one's return value.
    """

    @wraps(function)
    def run(*args: P.args, **kwargs: P.kwargs) -> R:
        stack: list[Generator[Any, Any, Any]] = [function(*args, **kwargs)]
        value: Any = None
        while stack:
            try:
                child = stack[-1].send(value)
            except StopIteration as stop:
                stack.pop()
                value = stop.value
            else:
                stack.append(child)
                value = None
        return value

    run.steps = function  # type: ignore[attr-defined]
    return run
