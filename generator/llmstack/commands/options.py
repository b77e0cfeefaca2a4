"""The arguments and options of the commands: their types, and what `--help` and docs/commands.md say of them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any

from typer import Argument, BadParameter, Option

from llmstack.commands import completion
from llmstack.report.fit_formats import FIT_FORMATS
from llmstack.report.formats import FORMATS
from llmstack.report.json_schemas import SCHEMAS
from llmstack.report.review_formats import REVIEW_FORMATS
from llmstack.report.verification_formats import VERIFICATION_FORMATS


def _one_of(table: Iterable[str], help: str) -> Any:
    """`--format` with the names of a table as its choices."""
    return Option("--format", **_choices(table), help=help)


def _choices(table: Iterable[str]) -> dict[str, Any]:
    """What makes the names of a table the choices of an option or an argument."""
    names = list(table)

    def choose(text: str) -> str:
        if text not in names:
            raise BadParameter(f"{text!r} is not one of {', '.join(map(repr, names))}.")
        return text

    def complete(incomplete: str) -> list[str]:
        return [name for name in names if name.startswith(incomplete)]

    return {"parser": choose, "metavar": f"<{'|'.join(names)}>", "autocompletion": complete}


def _address(text: str) -> str:
    """An address that can stand in a link as it is."""
    if not re.fullmatch(r"https?://[\w.~:/?#@!$&+,;=%-]+", text, re.ASCII):
        raise BadParameter(f"{text!r} is no address of the form https://….")
    return text


class AffectedFormat(StrEnum):
    TEXT = "text"
    JSON = "json"


class Forge(StrEnum):
    GITHUB = "github"
    GITLAB = "gitlab"


class FailOn(StrEnum):
    ERROR = "error"
    WARNING = "warning"
    NEVER = "never"


Directory = Annotated[
    Path | None, Option("-C", metavar="DIR", help="Root of the repository; by default the parent of values/.")
]

Values = Annotated[
    list[str] | None,
    Argument(
        metavar="VALUES",
        help="Environments or their values files; all if none is given.",
        autocompletion=completion.environments,
    ),
]
OneValues = Annotated[
    str,
    Argument(metavar="VALUES", help="An environment, or a values file.", autocompletion=completion.environments),
]
EnvName = Annotated[
    str | None, Option("--env", metavar="NAME", help="Name of the environment, for a file outside values/.")
]

Format = Annotated[str, _one_of(FORMATS, "How findings are printed.")]
Strict = Annotated[bool, Option("--strict", help="Fail on warnings too.")]

Since = Annotated[
    str | None,
    Option(
        "--since",
        metavar="REV",
        help="Build only units that differ from this Git revision.",
        autocompletion=completion.revisions,
    ),
]

Check = Annotated[bool, Option("--check", help="Write nothing; show what is stale, and exit with 3 if anything is.")]
Only = Annotated[
    str | None,
    Option("--only", metavar="MODEL", help="Write only the units of this model.", autocompletion=completion.models),
]
Force = Annotated[bool, Option("--force", help="Overwrite generated files that were edited by hand.")]
NoCache = Annotated[
    bool,
    Option("--no-cache", help="Look at everything anew, whatever an earlier run found to be in order; for CI."),
]
PruneEnv = Annotated[
    list[str] | None,
    Option(
        "--prune-env",
        metavar="NAME",
        help="Remove an environment whose values file is gone.",
        autocompletion=completion.gone,
    ),
]

From = Annotated[
    str | None,
    Argument(
        metavar="FROM",
        help="A revision; by default the merge base with the default branch.",
        autocompletion=completion.revisions,
    ),
]
To = Annotated[
    str | None,
    Argument(metavar="TO", help="A revision; by default the working tree.", autocompletion=completion.revisions),
]
Before = Annotated[
    str | None,
    Option(
        "--before",
        metavar="FILE|DIR",
        help="Objects before the change that llmstack did not make: a file, a folder that is built, `-` for stdin.",
    ),
]
After = Annotated[
    str | None, Option("--after", metavar="FILE|DIR", help="Objects after the change, given as those before.")
]
GitopsFile = Annotated[
    str | None,
    Option(
        "--gitops",
        metavar="FILE",
        help="A file with the section `gitops` for streams of objects: capacity, loadTimes, acknowledge, checks.",
    ),
]
OneEnvironment = Annotated[
    str | None,
    Option(
        "--env",
        metavar="NAME",
        help="Tell of this environment alone. With --before: the one that takes over what runs, else its release's.",
        autocompletion=completion.environments,
    ),
]
Generate = Annotated[
    bool,
    Option(
        "--generate",
        help="Review what `gen` would write at TO, instead of what is there: for bots that change values alone.",
    ),
]
HowReviewed = Annotated[str, _one_of(REVIEW_FORMATS, "How the review is printed.")]
RulesFrom = Annotated[
    str | None,
    Option(
        "--rules-from",
        metavar="REV",
        help="Go by the capacity, the acknowledgements and the facts of this revision (FROM: those before the change); "
        "else by those after it.",
        autocompletion=completion.revisions,
    ),
]
VerifiedFrom = Annotated[
    str, Argument(metavar="FROM", help="The revision before the change.", autocompletion=completion.revisions)
]
VerifiedTo = Annotated[
    str, Argument(metavar="TO", help="The revision that was applied.", autocompletion=completion.revisions)
]
Observed = Annotated[
    list[str] | None,
    Option("--observed", metavar="FILE", help="A file of kubectl's output, several times for several; `-` for stdin."),
]
ObservedCluster = Annotated[
    str | None,
    Option("--cluster", metavar="NAME", help="The cluster that was observed, where the change touches several."),
]
HowVerified = Annotated[str, _one_of(VERIFICATION_FORMATS, "How it is printed.")]
PageAddress = Annotated[
    str | None,
    Option("--page", metavar="URL", parser=_address, help="Where the page (`--format html`) is: Markdown links to it."),
]
ExitCode = Annotated[bool, Option("--exit-code", help="Exit with 3 when something changes.")]
Gate = Annotated[
    FailOn, Option("--fail-on", help="Exit with 1 if an unacknowledged risk has this severity or a worse one.")
]
HowListed = Annotated[AffectedFormat, Option("--format", help="How the units are printed.")]

Write = Annotated[bool, Option("--write", help="Rewrite the file; otherwise the change is only shown.")]
Release = Annotated[
    str | None, Option("--release", metavar="NAME", help="The Helm release that the values are of; else what they say.")
]
Namespace = Annotated[
    str | None, Option("--namespace", metavar="NAME", help="The release's namespace; else what they say.")
]
KeepDefaults = Annotated[
    bool, Option("--keep-defaults", help="Write down the chart's numbers where ours differ and nothing is set.")
]
Adopted = Annotated[str, Argument(metavar="ENV", help="The environment that takes the release over.")]
Manifest = Annotated[
    str,
    Option(
        "--manifest",
        metavar="FILE",
        help="What runs: `helm get manifest RELEASE`, or `kubectl get -o yaml`; `-` reads stdin.",
    ),
]
LetGo = Annotated[
    list[str] | None,
    Option(
        "--let-go",
        metavar="MODEL",
        help="Write no hold for this model (or unit, such as `router`): it rolls.",
        autocompletion=completion.models,
    ),
]
WriteAdoption = Annotated[
    bool, Option("--write", help="Rewrite the values and write the holds; otherwise they are only shown.")
]
Key = Annotated[
    str | None,
    Argument(
        metavar="WORD",
        help="A key, any part of its path, a flag of vLLM, or the id of a check or a risk.",
        autocompletion=completion.topics,
    ),
]
Releases = Annotated[
    list[str] | None,
    Argument(metavar="FROM TO", help="After `upgrade`: two releases of vLLM, to print what the second changes."),
]
Words = Annotated[
    list[str] | None,
    Argument(
        metavar="COMMAND",
        help="A command; the program itself if none is given.",
        autocompletion=completion.commands,
    ),
]
Imported = Annotated[
    str | None,
    Option(
        "--from",
        metavar="FILE",
        help="Values of the chart, or a HelmRelease, Application or parent chart with them, in the example's place.",
    ),
]
ImportedName = Annotated[
    str, Option("--env", metavar="NAME", help="With --from: the environment that these values are of.")
]
SyncTool = Annotated[
    str | None,
    Option("--sync", **_choices(("flux", "argo")), help="What is to follow the repository: writes gitops.sync."),
]
Ci = Annotated[Forge, Option("--ci", help="The forge whose CI checks and reviews each change.")]
NewFolder = Annotated[
    Path,
    Argument(metavar="DIR", show_default=False, help="Folder of the new repository; created if it does not exist."),
]
SecretEnv = Annotated[
    str,
    Argument(metavar="ENV", help="The environment, or its values file.", autocompletion=completion.environments),
]
SecretName = Annotated[str, Argument(metavar="NAME", help="Name of the Secret.")]
SecretKey = Annotated[str, Argument(metavar="KEY", help="Key within the Secret.")]

FitEnv = Annotated[
    str | None,
    Argument(
        metavar="ENV",
        help="An environment, or its values file; else all of them.",
        autocompletion=completion.environments,
    ),
]
FitModel = Annotated[
    str | None,
    Argument(metavar="MODEL", help="One of its models; else all of them.", autocompletion=completion.models),
]
HowFitted = Annotated[str, _one_of(FIT_FORMATS, "How the answer is printed.")]
OtherLength = Annotated[str | None, Option("--max-model-len", metavar="N", help="Ask what another length would do.")]
OtherGpu = Annotated[
    str | None,
    Option("--gpu", metavar="CARD", help="Ask what another card would do.", autocompletion=completion.cards),
]
OtherTensor = Annotated[
    int | None, Option("--tensor-parallel-size", metavar="N", min=1, help="Ask what another number of GPUs would do.")
]

SchemaOf = Annotated[
    str, Argument(**_choices(SCHEMAS) | {"metavar": "WHAT"}, help=f"What the schema is of: {', '.join(SCHEMAS)}.")
]
HowShown = Annotated[str, _one_of(("table", "json"), "How the models are printed.")]

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
ObservedNow = Annotated[
    list[str] | None,
    Option(
        "--observed",
        metavar="[CLUSTER=]FILE",
        help="What kubectl says of the cluster now, in JSON: the review starts from that. `-` reads stdin.",
    ),
]
