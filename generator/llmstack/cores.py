"""Work on a second core: a task done by a copy of this process, while this one does what comes next."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, TypeVar

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.context import ForkProcess

T = TypeVar("T")
Task = Callable[[], T]

_WORTH_A_COPY = 200
"""Models from which on a copy of the process, which takes some 15 ms, gains more than it costs."""


def beside(task: Task[T], models: int) -> Task[T]:
    """Begin a task about so many models in a copy of this process, and return what waits for its result.

    It is this process that does it, when the result is asked for, where there is one core alone, where the models are
    few, beside other threads (a lock that one of them holds is held in a copy for ever), where the task raises, and
    where the copy ends before it has sent what pickle makes of the result: errors are raised there, and nothing else
    depends on how it was done. What the task remembers is the copy's, and lost. A copy ends with this process.
    """
    if models < _WORTH_A_COPY or _count_cores() < 2 or threading.active_count() > 1:
        return task
    from multiprocessing import get_context  # a fleet of few models does without it

    fork = get_context("fork")
    answer, send = fork.Pipe(duplex=False)
    copy = fork.Process(target=_work, args=(task, answer, send, os.getpid()))
    copy.start()
    send.close()
    return partial(_receive, copy, answer, task)


def _count_cores() -> int:
    """The cores that this process may use; one where a fork may be followed by no more of Python (macOS)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1


def _work(task: Task[T], answer: Connection, send: Connection, parent: int) -> None:
    """What a copy does: it says nothing but the result, and ends in silence where it is told to, or nobody waits."""
    from llmstack.programs.confine import end_with

    try:
        end_with(parent)
        answer.close()
        send.send(task())
    except BaseException:
        os._exit(1)


def _receive(copy: ForkProcess, answer: Connection, task: Task[T]) -> T:
    """The result of a copy, or of the task itself where it sent none."""
    try:
        result: T = answer.recv()
    except (EOFError, OSError):
        result = task()
    finally:
        answer.close()
        copy.join()
    return result
