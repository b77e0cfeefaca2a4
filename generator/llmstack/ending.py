"""How a run ends: the exit codes, and the one place that turns what went wrong into one of them."""

from __future__ import annotations

import contextlib
import io
import os
import sys
from collections.abc import Callable, Mapping
from enum import IntEnum
from typing import Any

import typer

from llmstack import __version__


class Exit(IntEnum):
    """Exit codes, part of the contract."""

    CLEAN = 0
    ERRORS = 1
    USAGE = 2
    DIFFERS = 3
    REFUSED = 4
    FAILED = 5
    BUG = 70
    INTERRUPTED = 130
    CUT_OFF = 141


MEANINGS: Mapping[Exit, str] = {
    Exit.CLEAN: "Clean: nothing stands against it.",
    Exit.ERRORS: "Findings that are errors: values are not valid, a check failed, `--fail-on` is met.",
    Exit.USAGE: "The command line cannot be meant so.",
    Exit.DIFFERS: "Something differs: `gen --check`, `diff --exit-code`.",
    Exit.REFUSED: "Refused: it would destroy or follow something that is not llmstack's. Nothing was written.",
    Exit.FAILED: "A tool, Git or the disk failed.",
    Exit.BUG: "A bug of llmstack's; it says how to report it.",
    Exit.INTERRUPTED: "Interrupted with Ctrl-C (128 + the signal's number, as shells have it).",
    Exit.CUT_OFF: "What read the output went away before its end, as in `llmstack render prod | head -1`.",
}
"""What each code says, for docs/commands.md."""

_CLICK_ERROR: Any = typer.BadParameter.__mro__[2]
"""Click's own error class, ClickException: typer may bring its own copy of click, which has no public name."""


def run(program: Callable[[], object]) -> int:
    """Run the program to its end, output written out; returns its exit code, whatever happens."""
    _use_utf8()
    try:
        code = program()
        sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        with contextlib.suppress(OSError):  # stderr may be gone too
            code = _explain(error)
        _drop_output()
    return code if isinstance(code, int) else Exit.CLEAN


def _use_utf8() -> None:
    """Write UTF-8 whatever the locale, so that output is the same everywhere; to nowhere where a stream is closed."""
    for name in ("stdout", "stderr"):
        stream = getattr(sys, name)
        if stream is None:
            setattr(sys, name, open(os.devnull, "w", encoding="utf-8"))  # noqa: SIM115
        elif isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(encoding="utf-8", errors="backslashreplace")


def _drop_output() -> None:
    """Write out what there is; where that cannot be, drop it, else Python complains of it at its own end.

    The way is that of Python's documentation of `signal`, "Note on SIGPIPE".
    """
    try:
        sys.stdout.flush()
    except OSError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _explain(error: BaseException) -> int:
    """Say what ended the run, on stderr; return the exit code."""
    from llmstack.disk.error import DiskError
    from llmstack.errors import RefusedError, UsageError
    from llmstack.gitrun import GitError
    from llmstack.tools import ToolError

    if isinstance(error, typer.Exit):
        return error.exit_code
    if isinstance(error, _CLICK_ERROR):
        error.show()
        return Exit.USAGE
    if isinstance(error, BrokenPipeError):
        return Exit.CUT_OFF
    if isinstance(error, (KeyboardInterrupt, typer.Abort)):
        print("llmstack: interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
    if isinstance(error, OSError):
        print("llmstack:", ": ".join(filter(None, (error.filename, error.strerror or str(error)))), file=sys.stderr)
        return Exit.FAILED
    codes = {UsageError: Exit.USAGE, RefusedError: Exit.REFUSED}
    for kind, code in {**codes, **dict.fromkeys((DiskError, GitError, ToolError), Exit.FAILED)}.items():
        if isinstance(error, kind):
            print(f"llmstack: {error}", file=sys.stderr)
            return code
    return _report_bug(error)


def _report_bug(error: BaseException) -> int:
    import traceback

    print("".join(traceback.format_exception(error)), file=sys.stderr)
    advice = f"""llmstack {__version__} has a bug. Please report it with the lines above and the values that
show it (without secrets) to the maintainers; SECURITY.md says how if it is a security matter."""
    print(advice, file=sys.stderr)
    return Exit.BUG
