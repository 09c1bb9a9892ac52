"""Work in other processes: its results, and what happens where it cannot be handed over."""

from __future__ import annotations

import gc
import os
from functools import partial

import pytest

from einrnn.check.aside import Aside, Prompted, Stream


def _place(number: int) -> tuple[int, int]:
    return number, os.getpid()


def _nothing() -> None:
    pass


def _dies(number: int) -> int:
    if os.getpid() != number:
        os._exit(1)
    return number


def test_work_is_done_in_another_process() -> None:
    number, process = Aside(partial(_place, 3)).result()
    assert number == 3
    assert process != os.getpid()


def test_work_is_done_here_where_the_process_dies() -> None:
    assert Aside(partial(_dies, os.getpid())).result() == os.getpid()


def test_work_waits_for_what_it_is_given() -> None:
    helper = Prompted(_place, _nothing)
    helper.give(5)
    number, process = helper.result()
    assert number == 5
    assert process != os.getpid()


def test_what_cannot_be_handed_over_is_worked_on_here() -> None:
    helper = Prompted(lambda given: given() + 1, _nothing)
    helper.give(lambda: 1)
    assert helper.result() == 2


def test_results_come_one_by_one_from_another_process() -> None:
    stream = Stream([partial(_place, number) for number in (3, 4)])
    results = [stream.next(), stream.next()]
    assert [number for number, _ in results] == [3, 4]
    assert {process for _, process in results}.isdisjoint({os.getpid()})


def test_the_rest_is_done_here_where_the_process_dies() -> None:
    here = os.getpid()
    stream = Stream([lambda: 1, partial(_dies, here), lambda: 2])
    assert [stream.next() for _ in range(3)] == [1, here, 2]


def test_a_result_that_cannot_be_handed_over_is_worked_out_here() -> None:
    assert Stream([lambda: lambda: 5]).next()() == 5


def test_a_process_that_is_asked_nothing_ends() -> None:
    helper = Prompted(_place, _nothing)
    del helper
    gc.collect()
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)
