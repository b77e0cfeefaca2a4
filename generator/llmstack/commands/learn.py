"""`llmstack learn`: writes what is so into facts/."""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, BinaryIO

import typer
from typer import Argument, Option

from llmstack.commands import output

if TYPE_CHECKING:
    from datetime import date

    from llmstack.engine.facts import ModelFacts
    from llmstack.hub.model_files import ModelFiles

LearnedName = Annotated[
    str, Argument(metavar="ORG/NAME[@REV]", help="The model's name on the hub, and a branch, tag or commit.")
]
LoggedEnv = Annotated[str, Argument(metavar="ENV", help="The engine's environment.")]
LoggedModel = Annotated[str, Argument(metavar="MODEL", help="The engine's model, by its name in the values.")]
LogFile = Annotated[
    str, Argument(metavar="FILE", help="The log from the start of the engine on, or its /metrics; `-` for stdin.")
]
LearnedAt = Annotated[
    str | None,
    Option("--at", metavar="DATE", help="The day of the facts, e.g. 2026-11-21; else that of the newest timestamp."),
]
LearnedFrom = Annotated[
    str | None,
    Option(
        "--from",
        metavar="DIR|URL",
        help="A folder with the model's files, the address of a hub, or `-` for a config.json on stdin.",
    ),
]
LearnedCluster = Annotated[
    str, Argument(metavar="NAME", help="The cluster, as gitops.sync.cluster names it, or an environment without one.")
]
ObservedFiles = Annotated[
    list[str] | None,
    Argument(metavar="FILE", help="What kubectl printed, in JSON; `-` is stdin, which is read if none is given."),
]

NAME = re.compile(r"(?P<model>[A-Za-z0-9][\w.-]*/[A-Za-z0-9][\w.-]*)(?:@(?P<revision>[\w./-]+))?\Z")
DEFAULT_REVISION = "main"

learn = typer.Typer(no_args_is_help=True, rich_markup_mode=None, help="Write facts/, which checks and reviews read.")


@learn.callback()
def learning() -> None:
    """Write facts/, which checks and reviews read."""


@learn.command("model")
def model(name: LearnedName, source: LearnedFrom = None) -> None:
    """Write the facts of a model: sizes, context, bytes of weights.

    From config.json and the headers of safetensors files: of a folder, of a hub (--from, else $HF_ENDPOINT, else
    huggingface.co), or of a config.json on stdin. No tensor is read. $HF_TOKEN is shown to the hub, and stored nowhere.
    """
    from llmstack.engine.learned import learn as learn_facts
    from llmstack.errors import UsageError
    from llmstack.facts.fields import FactsError
    from llmstack.hub.error import HubError
    from llmstack.programs import ToolError

    match = NAME.match(name)
    if match is None:
        raise UsageError(f"`{name}` is no name of a model: give ORG/NAME or ORG/NAME@REVISION")
    try:
        files = read_files(match["model"], match["revision"], source)
        tensors = list(files.tensors.values())
        facts = learn_facts(match["model"], files.revision, files.config, tensors, side=files.quantization)
    except (HubError, FactsError) as error:
        raise ToolError(str(error)) from error
    keep(facts)


@learn.command("cluster")
def cluster(name: LearnedCluster, files: ObservedFiles = None, at: LearnedAt = None) -> None:
    """Write the facts of a cluster: nodes, classes, load times.

    From what `kubectl get -o json` printed, in files or on stdin; without either, the command to run is printed, and no
    cluster is asked. Secrets are passed over, and other tenants are only counted.
    """
    from llmstack.disk.keep import keep_file
    from llmstack.facts.cluster_file import file_path, write_cluster
    from llmstack.facts.fields import MARK
    from llmstack.repository.learned import learn_from, open_sources
    from llmstack.repository.snapshot import Disk

    if not files and sys.stdin.isatty():
        print(how_to_ask(name))
        return
    root = output.find_project(None).root
    facts, findings = learn_from(Disk(root), name, open_sources(files or ["-"]), read_day(at))
    output.report_beside(findings)
    if facts is None:
        print(how_to_ask(name))
        return
    path = file_path(name)
    changed = keep_file(root, path, write_cluster(name, facts).encode(), MARK.encode())
    print(f"{path}: {'written' if changed else 'is what it was'}")
    if not facts.nodes:
        sys.stderr.write("llmstack: the input has no nodes, or no pods beside them: GPUs are not known\n")


