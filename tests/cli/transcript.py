"""Transcripts: a head that says what the repository holds, then commands and exactly what a terminal would show.

What this shows, in a sentence.
repository: small            <- the files of repositories/small, if any
==> values/prod.yaml <==     <- a file, up to the next line of this kind or the first command
…
$ llmstack gen               <- a command of the shell; lines after it that start with `> ` belong to it
…                            <- what it prints
[exit 3]                     <- its exit code, when that is not 0
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from tests.cli.sandbox import Sandbox

REPOSITORIES = Path(__file__).parent / "repositories"
_FILE = re.compile(r"^==> (\S+) <==$")


@dataclass(frozen=True)
class Transcript:
    """The head as it is written, the files it names, and the commands."""

    head: str
    files: dict[str, str]
    commands: list[str]


def parse(text: str) -> Transcript:
    """Read a transcript; what commands printed is passed over."""
    head, _, body = text.partition("\n$ ")
    files: dict[str, str] = {}
    current = None
    for line in head.split("\n"):
        if found := _FILE.match(line):
            current = found[1]
            files[current] = ""
        elif current is not None:
            files[current] += f"{line}\n"
        elif line.startswith("repository: "):
            files |= _read_folder(REPOSITORIES / line.removeprefix("repository: "))
    return Transcript(head, {path: f"{text.rstrip()}\n" for path, text in files.items()}, _commands(f"$ {body}"))


def _read_folder(folder: Path) -> dict[str, str]:
    files = {file.relative_to(folder).as_posix(): file for file in sorted(folder.rglob("*")) if file.is_file()}
    assert files, f"{folder} has no files"
    return {path: file.read_text(encoding="utf-8") for path, file in files.items()}


def _commands(body: str) -> list[str]:
    commands: list[str] = []
    continues = False
    for line in body.split("\n"):
        if line.startswith("$ "):
            commands.append(line[2:])
        elif continues and line.startswith("> "):
            commands[-1] += f"\n{line[2:]}"
        continues = line.startswith(("$ ", "> ") if continues else "$ ")
    return commands


def play(transcript: Transcript, sandbox: Sandbox) -> str:
    """Run the commands in the sandbox; the transcript with what they print now."""
    sandbox.write(transcript.files)
    parts = [f"{transcript.head}\n"]
    for command in transcript.commands:
        output, code = sandbox.run(command)
        assert "Traceback (most recent call last)" not in output, f"{command}\n{output}"
        ending = "" if output.endswith("\n") or not output else "\n"
        parts += [f"$ {command.replace(chr(10), chr(10) + '> ')}\n", output, ending, f"[exit {code}]\n" if code else ""]
    return "".join(parts)
