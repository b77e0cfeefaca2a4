"""A program that reads a stranger's files has no network and no programs, and it ends with us."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmstack.programs import ToolError, run
from llmstack.programs.confine import BARE
from llmstack.programs.running import run_confined
from tests.trust.support import UNIT, Branch, custom

LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="confinement is Linux's")

TRY = """
import os, socket, subprocess, threading
def tried(what):
    try: what()
    except OSError as error: return error.errno
    return 0
thread = threading.Thread(target=lambda: None); thread.start(); thread.join()
print(tried(lambda: socket.socket(socket.AF_INET)), tried(lambda: socket.socket(socket.AF_INET6)),
      tried(lambda: socket.socket(socket.AF_UNIX)), tried(os.fork), tried(lambda: subprocess.run(["/bin/true"])))
print(sorted(os.environ.items() - {("LC_CTYPE", "C.UTF-8")}))
"""


@LINUX
def test_a_confined_program_has_threads_but_no_sockets_and_no_programs() -> None:
    done = run_confined([sys.executable, "-I", "-c", TRY], folder=None, timeout=60)
    assert done.stdout.splitlines() == ["1 1 1 1 1", str(sorted(BARE.items()))], done.stderr


def test_a_build_that_does_not_end_is_ended() -> None:
    began = time.monotonic()
    with pytest.raises(ToolError, match="x did not finish within 1 seconds"):
        run([sys.executable, "-c", "import time; time.sleep(60)"], "x", confined=True, timeout=1)
    assert time.monotonic() - began < 30


@LINUX
@pytest.mark.parametrize(
    ("command", "number"),
    [
        ("validate", signal.SIGTERM),
        ("validate", signal.SIGHUP),
        ("validate", signal.SIGINT),
        ("validate", signal.SIGKILL),
        ("diff main", signal.SIGTERM),
    ],
)
def test_kustomize_ends_with_the_command(branch: Branch, command: str, number: signal.Signals) -> None:
    branch.commit({f"{UNIT}/kustomization.yaml": custom("namePrefix: x-\n")})
    note = branch.root / "note"
    program = branch.sandbox.tools / "kustomize"
    program.unlink()
    program.write_text(f'#!/bin/sh\n[ "$1" = version ] && exit 0\necho $$ > {note}\nexec /bin/sleep 300\n')
    program.chmod(0o755)
    temporary = branch.sandbox.programs.parent / "temporary"
    temporary.mkdir()
    environment = branch.sandbox.environment() | {"TMPDIR": str(temporary)}
    process = subprocess.Popen(
        [sys.executable, "-P", "-m", "llmstack.cli", *command.split()],
        cwd=branch.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
    )  # fmt: skip
    child = int(_wait_for(note))
    process.send_signal(number)
    output = process.communicate(timeout=30)[0].decode()
    _wait_for_end(child)
    assert process.returncode == (
        130 if number is signal.SIGINT else -9 if number is signal.SIGKILL else 128 + number
    ), output
    assert "Traceback" not in output
    assert number is signal.SIGKILL or not list(temporary.iterdir())


def _wait_for(file: Path) -> str:
    for _ in range(600):
        if file.exists() and file.read_text().strip():
            return file.read_text()
        time.sleep(0.05)
    raise AssertionError(f"{file} did not come")


def _wait_for_end(process: int) -> None:
    for _ in range(200):
        try:
            state = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0]
        except (FileNotFoundError, ProcessLookupError):
            return
        if state == "Z":
            return  # ended; whoever adopted it has not looked yet
        time.sleep(0.05)
    os.kill(process, signal.SIGKILL)
    raise AssertionError("kustomize is still running")
