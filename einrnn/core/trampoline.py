"""Recursion without the call stack: a thousand nested steps are as good as one."""

from __future__ import annotations

from collections.abc import Callable, Generator
from functools import update_wrapper
from typing import Any, Generic, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")
Steps = Generator[Generator[Any, Any, Any], Any, R]


class trampoline(Generic[P, R]):
    """Run a recursive generator function to its end on an explicit stack.

    Inside, a recursive call is ``value = yield function.steps(argument)``: the generator
    yields another generator and is sent that one's return value.
    """

    def __init__(self, function: Callable[P, Steps[R]]) -> None:
        self.steps = function
        update_wrapper(self, function)

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        """The value of the function, called from outside."""
        stack: list[Generator[Any, Any, Any]] = [self.steps(*args, **kwargs)]
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
