"""vLLM's command line in a container: its arguments, where each stands, and what of it cannot be told.

Sources: Kubernetes, "Define a Command and Arguments for a Container" and "Define Dependent Environment Variables"
(`$(NAME)`); vLLM, `vllm serve` (vllm/entrypoints/cli) and `python -m vllm.entrypoints.openai.api_server`, which an
image of the name vllm-openai starts when it is given no command (docker/Dockerfile, ENTRYPOINT).
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from msgspec import Struct

from llmstack.finding import Route
from llmstack.kubernetes.pods import maps, texts
from llmstack.kubernetes.shell import Command, Word, read_script

MODULES = ("vllm.entrypoints.openai.api_server", "vllm.entrypoints.api_server")
_REFERENCE = re.compile(r"\$\$\(|\$\(([A-Za-z_][\w.-]*)\)")
_NAMED = re.compile(r"vllm[ \t]+serve\b|vllm\.entrypoints")
_SHELLS = frozenset(("sh", "bash", "dash", "ash", "zsh"))
_SAYING = frozenset(("echo", "printf", "which", "pip", "pip3", "command", "grep", "pgrep", "pkill"))
"""Programs that are given vLLM's name and do not start it."""
_NAME = re.compile(r"[\w.-]+/[\w.-]+")
"""A model's name on the hub: with it alone, the image's entry point serves."""
_MOST = 4096
"""Words of a command line that are read."""


class Served(Struct, frozen=True):
    """An engine of vLLM in one container."""

    container: str
    route: Route
    """Of the container in the object."""
    image: str
    arguments: tuple[str, ...]
    """Those of `vllm serve`; one that is not known holds `$(NAME)`."""
    at: tuple[Route, ...]
    """Where each of them stands in the object."""
    unread: tuple[str, ...] = ()
    """Why the arguments may not be all, a clause each."""


class _Placed(Struct, frozen=True):
    word: Word
    route: Route


def find_served(pod: Mapping[str, Any], route: Route = ()) -> Iterator[Served]:
    """Yield the engines of vLLM that the containers of a pod's spec start; `route` is that of the spec."""
    found = pod.get("containers")
    for number, container in enumerate(found if isinstance(found, list) else ()):
        if isinstance(container, Mapping) and (served := _read(container, (*route, "containers", number))):
            yield served


def environment_of(container: Mapping[str, Any]) -> dict[str, str | None]:
    """The variables of a container that its manifest states, None for a value that stands elsewhere; references to
    earlier ones are replaced."""
    variables: dict[str, str | None] = {}
    for entry in maps(container.get("env")):
        if entry.get("name"):
            value = entry.get("value", "" if not entry.get("valueFrom") else None)
            variables[str(entry["name"])] = expand(str(value), variables) if value is not None else None
    return variables


def expand(text: str, variables: Mapping[str, str | None]) -> str:
    """`text` with `$(NAME)` replaced where the value is known, as the kubelet does; `$$(NAME)` is `$(NAME)`."""
    if "$" not in text:
        return text

    def replace(match: re.Match[str]) -> str:
        value = variables.get(match[1]) if match[1] else None
        return "$(" if match[1] is None else match[0] if value is None else value

    return _REFERENCE.sub(replace, text)


def _read(container: Mapping[str, Any], route: Route) -> Served | None:
    given = [*texts(container.get("command")), *texts(container.get("args"))]
    image = str(container.get("image") or "")
    if not given or not any("vllm" in text for text in (image, *given)):
        return None
    words = [*_words(container, "command", route), *_words(container, "args", route)]
    variables = environment_of(container)
    words = [_expanded(each, variables) for each in words[:_MOST]]
    unread: list[str] = []
    found = _arguments(container, words, image, variables, unread)
    if found is None:
        return None
    ahead = [None, *found]
    kept = [each for each, before in zip(found, ahead, strict=False) if not _may_be_flags(each, before, unread)]
    kept = _model_first(kept)
    return Served(
        str(container.get("name") or ""),
        route,
        image,
        tuple(each.word.text for each in kept),
        tuple(each.route for each in kept),
        tuple(dict.fromkeys(unread)),
    )


def _words(container: Mapping[str, Any], field: str, route: Route) -> Iterator[_Placed]:
    given = container.get(field)
    for number, item in enumerate(given if isinstance(given, list) else ()):
        yield _Placed(Word(str(item)), (*route, field, number))


