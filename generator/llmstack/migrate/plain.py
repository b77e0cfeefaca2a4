"""Where a values file holds secrets in plain text, by the notion that the check `plaintext-secret` has of them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Literal

from msgspec import Struct

from llmstack.checks import settle
from llmstack.checks.rules import plaintext_secret
from llmstack.finding import Finding, Route, at_route
from llmstack.migrate.step import File
from llmstack.model.stack import OTHER_CHARTS
from llmstack.secrecy.credentials import argument_secrets, is_secret
from llmstack.values.layers import MODELS, merge_layers, models_in

Form = Literal["reference", "value", "variable", "argument"]

HF, API, LORA = (plaintext_secret.KINDS[key] for key in ("hf_token", "vllmApiKey", "credentials"))
KEYS, HF_VARIABLES = plaintext_secret.KEYS, plaintext_secret.HF_VARIABLES
FLAGS = {flag: kind for flag, (kind, _) in plaintext_secret.FLAGS.items()}


class Plain(Struct, frozen=True):
    """A secret in plain text. `route` leads to the value; for an argument, to the item that holds it."""

    route: Route
    form: Form
    kind: str
    """What it is for, as names of Secrets say it."""
    key: str
    """The key it has in its Secret."""
    value: str
    owner: str | None
    """The model, adapter or section that it belongs to; None for the whole stack."""


def find_secrets(file: File) -> Iterator[Plain]:
    """Yield the secrets that migration can turn into references, in no order that matters.

    Those that a comment `# llmstack: ignore[plaintext-secret] reason` declares to be none are left out.
    """
    found = (*_typed(file.data), *_variables(file.data), *_arguments(file.data))
    left = standing(file, [plain.route for plain in found])
    yield from (plain for plain in found if plain.route in left)


def standing(file: File, routes: Iterable[Route]) -> set[Route]:
    """Those routes that no comment declares to hold no secret."""
    rule, layers = plaintext_secret.RULE, merge_layers([file.source], {})
    findings = [Finding(rule.id, rule.severity, "", route) for route in routes]
    return {finding.route for finding in settle(findings, layers, {}) if finding.route is not None}


def _typed(data: Mapping[str, Any]) -> Iterator[Plain]:
    """Yield the keys that take a secret and hold text, or a map with the text under `value`."""
    for route, kind, owner in _typed_routes(data):
        held = at_route(data, route)
        if isinstance(held, dict) and not held.get("secretName") and _is_text(held.get("value")):
            yield Plain((*route, "value"), "value", kind, KEYS[kind], str(held["value"]), owner)
        elif _is_text(held):
            yield Plain(route, "reference", kind, KEYS[kind], str(held), owner)


def _typed_routes(data: Mapping[str, Any]) -> Iterator[tuple[Route, str, str | None]]:
    yield ("servingEngineSpec", "vllmApiKey"), API, None
    yield ("routerSpec", "vllmApiKey"), API, "router"
    yield ("routerSpec", "hf_token"), HF, "router"
    for number, model in models_in(data):
        yield (*MODELS, number, "hf_token"), HF, _name(model)
    adapters = data.get("loraAdapters")
    for number, adapter in enumerate(adapters if isinstance(adapters, list) else []):
        if isinstance(adapter, dict):
            yield ("loraAdapters", number, "vllmApiKey"), API, _name(adapter)
            yield ("loraAdapters", number, "adapterSource", "credentials"), LORA, _name(adapter)


def _variables(data: Mapping[str, Any]) -> Iterator[Plain]:
    """Yield the entries of `env` lists that give a secret as `value`."""
    for route, entries in _env_lists(data, ()):
        for index, entry in enumerate(entries):
            name = entry.get("name") if isinstance(entry, dict) else None
            if isinstance(name, str) and "valueFrom" not in entry and _is_plain(name, entry.get("value")):
                kind = HF if name in HF_VARIABLES else API if name == "VLLM_API_KEY" else _dashed(name)
                key = KEYS.get(kind) or re.sub(r"[^A-Za-z0-9._-]", "_", name)
                yield Plain((*route, index, "value"), "variable", kind, key, entry["value"], _owner(data, route))


def _env_lists(data: Any, route: Route) -> Iterator[tuple[Route, list[Any]]]:
    if isinstance(data, dict):
        for key, value in data.items():
            if key == "env" and isinstance(value, list):
                yield (*route, key), value
            elif route or key not in OTHER_CHARTS:
                yield from _env_lists(value, (*route, key))
    elif isinstance(data, list):
        for index, item in enumerate(data):
            yield from _env_lists(item, (*route, index))


def _arguments(data: Mapping[str, Any]) -> Iterator[Plain]:
    """Yield the engine arguments that give a secret to a flag with a key of the values, or a variable, for it."""
    for number, model in models_in(data):
        for section in (("vllmConfig", "extraArgs"), ("extraArgs",)):
            held = at_route(model, section)
            arguments = [str(item) for item in held] if isinstance(held, list) else []
            for index, flag in argument_secrets(arguments):
                value = _argument_value(arguments, index, flag)
                if flag not in FLAGS or value is None:
                    continue
                kind = FLAGS[flag]
                yield Plain((*MODELS, number, *section, index), "argument", kind, KEYS[kind], value, _name(model))


def _argument_value(arguments: list[str], index: int, flag: str) -> str | None:
    """The one value of a flag: behind its `=`, or the item after it; None where it is written otherwise."""
    name, equals, value = arguments[index].partition("=")
    if equals and name.replace("_", "-").lower() == flag:
        return value or None
    before = arguments[index - 1].replace("_", "-").lower() if index else ""
    alone = all(rest.startswith("-") for rest in arguments[index + 1 : index + 2])
    return arguments[index] if before == flag and alone else None


def _owner(data: Mapping[str, Any], route: Route) -> str | None:
    if route[:2] == MODELS and len(route) > 2:
        return _name(at_route(data, route[:3]))
    section = str(route[0])
    return None if section in ("servingEngineSpec", "extraObjects") else _dashed(section.removesuffix("Spec"))


def _name(named: Any) -> str | None:
    name = named.get("name") if isinstance(named, dict) else None
    return name if isinstance(name, str) else None


def _dashed(name: str) -> str:
    """`cacheServer`, `OPENAI_API_KEY` as parts of a Secret's name: `cache-server`, `openai-api-key`."""
    spaced = re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name)
    return re.sub(r"[^a-z0-9]+", "-", spaced.lower()).strip("-") or "secret"


def _is_plain(name: str, value: Any) -> bool:
    return isinstance(value, str) and is_secret(name, value)


def _is_text(value: Any) -> bool:
    return value is not None and not isinstance(value, (dict, list)) and value != ""
