"""One call of a tool: a run of llmstack of its own, with the answer as data."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from msgspec import Struct

from llmstack.commands.mcp.tools import TOOLS, Asked
from llmstack.programs.itself import run_itself
from llmstack.report.inert import inert

SECONDS = 600
"""How long a call may take: as long as one of the programs that a command runs."""
ANSWER = 16 * 1024 * 1024
"""The most bytes of an answer."""
BESIDE = 16 * 1024
"""The most characters of what is said beside an answer, or in its place."""


class CallError(Exception):
    """A call has no answer; the text says why, and is inert."""


class Answer(Struct, frozen=True):
    """What a call comes to."""

    data: Any
    beside: str
    """What the command said of it on stderr: warnings, mostly."""


async def answer(root: Path, name: str, asked: Asked) -> Answer:
    """The answer of a tool about the repository at `root`; raises CallError where there is none."""
    tool = TOOLS[name]
    _check(name, asked)
    _check_environments(root, asked)
    try:
        printed = await run_itself(["-C", str(root), *tool.command(asked)], seconds=SECONDS, most=ANSWER + 1)
    except TimeoutError as error:
        raise CallError(f"there was no answer within {SECONDS} seconds") from error
    said = _short(printed.err.decode("utf-8", "replace").strip())
    if not printed.out:
        raise CallError(said or f"`llmstack {name}` ended with {printed.code} and said nothing")
    if len(printed.out) > ANSWER:
        raise CallError(f"the answer has more than {ANSWER} bytes: ask for less, or run the command in a terminal")
    try:
        return Answer(_inert(tool.read(printed.out.decode("utf-8"), asked)), said)
    except KeyError as error:
        raise CallError(inert(f"there is no key `{error.args[0]}`")) from error


def _check(name: str, asked: Asked) -> None:
    """Raise CallError where arguments are none that the tool takes."""
    import jsonschema_rs

    wrong = [
        f"{'.'.join(map(str, error.instance_path)) or 'the arguments'}: {error.message}"
        for error in jsonschema_rs.validator_for(TOOLS[name].question).iter_errors(dict(asked))
    ]
    if wrong:
        raise CallError(_short(inert("\n".join(wrong))))


def _check_environments(root: Path, asked: Asked) -> None:
    """Raise CallError for an environment that the repository does not have: a command would take it for a path."""
    from llmstack.errors import UsageError
    from llmstack.repository.environments import list_environments
    from llmstack.repository.snapshot import Disk

    wanted = {*asked.get("environments", ()), *([asked["environment"]] if "environment" in asked else [])}
    try:
        known = {each.name for each in list_environments(Disk(root))} if wanted else set()
    except (OSError, UsageError) as error:
        raise CallError(_short(inert(str(error)))) from error
    if missing := sorted(wanted - known):
        there = _short(inert(", ".join(sorted(known)) or "none"))
        raise CallError(f"there is no environment `{missing[0]}`; there are {there}")


def _short(text: str) -> str:
    return text if len(text) <= BESIDE else f"{text[:BESIDE]}\n… and {len(text) - BESIDE} characters more"


def _inert(data: Any) -> Any:
    """The data with unseen characters of each text written as escapes: an agent reads what people would not see."""
    if isinstance(data, str):
        return inert(data)
    if isinstance(data, list):
        return [_inert(item) for item in data]
    if isinstance(data, dict):
        return {inert(key): _inert(value) for key, value in data.items()}
    return data
