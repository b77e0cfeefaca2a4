"""How a run ends where a transcript cannot show it: closed pipes, full disks, Ctrl-C, other locales, bugs."""

from __future__ import annotations

import os
import signal
import subprocess
import time
from pathlib import Path
from subprocess import PIPE

import pytest

from llmstack.commands.exits import Exit, run
from tests.cli.sandbox import Sandbox, hear_interrupts, make_sandbox
from tests.cli.transcript import REPOSITORIES

VALUES = {f"values/{file.name}": file.read_text(encoding="utf-8") for file in (REPOSITORIES / "small/values").iterdir()}


@pytest.fixture
def sandbox(tmp_path: Path) -> Sandbox:
    made = make_sandbox(tmp_path, anew=True)
    made.write(VALUES)
    return made


def start(sandbox: Sandbox, *arguments: str, stdout: int = PIPE, stderr: int = PIPE) -> subprocess.Popen[bytes]:
    """Start llmstack, with output buffered as it is for people."""
    environment = {name: value for name, value in sandbox.environment().items() if name != "PYTHONUNBUFFERED"}
    command = [str(sandbox.programs / "llmstack"), *arguments]
    return subprocess.Popen(
        command, cwd=sandbox.root, env=environment, stdin=subprocess.DEVNULL, stdout=stdout, stderr=stderr,
        preexec_fn=hear_interrupts,
    )  # fmt: skip


def test_a_reader_that_goes_away_ends_the_run_without_a_word(sandbox: Sandbox) -> None:
    read, write = os.pipe()
    os.close(read)
    process = start(sandbox, "render", "prod", stdout=write)
    os.close(write)
    assert process.communicate()[1] == b""
    assert process.returncode == Exit.CUT_OFF


def test_a_listener_that_goes_away_changes_nothing(sandbox: Sandbox) -> None:
    read, write = os.pipe()
    os.close(read)
    process = start(sandbox, "gen", "nowhere", stderr=write)
    os.close(write)
    process.communicate()
    assert process.returncode == Exit.USAGE


def test_a_full_disk_is_a_failure_with_its_reason(sandbox: Sandbox) -> None:
    with open("/dev/full", "wb") as full:
        process = start(sandbox, "schema", stdout=full.fileno())
    assert process.communicate()[1] == b"llmstack: No space left on device\n"
    assert process.returncode == Exit.FAILED


def test_closed_output_is_no_bug(sandbox: Sandbox) -> None:
    assert sandbox.run("llmstack render prod >&-") == ("", Exit.CLEAN)
    assert sandbox.run("llmstack gen nowhere >&- 2>&-") == ("", Exit.USAGE)
    assert sandbox.run("llmstack secret set prod hugging-face token <&-")[1] == Exit.USAGE


@pytest.mark.parametrize("locale", ["LC_ALL=C", "LC_ALL=en_US.ISO-8859-1", "PYTHONIOENCODING=ascii"])
def test_output_is_utf_8_in_every_locale(locale: str, sandbox: Sandbox) -> None:
    sandbox.write({"values/dev.yaml": "routerSpec: {rôle: 2}\n"})
    output, code = sandbox.run(f"{locale} llmstack lint dev")
    assert (" 1 | routerSpec: {rôle: 2}\n" in output, code) == (True, Exit.ERRORS)


def test_ctrl_c_ends_with_130(sandbox: Sandbox) -> None:
    hanging = sandbox.root / "kustomize"
    hanging.write_text(f"#!/bin/sh\n: > {sandbox.root}/started\nexec /bin/sleep 60\n")
    hanging.chmod(0o755)
    sandbox.run("llmstack gen")
    (sandbox.tools / "kustomize").unlink()
    hanging.rename(sandbox.tools / "kustomize")
    process = start(sandbox, "validate", "prod")
    wait_for(sandbox.root / "started")
    process.send_signal(signal.SIGINT)
    try:
        assert process.communicate(timeout=30)[1].decode().strip() in ("", "llmstack: interrupted")
    finally:
        process.kill()
    assert process.returncode == Exit.INTERRUPTED


def wait_for(file: Path) -> None:
    for _ in range(600):
        if file.exists():
            return
        time.sleep(0.05)
    raise AssertionError(f"{file} did not come")


def test_a_bug_says_how_to_report_it(capsys: pytest.CaptureFixture[str]) -> None:
    def program() -> None:
        raise ZeroDivisionError("a bug")

    assert run(program) == Exit.BUG
    output = capsys.readouterr()
    assert output.out == ""
    assert "ZeroDivisionError: a bug" in output.err
    assert "SECURITY.md" in output.err


def test_an_unreadable_file_is_the_disk_s_failure(sandbox: Sandbox) -> None:
    """Permissions do not hold for root: a name too long for the file system stands in for what cannot be read."""
    output, code = sandbox.run(f"llmstack lint {'x' * 300}.yaml")
    assert (output.partition(":")[0], code) == ("llmstack", Exit.FAILED)
