"""A secret stands in the values as plain text.

Values are committed, and so are the manifests made from them: whoever reads the repository reads the secret,
and Git keeps it after it is gone from the file. The keys that take a secret (`vllmApiKey`, `hf_token`,
`credentials`) take a reference, `{secretName: …, secretKey: …}`; a placeholder such as `<YOUR HF TOKEN>` is
plain text too. The same is asked of environment variables whose name says that they are secret (`HF_TOKEN`,
`AWS_SECRET_ACCESS_KEY`, `…_API_KEY`, `…_PASSWORD`, `…_TOKEN`), of `servingEngineSpec.configs`, of `--api-key`
among arguments, of URLs with a password, of anything that has the form of a known token, and of Secrets among
`extraObjects`.

Fix: create the Secret in the cluster with the line that the finding gives (the value is read from the
keyboard, so that it reaches neither the shell's history nor the list of processes), and name it in the
values; `llmstack migrate VALUES` rewrites the file. A value that is no secret in spite of its name is said to
be none in its line: `# llmstack: ignore[plaintext-secret] public token of the demo`. `gitops.checks` cannot
turn this check off.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from llmstack.checks.fields import ENV_VAR
from llmstack.checks.rule import Declaration, Problem
from llmstack.checks.subject import Subject
from llmstack.finding import Route, Severity
from llmstack.kubernetes.pods import pod_specs
from llmstack.model.secret_ref import SecretReference, create_command
from llmstack.secrecy.words import argument_secrets, holds_token, is_secret_value

RULE = Declaration("plaintext-secret", Severity.ERROR, alone=True, fixed=True)

_KINDS = {"hf_token": "hf-token", "vllmApiKey": "vllm-api-key", "credentials": "lora-credentials"}
_HF_VARIABLES = ("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "HUGGINGFACE_HUB_TOKEN", "HUGGINGFACE_TOKEN")
_KEYS = {"hf-token": "token", "vllm-api-key": "key", "lora-credentials": "key"}


@dataclass(frozen=True, slots=True)
class _Proposal:
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
    return _Proposal(name, re.sub(r"[^A-Za-z0-9._-]", "_", key or _KEYS[kind]), gitops.namespace)


def run(subject: Subject) -> Iterator[Problem]:
    for route, value in _typed(subject):
        if isinstance(value, str):
            yield _typed_problem(route, _propose(subject, _KINDS[str(route[-1])]))
    for route, variable in _variables(subject):
        yield _variable_problem(subject, route, variable)
    for route, flag in _arguments(subject):
        kind = "hf-token" if flag == "--hf-token" else "vllm-api-key"
        target = "`hf_token`" if kind == "hf-token" else "`servingEngineSpec.vllmApiKey`"
        help = f"{_propose(subject, kind).create}, and name it in {target}, or in `env` with `valueFrom`"
        yield _problem(route, f"`{flag}` is given a secret in plain text", help)
    for route, object in subject.extra_objects():
        if object.get("kind") == "Secret" and (object.get("data") or object.get("stringData")):
            part = "stringData" if object.get("stringData") else "data"
            help = "create it in the cluster, or let gitops.secrets provide it"
            yield _problem((*route, part), "the values hold a Secret with its data (base64 is no encryption)", help)
    if holds_token(subject.stack.gitops.sync.repo_url or ""):
        help = "leave it out; Flux and Argo CD take credentials from a Secret"
        yield _problem(("gitops", "sync", "repoURL"), "the URL holds a password", help)


def _typed(subject: Subject) -> Iterator[tuple[Route, SecretReference | str | None]]:
    """Yield the keys that take a secret, disabled models included: their values are committed all the
    same."""
    stack = subject.stack
    yield ("servingEngineSpec", "vllmApiKey"), stack.engine.vllm_api_key
    yield ("routerSpec", "vllmApiKey"), stack.router_spec.vllm_api_key
    yield ("routerSpec", "hf_token"), stack.router_spec.hf_token
    for number, model in enumerate(stack.engine.model_spec):
        if model.hf_token is not None:
            yield ("servingEngineSpec", "modelSpec", number, "hf_token"), model.hf_token
    for number, adapter in enumerate(stack.lora_adapters or []):
        yield ("loraAdapters", number, "vllmApiKey"), adapter.vllm_api_key
        if adapter.adapter_source is not None:
            yield ("loraAdapters", number, "adapterSource", "credentials"), adapter.adapter_source.credentials


def _variables(subject: Subject) -> Iterator[tuple[Route, str]]:
    """Yield the place and name of each environment variable with a secret for its value."""
    for block in subject.blocks:
        if block.definition == ENV_VAR:
            yield from _entries(block.route, block.value)
    for key, value in (subject.stack.engine.configs or {}).items():
        if is_secret_value(key, value):
            yield ("servingEngineSpec", "configs", key), key
    for route, object in subject.extra_objects():
        yield from _variables_of_object(route, object)


def _variables_of_object(route: Route, object: dict[str, Any]) -> Iterator[tuple[Route, str]]:
    """The same for the containers of an object, and for a ConfigMap."""
    for at, spec in pod_specs(object):
        for kind in ("containers", "initContainers"):
            for number, container in enumerate(spec.get(kind) or []):
                if isinstance(container, dict):
                    yield from _entries((*route, *at, kind, number, "env"), container.get("env"))
    data = object.get("data") if object.get("kind") == "ConfigMap" else None
    for key, value in data.items() if isinstance(data, Mapping) else ():
        if is_secret_value(str(key), value):
            yield (*route, "data", key), str(key)


def _entries(route: Route, entries: Any) -> Iterator[tuple[Route, str]]:
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        if isinstance(entry, Mapping) and is_secret_value(str(entry.get("name")), entry.get("value")):
            yield (*route, number, "value"), str(entry.get("name"))


def _arguments(subject: Subject) -> Iterator[tuple[Route, str]]:
    """Yield the place and flag of each argument that holds a secret."""
    stack = subject.stack
    lists: list[tuple[Route, Sequence[str] | None]] = [
        (("routerSpec", "extraArgs"), stack.router_spec.extra_args),
        (("loraController", "extraArgs"), stack.lora_controller.extra_args),
    ]
    for number, model in enumerate(stack.engine.model_spec):
        at: Route = ("servingEngineSpec", "modelSpec", number)
        lists.append(((*at, "vllmConfig", "extraArgs"), model.vllm_config.extra_args))
        lists.append(((*at, "extraArgs"), model.extra_args))
        head = model.ray_spec.head_node if model.ray_spec else None
        for where, inits in (
            ((*at, "initContainer"), model.init_container),
            ((*at, "raySpec", "headNode", "initContainer"), head.init_container if head else None),
        ):
            for position, init in enumerate(inits or []):
                lists += [
                    ((*where, position, key), words) for key, words in (("command", init.command), ("args", init.args))
                ]
    for route, arguments in lists:
        for index, flag in argument_secrets(arguments or ()):
            yield (*route, index), flag


def _typed_problem(route: Route, secret: _Proposal) -> Problem:
    reference = f"write `{route[-1]}: {{secretName: {secret.name}, secretKey: {secret.key}}}`"
    message = f"`{route[-1]}` holds a secret, or a placeholder for one, in plain text: it would be committed"
    return _problem(route, message, f"{secret.create}, and {reference}; `llmstack migrate` does the latter")


def _variable_problem(subject: Subject, route: Route, variable: str) -> Problem:
    if variable in _HF_VARIABLES:
        secret = _propose(subject, "hf-token")
    elif variable == "VLLM_API_KEY":
        secret = _propose(subject, "vllm-api-key")
    else:
        secret = _propose(subject, variable, variable)
    source = f"valueFrom: {{secretKeyRef: {{name: {secret.name}, key: {secret.key}}}}}"
    if "env" in route:
        help = f"replace `value` by `{source}`; `llmstack migrate` does the latter"
    else:
        help = f"give it in `env` with `{source}`"
    return _problem(route, f"`{variable}` is a secret in plain text", f"{secret.create}, and {help}")


def _problem(route: Route, message: str, help: str) -> Problem:
    return Problem(message, route, help=help, secret=True)
