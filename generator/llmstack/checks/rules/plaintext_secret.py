"""A secret stands in the values as plain text.

Values are committed, and so are the manifests made from them: whoever reads the repository reads the secret,
and Git keeps it after it is gone from the file. The keys that take a secret (`vllmApiKey`, `hf_token`,
`credentials`) take a reference, `{secretName: …, secretKey: …}`; a placeholder such as `<YOUR HF TOKEN>` is
plain text too. The same is asked of every other value, wherever it stands, comments and sections of other charts
included: of one whose key, environment variable or flag names a secret (`HF_TOKEN`, `AWS_SECRET_ACCESS_KEY`,
`…_API_KEY`, `…_PASSWORD`, `clientSecret`, `--api-key`), of URLs with a password or a token, of anything that has the
form of a known token or key, of names with their values inside a text (`export HF_TOKEN=…`, `"password": "…"`), and of
Secrets among `extraObjects`.

Fix: create the Secret in the cluster with the line that the finding gives (the value is read from the
keyboard, so that it reaches neither the shell's history nor the list of processes), and name it in the
values; `llmstack migrate VALUES` rewrites the file. A value that is no secret in spite of its name is said to
be none in its line: `# llmstack: ignore[plaintext-secret] public token of the demo`. `gitops.checks` cannot
turn this check off.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator
from itertools import chain, pairwise, starmap

from msgspec import Struct

from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Place, Route, Severity
from llmstack.model.secret_ref import create_command
from llmstack.secrecy.comments import comment_holds_secret
from llmstack.secrecy.places import SecretPlace, find_places
from llmstack.values.layers import Layer
from llmstack.values.nodes import UNREAD
from llmstack.values.syntax import read_document

RULE = Declaration("plaintext-secret", Severity.ERROR, alone=True, fixed=True, unbounded=True)

KINDS = {"hf_token": "hf-token", "vllmApiKey": "vllm-api-key", "credentials": "lora-credentials"}
"""What the keys that take a secret hold, as names of Secrets say it."""
HF_VARIABLES = frozenset(("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN", "HUGGINGFACE_TOKEN"))
KEYS = {"hf-token": "token", "vllm-api-key": "key", "lora-credentials": "key"}
"""The key that each has in its Secret."""
FLAGS = {"--hf-token": ("hf-token", "`hf_token`"), "--api-key": ("vllm-api-key", "`servingEngineSpec.vllmApiKey`")}
"""Flags that a key of the values takes the place of."""

_OUT = "take it out of the values: a Secret in the cluster, or gitops.secrets, brings it to the pods"


class _Proposal(Struct, frozen=True):
    """A Secret for a value that stands in plain text, named as `llmstack migrate` names it."""

    name: str
    key: str
    namespace: str

    @property
    def create(self) -> str:
        """How to make it of what is typed."""
        return f"run `{create_command(self.name, self.key, self.namespace)}`"


def _propose(subject: Subject, kind: str, key: str | None = None) -> _Proposal:
    gitops = subject.stack.gitops
    name = re.sub(r"[^a-z0-9-]+", "-", f"{gitops.release}-{kind}".lower()).strip("-")
    return _Proposal(name, re.sub(r"[^A-Za-z0-9._-]", "_", key or KEYS[kind]), gitops.namespace)


def run(subject: Subject) -> Iterator[Problem]:
    said = set()
    for place in find_places(subject.layers.data):
        said.add(_spot(subject.layers.place(place.route)))
        yield _describe(subject, place)
    for layer in subject.layers.layers:
        overridden = _overridden(subject, layer) if len(subject.layers.layers) > 1 else ()
        for problem in (*overridden, *_unread(layer), *_in_comments(layer)):
            if _spot(problem.place) not in said:
                said.add(_spot(problem.place))
                yield problem


def _overridden(subject: Subject, layer: Layer) -> Iterator[Problem]:
    """Yield what a file holds that a later file replaces: it is committed all the same."""
    for place in find_places(layer.data):
        found = _describe(subject, place)
        at = layer.source.place(layer.written(place.route))
        yield Problem(found.message, None, found.help, at, secret=True)


def _unread(layer: Layer) -> Iterator[Problem]:
    """Yield what stands under top-level keys that are left alone: it is committed too."""
    for key, value in layer.source.data.items():
        for place in find_places(value, (key,), key) if key.startswith(UNREAD) else ():
            message = f"`{place.name}` is, or holds, a secret in plain text"
            yield Problem(message, None, _OUT, layer.source.place(place.route), secret=True)


def _in_comments(layer: Layer) -> Iterator[Problem]:
    """Yield the comments of a file that hold a secret; a text is taken apart only where a line may hold one."""
    text = layer.source.text
    comments = (line[line.index("#") :] if "#" in line else "" for line in layer.source.lines)
    if not any(starmap(_holds_secret, pairwise(chain([""], comments)))):
        return
    lines = [0, *(found.end() for found in re.finditer("\n", text))]
    above, above_line = "", -1
    for start, end in read_document(text).comments:
        comment, line = text[start:end], bisect_right(lines, start) - 1
        if _holds_secret(above if above_line == line - 1 else "", comment):
            at = layer.source.at(line, start - lines[line], end - start)
            help = "remove it from the file, and replace the secret where it was issued: Git keeps what was committed"
            yield Problem("a comment holds a secret in plain text", None, help, at, secret=True)
        above, above_line = comment, line


def _holds_secret(above: str, comment: str) -> bool:
    return bool(comment) and comment_holds_secret(comment, above)


def _spot(place: Place | None) -> tuple[str, int, int] | None:
    return (place.path, place.line, place.column) if place is not None else None


def _describe(subject: Subject, place: SecretPlace) -> Problem:
    """The problem of one secret, by what holds it."""
    route, name = place.route, place.name
    if place.form == "data":
        help = "create it in the cluster, or let gitops.secrets provide it"
        return _problem(route, "the values hold a Secret with its data (base64 is no encryption)", help)
    if place.form == "key":
        return _problem(route, "a key of this map has the form of a secret", _OUT)
    if route == ("gitops", "sync", "repoURL"):
        return _problem(
            route, "the URL holds a password", "leave it out; Flux and Argo CD take credentials from a Secret"
        )
    if route[-1] in KINDS or (route[-1] == "value" and len(route) > 1 and route[-2] in KINDS):
        return _typed_problem(route, _propose(subject, KINDS[name]))
    if place.form == "argument":
        return _argument_problem(subject, route, name)
    if (route[-1] == "value" and "env" in route[-3:]) or "configs" in route[-2:-1] or "data" in route[-2:-1]:
        return _variable_problem(subject, route, name)
    verb = "is" if place.form == "value" else "holds"
    return _problem(route, f"`{name}` {verb} a secret in plain text", _OUT)


def _argument_problem(subject: Subject, route: Route, flag: str) -> Problem:
    kind, target = FLAGS.get(flag, FLAGS["--api-key"])
    help = f"{_propose(subject, kind).create}, and name it in {target}, or in `env` with `valueFrom`"
    if flag not in FLAGS:
        help = f"{_OUT}; an argument can name a variable that `env` takes from a Secret: `$(NAME)`"
    return _problem(route, f"`{flag}` is given a secret in plain text", help)


def _typed_problem(route: Route, secret: _Proposal) -> Problem:
    key = route[-2] if route[-1] == "value" else route[-1]
    reference = f"write `{key}: {{secretName: {secret.name}, secretKey: {secret.key}}}`"
    message = f"`{key}` holds a secret, or a placeholder for one, in plain text: it would be committed"
    return _problem(route, message, f"{secret.create}, and {reference}; `llmstack migrate` does the latter")


def _variable_problem(subject: Subject, route: Route, variable: str) -> Problem:
    kind = "hf-token" if variable in HF_VARIABLES else "vllm-api-key" if variable == "VLLM_API_KEY" else ""
    secret = _propose(subject, kind) if kind else _propose(subject, variable, variable)
    source = f"valueFrom: {{secretKeyRef: {{name: {secret.name}, key: {secret.key}}}}}"
    if "env" in route:
        help = f"replace `value` by `{source}`; `llmstack migrate` does the latter"
    else:
        help = f"give it in `env` with `{source}`"
    return _problem(route, f"`{variable}` is a secret in plain text", f"{secret.create}, and {help}")


def _problem(route: Route, message: str, help: str) -> Problem:
    return Problem(message, route, help, secret=True)
