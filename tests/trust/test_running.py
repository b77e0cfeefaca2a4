"""A program that reads a stranger's files has no network and no programs, and it ends with us."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from llmstack.programs import BUILD_MEMORY, BUILD_PROCESSOR, KUSTOMIZE, ToolError, find_tool, run
from llmstack.programs.confine import BARE
from llmstack.programs.running import Call, run_together
from tests.cli.sandbox import hear_interrupts
from tests.programs import kustomize_build
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
    (done,) = run_together([Call([sys.executable, "-I", "-c", TRY])], timeout=60)
    assert isinstance(done, subprocess.CompletedProcess)
    assert done.stdout.splitlines() == ["1 1 1 1 1", str(sorted(BARE.items()))], done.stderr


def test_a_build_that_does_not_end_is_ended() -> None:
    with pytest.raises(ToolError, match="x did not finish within 1 seconds"):
        run([sys.executable, "-c", "import time; time.sleep(3600)"], "x", confined=True, timeout=1)


def test_a_build_that_keeps_the_processor_is_ended(tmp_path: Path) -> None:
    """A map of 60,000 keys keeps kustomize for half a minute, since it goes through all of them for each."""
    keys = "".join(f"  k{number}: a\n" for number in range(60_000))
    (tmp_path / "x.yaml").write_text(f"apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: x}}\ndata:\n{keys}")
    (tmp_path / "kustomization.yaml").write_text("resources: [x.yaml]\n")
    folder = os.environ.get("LLMSTACK_TOOLS")
    program = find_tool(KUSTOMIZE, Path(folder) if folder else None)
    with pytest.raises(ToolError, match=f"did not finish within {BUILD_PROCESSOR} seconds of processor time"):
        kustomize_build(program, tmp_path)


@LINUX
def test_a_build_that_takes_more_and_more_memory_is_ended(tmp_path: Path) -> None:
    """Each operation copies a map into itself, which doubles it."""
    copies = [{"op": "copy", "from": "/data", "path": f"/data/a{number}"} for number in range(26)]
    (tmp_path / "x.yaml").write_text("apiVersion: v1\nkind: ConfigMap\nmetadata: {name: x}\ndata: {a: b}\n")
    patch = {"target": {"kind": "ConfigMap"}, "patch": json.dumps(copies)}
    (tmp_path / "kustomization.yaml").write_text(json.dumps({"resources": ["x.yaml"], "patches": [patch]}))
    folder = os.environ.get("LLMSTACK_TOOLS")
    with pytest.raises(ToolError, match=f"did not get by with {BUILD_MEMORY} MiB of memory$"):
        kustomize_build(find_tool(KUSTOMIZE, Path(folder) if folder else None), tmp_path)


def test_programs_run_side_by_side_and_end_each_in_its_own_way(tmp_path: Path) -> None:
    """Each waits for the other's file, so that one after the other would not end; the rest are late, silent or none."""
    meet = (
        "import pathlib, sys, time\npathlib.Path(sys.argv[1]).touch()\nwhile not pathlib.Path(sys.argv[2]).exists(): "
    )
    meet += "time.sleep(0.01)\nprint(sys.argv[1]); sys.exit(3)"
    late = "import os, time\nos.close(1); os.close(2); time.sleep(60)"
    told: list[tuple[int, int]] = []
    calls = [
        Call([sys.executable, "-I", "-c", meet, "a", "b"], tmp_path),
        Call(["/no/such/program"]),
        Call([sys.executable, "-I", "-c", meet, "b", "a"], tmp_path),
        Call([sys.executable, "-I", "-c", late]),
        Call([sys.executable, "-I", "-c", "print('x' * 300000)"]),
    ]
    first, none, second, silent, long = run_together(
        calls, timeout=20, at_once=2, step=lambda done, of: told.append((done, of))
    )
    for ended, name in ((first, "a\n"), (second, "b\n")):
        assert isinstance(ended, subprocess.CompletedProcess)
        assert (ended.stdout, ended.stderr, ended.returncode) == (name, "", 3)
    assert isinstance(none, FileNotFoundError)
    assert isinstance(silent, subprocess.TimeoutExpired)
    assert isinstance(long, subprocess.CompletedProcess)
    assert len(long.stdout) == 300001
    assert told == [(done, 5) for done in (1, 2, 3, 4, 5)]


def test_what_ends_the_waiting_ends_all_that_runs(tmp_path: Path) -> None:
    """The last to start writes its process id; a step of progress that fails stands for any exception."""
    note = tmp_path / "note"
    hang = Call(["/bin/sh", "-c", f"echo $$ > {note}; exec /bin/sleep 300"])
    short = Call(["/bin/sh", "-c", f"while [ ! -s {note} ]; do :; done"])

    def fail(done: int, of: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        run_together([hang, short], timeout=60, at_once=2, step=fail)
    _wait_for_end(int(note.read_text()))


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
        cwd=branch.root, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=hear_interrupts,
    )  # fmt: skip
    child = int(_wait_for(note))
    process.send_signal(number)
    try:
        output = process.communicate(timeout=30)[0].decode()
    finally:
        process.kill()
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
