"""A computation in a process of its own, beside what the caller does meanwhile."""

from __future__ import annotations

import multiprocessing
import threading
import warnings
from collections.abc import Callable
from typing import Any, Generic, TypeVar, cast

R = TypeVar("R")


class Aside(Generic[R]):
    """Starts ``work`` where the system can fork a process that has everything already;
    elsewhere, and if that process dies, the work is done when its result is asked for.

    The result is handed over by pickling.
    """

    def __init__(self, work: Callable[[], R]) -> None:
        self._work = work
        self._done: list[R] = []
        self._receiver: Any = None
        # a forked child has one thread only, so that it could wait for ever on the others' locks
        forks = "fork" in multiprocessing.get_all_start_methods()
        if forks and threading.active_count() == 1 and not multiprocessing.current_process().daemon:
            self._start()

    def _start(self) -> None:
        context = cast(Any, multiprocessing.get_context("fork"))
        self._receiver, sender = context.Pipe(duplex=False)
        process = context.Process(target=self._send, args=(sender,), daemon=True)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)  # BLAS has threads, all idle
            try:
                process.start()
            except OSError:  # no process to be had
                self._receiver = None
        sender.close()

    def _send(self, sender: Any) -> None:
        sender.send(self._work())
        sender.close()

    def result(self) -> R:
        """What the work returned; waits for it."""
        if not self._done:
            self._done.append(self._received())
        return self._done[0]

    def _received(self) -> R:
        if self._receiver is not None:
            try:
                return self._receiver.recv()
            except EOFError:  # the process died: do it here
                pass
        return self._work()