@learn.command("rbac")
def rbac() -> None:
    """Print the RBAC that `learn cluster` needs: it reads no Secret."""
    from llmstack import yamlio
    from llmstack.facts.asking import rbac as manifests

    print("---\n".join(yamlio.dump(each) for each in manifests()), end="")


def how_to_ask(name: str) -> str:
    """The commands that bring the facts of a cluster."""
    from llmstack.facts.asking import READ, READ_WHERE_THERE, kubectl_command

    return f"""llmstack asks no cluster itself. Who may read it (`llmstack learn rbac` prints RBAC that suffices) runs:

    {kubectl_command(READ, "cluster.json")}
    llmstack learn cluster {name} cluster.json

What only some clusters have goes into a second file; leave out what this one has not:

    {kubectl_command(READ_WHERE_THERE, "more.json")}
    llmstack learn cluster {name} cluster.json more.json"""


@learn.command("log")
def log(env: LoggedEnv, model: LoggedModel, file: LogFile, at: LearnedAt = None) -> None:
    """Write what an engine takes, from its start-up log.

    GiB of weights and KV cache, tokens, and seconds of loading and compiling, for `fit` and `diff` to use before any
    formula, where image, GPU and the arguments that decide memory are those of the values. Save the log with `kubectl
    logs --timestamps POD > FILE`. No line of it is stored.
    """
    from llmstack.disk.keep import keep_file
    from llmstack.engine.measured import FOLDER, file_name, write_measured
    from llmstack.engine.start_log import read_log
    from llmstack.facts.fields import MARK
    from llmstack.repository.engine_log import bounded_lines, measure_engine

    day = read_day(at)
    project = output.find_project([env])
    with open_log(file) as stream:
        found = read_log(bounded_lines(stream))
    environment = project.select_one(env)
    measured = measure_engine(project.disk, environment, model, found, day, file)
    path = f"{FOLDER}/{file_name(environment.name, model)}"
    text = write_measured(environment.name, model, measured)
    changed = keep_file(project.root, path, text.encode(), MARK.encode())
    print(f"{path}: {'written' if changed else 'is what it was'}")


def read_day(text: str | None) -> date | None:
    """The day of an option; raises UsageError."""
    from datetime import date

    from llmstack.errors import UsageError

    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError:
        raise UsageError(f"--at {text} is no day: give one such as 2026-11-21") from None


def open_log(file: str) -> BinaryIO:
    """The log's bytes; raises UsageError where it cannot be opened."""
    from llmstack.errors import UsageError

    try:
        return sys.stdin.buffer if file == "-" else Path(file).open("rb")
    except OSError as error:
        raise UsageError(f"{file} cannot be read: {error.strerror}") from error


def read_files(name: str, revision: str | None, source: str | None) -> ModelFiles:
    """The files of the model from where `source` says; raises HubError."""
    from llmstack.hub.folder import bounded, read_folder
    from llmstack.hub.model_files import ModelFiles
    from llmstack.hub.routes import HOME, Hub, fetch_model

    if source == "-":
        return ModelFiles(bounded(sys.stdin.buffer, "stdin"), revision)
    if source is not None and not source.startswith(("http://", "https://")):
        return read_folder(Path(source), revision)
    token = os.environ.get("HF_TOKEN") or os.environ.get("HUGGING_FACE_HUB_TOKEN")
    hub = Hub(source or os.environ.get("HF_ENDPOINT") or HOME, token)
    return fetch_model(hub, name, revision or DEFAULT_REVISION)


def keep(facts: ModelFacts) -> None:
    """Write the file of the facts, and say what is not known."""
    from llmstack.disk.keep import keep_file
    from llmstack.engine.facts_file import FOLDER, file_name, write_facts
    from llmstack.facts.fields import MARK

    root = output.find_project(None).root
    path = f"{FOLDER}/{file_name(facts.model)}"
    changed = keep_file(root, path, write_facts(facts).encode(), MARK.encode())
    print(f"{path}: {'written' if changed else 'is what it was'}")
    if facts.weights is None:
        sys.stderr.write("llmstack: no safetensors files, and the weights cannot be counted: their size is unknown\n")
    if facts.revision is None:
        sys.stderr.write("llmstack: the source names no commit: add @REVISION to pin one\n")
