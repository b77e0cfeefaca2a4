"""Runs `llmstack` in this process and writes down what it did, as JSON: `python run.py FILE lint prod`.

Counts, not times: they are the same on every machine, busy or not. Python tells of each call, each module and each
program by its own hooks (sys.setprofile, sys.addaudithook).
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from collections import Counter
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = f"{os.getcwd()}/"
SCRATCH = f"{tempfile.gettempdir()}/"
CALLS: Counter[CodeType] = Counter()
READ: Counter[str] = Counter()
WRITTEN: list[str] = []
"""Names as they are opened: of a file in a folder that is open the last part alone."""
PROGRAMS: list[str] = []


def main() -> None:
    """Run the command, and write what it did when it ends: it ends the process itself."""
    output, *arguments = sys.argv[1:]
    leave = os._exit

    def end(code: int) -> None:
        sys.setprofile(None)
        _write(Path(output), code)
        leave(code)

    os._exit = end  # type: ignore[assignment]
    sys.argv = ["llmstack", *arguments]
    sys.dont_write_bytecode = True  # what a module that was just edited compiles to is no file of the command
    sys.addaudithook(_note_event)
    sys.setprofile(_note_call)
    from llmstack.cli import main

    main()


def _note_call(frame: FrameType, event: str, argument: object) -> None:
    if event == "call":
        CALLS[frame.f_code] += 1


def _note_event(event: str, arguments: tuple[Any, ...]) -> None:
    if event == "open" and isinstance(arguments[0], (str, bytes)):
        path = os.fsdecode(arguments[0])
        if arguments[2] & (os.O_WRONLY | os.O_RDWR):
            WRITTEN.extend([path] if path != os.devnull and not _is_scratch(path) else [])
        elif path.startswith(ROOT) and not path.startswith(f"{ROOT}.git/"):
            READ[path.removeprefix(ROOT)] += 1
    elif event == "subprocess.Popen":
        PROGRAMS.append(" ".join(map(os.fsdecode, arguments[1])))


def _is_scratch(path: str) -> bool:
    """Whether a file is nobody's: in the folder for temporary files, and not in the repository."""
    return path.startswith(SCRATCH) and not path.startswith(ROOT)


def _write(output: Path, code: int) -> None:
    package = os.path.dirname(sys.modules["llmstack"].__file__ or "")
    ours = {each: count for each, count in CALLS.items() if each.co_filename.startswith(package)}
    calls: Counter[str] = Counter()
    for each, count in ours.items():
        calls[f"{each.co_filename[len(package) + 1 :]} {each.co_qualname}"] += count
    done = {
        "code": code,
        "calls": calls,
        "modules": sorted(sys.modules),
        "read": READ,
        "written": WRITTEN,
        "programs": PROGRAMS,
    }
    output.write_text(json.dumps(done), encoding="utf-8")


if __name__ == "__main__":
    main()
