"""The one module that runs external programs: kustomize and kubeconform here, sops for `secret set`.

A program is looked for in the folder of tools that the caller names, then on PATH, and its version is checked
once. Nothing here reads the environment but PATH, and nothing but Go's builds reaches for the network.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from llmstack.programs.running import Call, Ended, ending_together, run_together
from llmstack.progress import Step, ignore

TIMEOUT = 600
"""Seconds after which a program counts as hung."""

BUILD_TIMEOUT = 120
"""The same for one build: the largest known take half a minute, and what takes much longer is not meant to end."""

BUILD_PROCESSOR, EACH_FILE = 4, 0.02
"""Seconds of processor time that a build may take, and how many more for each file that is there to be read.

A unit takes a tenth of a second, and an aggregate of 800 models, of some 3,000 files, half a minute, since kustomize is
quadratic in objects, and in the keys of a map too: one file of a megabyte can keep it busy for minutes.
"""

WORKERS = 4
"""How many builds run at once, at most: kustomize itself uses more than one core."""

Status = Literal["valid", "invalid", "no-schema", "error", "skipped"]


class ToolError(Exception):
    """A program is missing, too old, or failed; the text says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Tool:
    """A program we run: its name, the oldest version that will do, and how to get the one that is tested."""

    name: str
    oldest: tuple[int, int, int]
    install: str
    ask: str
    """The arguments that make it print its version."""

    @property
    def package(self) -> str:
        """The Go package that it is built from."""
        return self.install.removeprefix("go install ").partition("@")[0]

    @property
    def tested(self) -> str:
        """The version that is tested, with its `v`."""
        return self.install.rpartition("@")[2]


KUSTOMIZE = Tool("kustomize", (5, 4, 0), "go install sigs.k8s.io/kustomize/kustomize/v5@v5.8.1", "version")
"""5.4.0 builds the example and some 400 units of tests/cases to the same bytes as 5.8.1."""
KUBECONFORM = Tool("kubeconform", (0, 7, 0), "go install github.com/yannh/kubeconform/cmd/kubeconform@v0.7.0", "-v")

