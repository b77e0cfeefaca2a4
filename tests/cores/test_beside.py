"""A task beside: the same result as without a copy of the process, whatever becomes of the copy."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

CORES = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 1
copies = pytest.mark.skipif(CORES < 2, reason="one core, or a system where no copy is made")

BEGIN = """
import os, signal, sys, threading, time
from llmstack.cores import beside
MANY, HERE = 10_000, os.getpid()
signal.signal(signal.SIGINT, signal.default_int_handler)  # which a shell's background job has ignored
"""


def played(program: str) -> str:
    """What a program prints that has one thread, as a run of llmstack has, and ends as that does."""
    done = subprocess.run(
        [sys.executable, "-c", f"{BEGIN}{program}\nsys.stdout.flush()\nos._exit(0)"],
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=60,
        check=False,
    )
    return done.stdout


@pytest.mark.parametrize("models", [10, 10_000])
def test_the_result_is_the_task_s(models: int) -> None:
    assert played(f"print(beside(lambda: {{'a': [1, 2]}}, {models})())") == "{'a': [1, 2]}\n"


def test_a_result_may_be_larger_than_a_pipe_holds() -> None:
    assert played("print(beside(lambda: 'x' * 5_000_000, MANY)() == 'x' * 5_000_000)") == "True\n"


def test_few_models_are_left_to_this_process() -> None:
    assert played("print(beside(os.getpid, 10)() == HERE)") == "True\n"


@copies
def test_many_models_are_a_copy_s() -> None:
    assert played("print(beside(os.getpid, MANY)() == HERE)") == "False\n"


@copies
def test_beside_other_threads_there_is_no_copy() -> None:
    thread = "threading.Thread(target=time.sleep, args=(30,), daemon=True).start()"
    assert played(f"{thread}\nprint(beside(os.getpid, MANY)() == HERE)") == "True\n"


def test_an_error_is_raised_where_the_result_is_asked_for() -> None:
    program = (
        "waiting = beside(lambda: 1 // 0, MANY)\ntry:\n    waiting()\nexcept ZeroDivisionError:\n    print('raised')"
    )
    assert played(program) == "raised\n"


def test_what_cannot_be_sent_is_done_here() -> None:
    assert played("print(beside(lambda: lambda: 7, MANY)()())") == "7\n"


@copies
@pytest.mark.parametrize("name", ["SIGTERM", "SIGKILL", "SIGINT"])
def test_the_task_of_a_copy_that_was_ended_is_done_here(name: str) -> None:
    task = f"def task():\n    if os.getpid() != HERE:\n        os.kill(os.getpid(), signal.{name})\n        signal.pause()\n    return 'done'"
    assert played(f"{task}\nprint(beside(task, MANY)())") == "done\n"


def test_a_task_may_have_one_beside_it_too() -> None:
    assert played("print(beside(lambda: beside(lambda: 3, MANY)() + 4, MANY)())") == "7\n"


@copies
def test_nothing_is_left_behind() -> None:
    files = "lambda: len(os.listdir('/proc/self/fd'))"
    program = f"""
files = {files}
beside(lambda: 1, MANY)()
before = files()
for _ in range(3):
    beside(lambda: 1, MANY)()
print(files() == before)
try:
    os.waitpid(-1, os.WNOHANG)
except ChildProcessError:
    print('no child')
"""
    assert played(program) == "True\nno child\n"


@copies
@pytest.mark.parametrize("task", ["'x' * 5_000_000", "time.sleep(50)"])
def test_a_copy_that_nobody_asks_ends_with_the_process(task: str) -> None:
    """Else it would hold the pipe open that `played` reads to its end."""
    assert played(f"beside(lambda: {task}, MANY)\nprint('done')") == "done\n"


@copies
def test_a_copy_writes_nothing_twice() -> None:
    assert played("print('once', end='')\nbeside(lambda: 1, MANY)()") == "once"
