"""A task beside: the same result as without a copy of the process, whatever becomes of the copy."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from llmstack.cores import beside

MANY = 10_000
CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
copies = pytest.mark.skipif(CORES < 2, reason="one core, or a system where no copy is made")


def test_the_result_is_the_task_s() -> None:
    assert beside(lambda: {"a": [1, 2]}, MANY)() == {"a": [1, 2]}


def test_a_result_may_be_larger_than_a_pipe_holds() -> None:
    assert beside(lambda: "x" * 5_000_000, MANY)() == "x" * 5_000_000


def test_few_models_are_left_to_this_process() -> None:
    assert beside(os.getpid, 10)() == os.getpid()


@copies
def test_many_models_are_a_copy_s() -> None:
    assert beside(os.getpid, MANY)() != os.getpid()


@copies
def test_it_begins_at_once(tmp_path: Path) -> None:
    waiting = beside((tmp_path / "made").touch, MANY)
    waiting()
    assert (tmp_path / "made").exists()


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    def fail() -> int:
        raise ValueError("no such thing")

    waiting = beside(fail, MANY)
    with pytest.raises(ValueError, match="no such thing"):
        waiting()


def test_what_cannot_be_sent_is_done_here() -> None:
    result = beside(lambda: lambda: 7, MANY)()
    assert result() == 7


@copies
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL, signal.SIGINT])
def test_the_task_of_a_copy_that_was_ended_is_done_here(number: int) -> None:
    here = os.getpid()

    def end() -> str:
        if os.getpid() != here:
            os.kill(os.getpid(), number)
            signal.pause()
        return "done"

    assert beside(end, MANY)() == "done"


def test_a_task_may_have_one_beside_it_too() -> None:
    assert beside(lambda: beside(lambda: 3, MANY)() + 4, MANY)() == 7


@copies
def test_nothing_is_left_behind() -> None:
    def open_files() -> int:
        return len(os.listdir("/proc/self/fd"))

    beside(lambda: 1, MANY)()
    before = open_files()
    for _ in range(3):
        beside(lambda: 1, MANY)()
    assert open_files() == before
    with pytest.raises(ChildProcessError):
        os.waitpid(-1, os.WNOHANG)


@copies
@pytest.mark.parametrize("task", ["'x' * 5_000_000", "__import__('time').sleep(60)"])
def test_a_copy_that_nobody_asks_ends_with_the_process(task: str) -> None:
    program = f"import os; from llmstack.cores import beside; beside(lambda: {task}, {MANY}); os._exit(3)"
    done = subprocess.run([sys.executable, "-c", program], stdout=subprocess.PIPE, timeout=20, check=False)
    assert done.returncode == 3


@copies
def test_a_copy_writes_nothing_twice(capfd: pytest.CaptureFixture[str]) -> None:
    print("once", end="")
    beside(lambda: 1, MANY)()
    print(flush=True)
    assert capfd.readouterr().out == "once\n"
