"""Computations in processes of their own, beside what the caller does meanwhile."""

from __future__ import annotations

import multiprocessing
import threading
import warnings
from collections.abc import Callable
from contextlib import suppress
from pickle import PicklingError
from typing import Any, Generic, TypeVar, cast

G = TypeVar("G")
R = TypeVar("R")


class Aside(Generic[R]):
    """Starts ``work`` where the system can fork a process that has everything already;
    elsewhere, and if that process dies, the work is done when its result is asked for.

    The result is handed over by pickling.
    """

    def __init__(self, work: Callable[[], R]) -> None:
        self._work = work
        self._done: list[R] = []
        self._channel = _forked(self._answer)

    def _answer(self, channel: Any) -> None:
        channel.send(self._work())

    def result(self) -> R:
        """What the work returned; waits for it."""
        if not self._done:
            self._done.append(self._received())
        return self._done[0]

    def _received(self) -> R:
        if self._channel is not None:
            try:
                return self._channel.recv()
            except (EOFError, OSError):  # the process died, or failed: do it here
                pass
        return self._work()


class Prompted(Aside[R], Generic[G, R]):
    """As :class:`Aside`, for work on something that there is only later: the process does
    ``load`` first, and then waits for what it is given."""

    def __init__(self, work: Callable[[G], R], load: Callable[[], object]) -> None:
        self._load = load
        self._on = work
        self._given: list[G] = []
        super().__init__(lambda: work(self._given[0]))

    def _answer(self, channel: Any) -> None:
        self._load()
        try:
            given = channel.recv()
        except (EOFError, OSError):  # nothing is asked after all
            return
        channel.send(self._on(given))

    def give(self, value: G) -> None:
        """What to work on; it is handed over by pickling."""
        self._given.append(value)
        if self._channel is None:
            return
        try:
            self._channel.send(value)
        except (RecursionError, PicklingError, AttributeError, TypeError, OSError):
            # too deep or not to be pickled, or the process died
            self._channel.close()
            self._channel = None


def _forked(target: Callable[[Any], None]) -> Any:
    """The channel to a process that runs ``target`` with the other end; None without one."""
    # a forked child has one thread only, so that it could wait for ever on the others' locks
    forks = "fork" in multiprocessing.get_all_start_methods()
    if not forks or threading.active_count() > 1 or multiprocessing.current_process().daemon:
        return None
    context = cast(Any, multiprocessing.get_context("fork"))
    mine, other = context.Pipe()
    process = context.Process(target=_in_child, args=(target, mine, other), daemon=True)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # BLAS has threads, all idle
        try:
            process.start()
        except OSError:  # no process to be had
            mine.close()
            mine = None
    other.close()
    return mine


def _in_child(target: Callable[[Any], None], parents: Any, own: Any) -> None:
    parents.close()  # so that the parent's end is closed once the parent closes it
    with suppress(Exception):  # the parent meets the same when it does the work itself
        target(own)
    own.close()
