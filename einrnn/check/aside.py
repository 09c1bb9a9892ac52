"""Computations in processes of their own, beside what the caller does meanwhile."""

from __future__ import annotations

import os
import pickle
import signal
import threading
import warnings
import weakref
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any, Generic, TypeVar

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

    def _answer(self, channel: _Channel) -> None:
        channel.send(self._work())

    def result(self) -> R:
        """What the work returned; waits for it."""
        if not self._done:
            self._done.append(self._received())
        return self._done[0]

    def _received(self) -> R:
        if self._channel is not None:
            try:
                return self._channel.receive()
            except (EOFError, OSError, pickle.UnpicklingError):  # it died, or failed: do it here
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

    def _answer(self, channel: _Channel) -> None:
        self._load()
        try:
            given = channel.receive()
        except EOFError:  # nothing is asked after all
            return
        channel.send(self._on(given))

    def give(self, value: G) -> None:
        """What to work on; it is handed over by pickling."""
        self._given.append(value)
        if self._channel is None:
            return
        try:
            self._channel.send(value)
        except (RecursionError, pickle.PicklingError, AttributeError, TypeError, OSError):
            self._channel = None  # too deep or not to be pickled, or the process died


class Stream(Generic[R]):
    """The results of some pieces of ``work``, one after the other as a process of its own has
    them; where it dies, or none can be forked, the rest is done when it is asked for."""

    def __init__(self, work: Sequence[Callable[[], R]]) -> None:
        self._left = deque(work)
        self._channel = _forked(self._answer)

    def _answer(self, channel: _Channel) -> None:
        for piece in self._left:
            channel.send(piece())

    def next(self) -> R:
        """The next result; waits for it."""
        piece = self._left.popleft()
        if self._channel is not None:
            try:
                return self._channel.receive()
            except (EOFError, OSError, pickle.UnpicklingError):
                self._channel = None
        return piece()


class _Channel:
    """One end of the pipes between a process and the one it was forked from.

    In the parent, ``child`` is killed and waited for once nothing refers to its channel.
    """

    def __init__(self, read: int, write: int, child: int | None = None) -> None:
        self._read, self._write = os.fdopen(read, "rb"), os.fdopen(write, "wb", buffering=0)
        if child is not None:
            weakref.finalize(self, _end, child)

    def send(self, value: object) -> None:
        """Hand a value over."""
        left = memoryview(pickle.dumps(value, pickle.HIGHEST_PROTOCOL))
        while left:
            left = left[self._write.write(left) :]

    def receive(self) -> Any:
        """The next value that the other end sends; EOFError where it has ended."""
        return pickle.load(self._read)


def _end(child: int) -> None:
    with suppress(OSError):
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)


_HOME = os.getpid()


def _forked(target: Callable[[_Channel], None]) -> _Channel | None:
    """The channel to a process that runs ``target`` with the other end; None without one."""
    # a forked child has one thread only, so that it could wait for ever on the others' locks;
    # and what was forked forks no more
    if not hasattr(os, "fork") or threading.active_count() > 1 or os.getpid() != _HOME:
        return None
    down, up = os.pipe(), os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # BLAS has threads, all idle
        try:
            child = os.fork()
        except OSError:  # no process to be had
            for end in (*down, *up):
                os.close(end)
            return None
    if child:
        os.close(down[0])
        os.close(up[1])
        return _Channel(up[0], down[1], child)
    try:  # nothing of what the parent would still do may be done here, whatever happens
        os.close(down[1])
        os.close(up[0])
        target(_Channel(down[0], up[1]))
    except BaseException:  # the parent meets the same when it does the work itself
        pass
    finally:
        os._exit(0)