def _expanded(each: _Placed, variables: Mapping[str, str | None]) -> _Placed:
    text = expand(each.word.text, variables)
    return _Placed(Word(text, known="$(" not in text), each.route)


def _arguments(
    container: Mapping[str, Any],
    words: Sequence[_Placed],
    image: str,
    variables: Mapping[str, str | None],
    unread: list[str],
) -> list[_Placed] | None:
    """The arguments of the one engine that the words start; None where they start none, or it cannot be told which."""
    script = _script(words)
    if script is not None:
        return _of_script(script, variables, unread)
    rest = _after_serve(tuple(each.word for each in words))
    if rest is not None:
        return list(words[len(words) - len(rest) :]) if rest else []
    name = posixpath.basename(image.partition("@")[0]).partition(":")[0]
    is_given = any(each.word.text.startswith("--") for each in words) or _NAME.fullmatch(words[0].word.text)
    return list(words) if not container.get("command") and name.startswith("vllm-openai") and is_given else None


def _of_script(script: _Placed, variables: Mapping[str, str | None], unread: list[str]) -> list[_Placed] | None:
    """The arguments of the engine that a script starts; none, and why, where it starts one that cannot be read."""
    commands = read_script(script.word.text, variables)
    started = list(dict.fromkeys(rest for each in commands or () if (rest := _after_serve(each)) is not None))
    if len(started) == 1:
        return [_Placed(word, script.route) for word in started[0]]
    if not started and (commands is not None or not _NAMED.search(script.word.text)):
        return None
    unread.append("which of the commands of its script runs is not known" if started else "its script cannot be read")
    return []


def _script(words: Sequence[_Placed]) -> _Placed | None:
    """The script that a shell is given by `-c`: the first word that is no option (bash(1), OPTIONS); None without a
    shell."""
    texts = [each.word.text for each in words]
    start = 1 if texts[:1] and posixpath.basename(texts[0]) in ("env", "tini") else 0
    start += 1 if texts[start : start + 1] == ["--"] else 0
    if not texts[start:] or posixpath.basename(texts[start]) not in _SHELLS:
        return None
    at, given = start + 1, False
    while at < len(texts) and texts[at].startswith(("-", "+")):
        option = texts[at]
        at += 2 if option.endswith("o") and not option.startswith("--") else 1
        given |= not option.startswith("--") and "c" in option[1:]
    return words[at] if given and at < len(words) else None


def _after_serve(command: Command) -> Command | None:
    """The words after `vllm serve`, or after the module that serves; None where the command is neither."""
    texts = [word.text for word in command]
    if not texts or posixpath.basename(texts[0]) in _SAYING:
        return None
    for at, text in enumerate(texts):
        following = texts[at + 1 : at + 2]
        if posixpath.basename(text) == "vllm" and following == ["serve"]:
            return command[at + 2 :]
        if text == "-m" and following and following[0] in MODULES:
            return command[at + 2 :]
        if text == "-m" and texts[at + 1 : at + 3] in (["vllm.entrypoints.cli.main", "serve"], ["vllm", "serve"]):
            return command[at + 3 :]
        if text.endswith("vllm/entrypoints/openai/api_server.py"):
            return command[at + 1 :]
    return None


def _may_be_flags(each: _Placed, before: _Placed | None, unread: list[str]) -> bool:
    """Whether a word may stand for flags that nobody knows: a whole variable of a script, not after a flag."""
    if before is None or not each.word.splits:
        return False
    is_value = before.word.text.startswith("--") and "=" not in before.word.text
    loose = each.word.text.startswith("$(") and not is_value
    if loose:
        unread.append(f"some of its arguments are in {each.word.text}")
    return loose


def _model_first(words: list[_Placed]) -> list[_Placed]:
    """The words with the model of `--model` in the first place, where `vllm serve` has always taken it."""
    for at, each in enumerate(words):
        flag, equals, value = each.word.text.partition("=")
        if flag == "--model" and equals:
            return [_Placed(Word(value), each.route), *words[:at], *words[at + 1 :]]
        if flag == "--model" and at + 1 < len(words):
            return [words[at + 1], *words[:at], *words[at + 2 :]]
    return words