BUILT = (KUSTOMIZE, KUBECONFORM)
"""What `llmstack tools install` builds, or fetches."""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What kubeconform says of one resource. `errors` are (JSON path, message) pairs of an invalid one."""

    source: str
    """The file it was read from, or the name of the text."""
    api_version: str
    kind: str
    name: str
    status: Status
    message: str = ""
    errors: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Found:
    """A program that is there: where, and what it says of its version (`v5.8.1`, `development`)."""

    path: Path
    version: str


def find_tool(tool: Tool, folder: Path | None = None) -> Path:
    """Return the program's path: in `folder` (the tools that are named or installed), else on PATH.

    Raises ToolError with the install line when it is missing or older than `tool.oldest`.
    """
    return look_up(tool, folder).path


def look_up(tool: Tool, folder: Path | None = None) -> Found:
    """`find_tool`, with the version."""
    advice = f"install it with `{tool.install}`" + (", or run `llmstack tools install`" if tool in BUILT else "")
    wanted = ".".join(map(str, tool.oldest))
    places = ([str(folder)] if folder is not None else []) + [os.environ.get("PATH", os.defpath)]
    found = shutil.which(tool.name, path=os.pathsep.join(places))
    if found is None:
        where = f"neither in {folder} nor on PATH" if folder is not None else "not on PATH"
        raise ToolError(f"{tool.name} is {where}: {advice}")
    said = run([found, *tool.ask.split()], tool.name, confined=True).stdout.strip()
    version = _parse_version(said)
    if version is not None and (version < tool.oldest or _is_next_major(version, tool)):
        raise ToolError(f"{found} is {said}, and {wanted} is needed: {advice}")
    number = "v{}.{}.{}".format(*version) if version is not None else said.partition("\n")[0]
    return Found(Path(found), number)


def _parse_version(text: str) -> tuple[int, int, int] | None:
    """The first `1.2.3` in a program's answer. None for a build that does not know its version.

    kubeconform prints `development` when it was built with `go install`, kustomize `(devel)` when built from
    source.
    """
    match = re.search(r"(\d+)\.(\d+)\.(\d+)", text)
    return (int(match[1]), int(match[2]), int(match[3])) if match else None


def _is_next_major(version: tuple[int, int, int], tool: Tool) -> bool:
    return tool.oldest[0] > 0 and version[0] > tool.oldest[0]


def kustomize_build(program: Path, folder: Path) -> str:
    """Return what `kustomize build folder` prints, a YAML stream; raises ToolError with what kustomize says."""
    output = kustomize_build_all(program, [folder])[folder]
    if isinstance(output, ToolError):
        raise output
    return output


def kustomize_build_all(
    program: Path, folders: Iterable[Path], step: Step = ignore, *, files: int = 0
) -> dict[Path, str | ToolError]:
    """Build several folders at once; one that fails is a ToolError in its place and hides no other.

    `files` is how many there are to be read, by which a build is given its time.

    The default load restriction holds: files outside of a folder are reached through its bases only. The folder is
    named as `.`, which no name of it can make into a repository to be fetched. `step` is told how many of how many are
    built.
    """
    ordered = list(dict.fromkeys(folders))
    command = [os.path.abspath(program), "build", "."]
    processor = round(BUILD_PROCESSOR + EACH_FILE * files)
    with ending_together():
        ended = run_together(
            [Call(command, folder, processor) for folder in ordered],
            timeout=BUILD_TIMEOUT, at_once=min(WORKERS, os.cpu_count() or 1), step=step,
        )  # fmt: skip
    built: dict[Path, str | ToolError] = {}
    for folder, each in zip(ordered, ended, strict=True):
        try:
            what = f"kustomize build {folder}"
            if isinstance(each, subprocess.CompletedProcess) and each.returncode == -signal.SIGKILL:
                raise ToolError(f"{what} did not finish within {processor} seconds of processor time")
            built[folder] = _judge(each, command, what, (0,), BUILD_TIMEOUT).stdout
        except ToolError as error:
            built[folder] = error
    return built


def kubeconform(
    program: Path, files: Sequence[Path], *, schema_locations: Sequence[str], kubernetes_version: str
) -> list[Verdict]:
    """Validate every resource of `files` (folders are searched for YAML) strictly; one verdict for each,
    valid or not.

    `schema_locations` are kubeconform's path templates and must not be empty (it would ask the network);
    `kubernetes_version` is `1.34` or `1.34.0`. Verdicts come in the order of files, kind and name.
    """
    if not schema_locations:
        raise ValueError("kubeconform needs a schema location")
    if not files:
        return []
    version = kubernetes_version if kubernetes_version.count(".") == 2 else f"{kubernetes_version}.0"
    command = [str(program), "-strict", "-verbose", "-output", "json", "-kubernetes-version", version]
    for location in schema_locations:
        command += ["-schema-location", location]
    done = run([*command, "--", *map(str, files)], "kubeconform", accept=(0, 1), confined=True)
    try:
        resources: list[dict[str, Any]] = json.loads(done.stdout)["resources"] or []
    except (ValueError, KeyError, TypeError) as error:
        said = (done.stderr or done.stdout).strip().partition("\n")[0]
        raise ToolError(f"kubeconform printed no result: {said or 'nothing'}") from error
    verdicts = [_verdict(resource) for resource in resources if resource["status"]]  # "" is an empty document
    return sorted(verdicts, key=lambda v: (v.source, v.kind, v.name, v.api_version, v.message))


def kubeconform_texts(
    program: Path, texts: Mapping[str, str], *, schema_locations: Sequence[str], kubernetes_version: str
) -> list[Verdict]:
    """`kubeconform` on YAML streams by name (a unit's build), all in one process; `source` is the name."""
    with tempfile.TemporaryDirectory(prefix="llmstack-") as folder:
        names: dict[str, str] = {}
        for number, (name, text) in enumerate(texts.items()):
            file = Path(folder) / f"{number:06}.yaml"
            file.write_text(text, encoding="utf-8")
            names[str(file)] = name
        verdicts = kubeconform(
            program,
            [Path(folder)] if names else [],
            schema_locations=schema_locations,
            kubernetes_version=kubernetes_version,
        )
    return [_renamed(verdict, names[verdict.source]) for verdict in verdicts]


def _renamed(verdict: Verdict, source: str) -> Verdict:
    return Verdict(
        source,
        verdict.api_version,
        verdict.kind,
        verdict.name,
        verdict.status,
        verdict.message,
        verdict.errors,
    )


def _verdict(resource: Mapping[str, Any]) -> Verdict:
    message = resource.get("msg", "")
    status: Status = _STATUSES.get(resource["status"], "error")
    if status == "error" and message.startswith("could not find schema for "):
        status = "no-schema"
    errors = tuple((error["path"], error["msg"]) for error in resource.get("validationErrors") or ())
    return Verdict(
        resource["filename"], resource["version"], resource["kind"], resource["name"], status, message, errors
    )


_STATUSES: dict[str, Status] = {
    "statusValid": "valid",
    "statusInvalid": "invalid",
    "statusSkipped": "skipped",
    "statusError": "error",
}


def run(
    command: Sequence[str],
    what: str,
    *,
    accept: Sequence[int] = (0,),
    given: str | None = None,
    confined: bool = False,
    folder: Path | None = None,
    timeout: int = TIMEOUT,
) -> subprocess.CompletedProcess[str]:
    """Run a program to its end, with `given` (or nothing) on its stdin; ToolError when it cannot run, hangs or fails.

    `what` names it in messages. A confined one, in `folder`, opens no socket, runs nothing else and finds nothing in
    its environment; it ends with us.
    """
    ended: Ended
    try:
        if confined:
            with ending_together():
                (ended,) = run_together([Call(command, folder)], timeout=timeout)
        else:
            ended = subprocess.run(
                command, input=given or "", capture_output=True, timeout=timeout, check=False, encoding="utf-8"
            )
    except (subprocess.TimeoutExpired, OSError) as error:
        ended = error
    return _judge(ended, command, what, accept, timeout)


COPY = "secret.yaml"
"""What stands for the copy in the words of a command (`run_on_copy`), and the name that it has."""


def run_on_copy(command: Sequence[str], what: str, text: str, *, given: str) -> str:
    """Run a program that changes a file in place on a copy, named where COPY stands; returns what it then holds.

    `given` goes to its stdin. Raises ToolError when it cannot run, hangs or fails.
    """
    with tempfile.TemporaryDirectory(prefix="llmstack-") as folder:
        file = Path(folder) / COPY
        file.write_text(text, encoding="utf-8")
        run([str(file) if word == COPY else word for word in command], what, given=given)
        return file.read_text(encoding="utf-8")


def _judge(
    ended: Ended, command: Sequence[str], what: str, accept: Sequence[int], timeout: int
) -> subprocess.CompletedProcess[str]:
    """What a program said, in plain words where it failed."""
    if isinstance(ended, subprocess.TimeoutExpired):
        raise ToolError(f"{what} did not finish within {timeout} seconds") from ended
    if isinstance(ended, OSError):
        raise ToolError(f"{command[0]} cannot be run: {ended.strerror}") from ended
    if ended.returncode not in accept:
        said = ended.stderr.strip().removeprefix("Error: ") or f"exit code {ended.returncode}"
        raise ToolError(f"{what} failed: {said}")
    return ended
