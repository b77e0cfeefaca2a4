"""What to say of a key that no section has: the one that was meant, where its like belongs, or how to do without.

Nothing is guessed where the meaning would be another one: a name that is like a known one in its letters and not in
its words is no slip of the pen.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from typing import Any

from pydantic import BaseModel

from llmstack import yamlio
from llmstack.finding import Route
from llmstack.flags import Catalogue, catalogue_for
from llmstack.flags.keys import arguments_of, flag_of_key
from llmstack.model.key_hints import HINTS
from llmstack.model.sections import keys_at
from llmstack.model.stack import Stack
from llmstack.model.types import section_of
from llmstack.secrecy.masking import mask_text
from llmstack.secrecy.names import is_secret_name
from llmstack.values.layers import ALIASES, MODELS

POD_FIELDS = frozenset((
    "activeDeadlineSeconds", "automountServiceAccountToken", "dnsConfig", "hostAliases", "hostIPC", "hostNetwork",
    "hostPID", "hostUsers", "hostname", "overhead", "preemptionPolicy", "readinessGates", "restartPolicy",
    "schedulingGates", "setHostnameAsFQDN", "shareProcessNamespace", "subdomain",
))  # fmt: skip
CONTAINER_FIELDS = frozenset((
    "envFrom", "ports", "resizePolicy", "stdin", "terminationMessagePath", "terminationMessagePolicy", "tty",
    "volumeDevices", "workingDir",
))  # fmt: skip
CONTAINERS = frozenset(("sidecars", "sidecar", "extraContainers", "containers", "additionalContainers"))
"""Keys under which people write further containers."""

LISTED = 4
"""In how many sections a key may be at home, and still be told of."""
LONGEST = 160
"""How many characters of a value a help repeats."""

_WORD = re.compile(r"[A-Z]+s?(?![a-z])|[A-Z]?[a-z]+|\d+")


def explain(route: Route, data: Any, environment: str) -> str:
    """The help for an unknown key; `data` are the merged values, `environment` names the folder in custom/."""
    key, known = str(route[-1]), list(keys_at(route[:-1]))
    return (
        hint(route)
        or slip_help(route)
        or _elsewhere(route)
        or _flag_help(route, data)
        or _custom(route, data, environment)
        or _list(key, known)
    )


def hint(route: Route) -> str | None:
    """What to write instead of a key that many people write."""
    return HINTS.get(section_path(route[:-1]), {}).get(str(route[-1]))


def slip(route: Route) -> str | None:
    """The known key of the section that this one misspells, the nearest of several; None where it is another word."""
    key = str(route[-1])
    found = [] if hint(route) else [name for name in keys_at(route[:-1]) if is_slip(key, name)]
    return min(found, key=lambda name: distance(_letters(key), _letters(name)), default=None)


def slip_help(route: Route) -> str | None:
    found = slip(route)
    return f"did you mean `{found}`?" if found else None


def is_slip(word: str, known: str) -> bool:
    """Whether a name is a known one with a slip of the pen: other case, a dash, one or two letters in one word.

    A word that is itself one of the values' own is no slip: `limitGPU` is not `limitCPU`, `enabled` not `enablePD`.
    """
    left, right = _letters(word), _letters(known)
    if left == right or left.rstrip("s") == right.rstrip("s"):
        return True
    if word in _names():
        return False
    mine, theirs = _words(word), _words(known)
    if len(mine) == len(theirs):
        differ = [(a, b) for a, b in zip(mine, theirs, strict=True) if a != b]
        if any(a in _vocabulary() or len(a) < 4 or (len(b) < 4 and distance(a, b) > 1) for a, b in differ):
            return False
    allowed = 1 if len(right) < 8 else 2
    return len(right) > 3 and left[:1] == right[:1] and distance(left, right) <= allowed


@lru_cache(maxsize=1 << 12)
def _letters(name: str) -> str:
    """A name without its dashes and capitals."""
    return re.sub(r"[-_]", "", name).lower()


@lru_cache(maxsize=1 << 12)
def _words(name: str) -> tuple[str, ...]:
    return tuple(part.lower() for part in _WORD.findall(name))


def distance(left: str, right: str) -> int:
    """How many letters to put in, take out, replace or swap with a neighbour lead from one word to the other."""
    before: list[int] = []
    row = list(range(len(right) + 1))
    for i, a in enumerate(left, 1):
        older, before, row = before, row, [i]
        for j, b in enumerate(right, 1):
            best = min(before[j] + 1, row[j - 1] + 1, before[j - 1] + (a != b))
            if i > 1 and j > 1 and a == right[j - 2] and left[i - 2] == b:
                best = min(best, older[j - 2] + 1)
            row.append(best)
    return row[-1]


def flag_arguments(route: Route, data: Any) -> list[str] | None:
    """The arguments of `vllm serve` that a key of a model means, by the catalogue of its image; None where it is no
    flag of it, or its value cannot be said as arguments."""
    flag_and_value = _flag(route, data)
    return arguments_of(*flag_and_value) if flag_and_value else None


def _flag(route: Route, data: Any) -> Any:
    inside = route[:2] == MODELS and (len(route) == 4 or (len(route) == 5 and route[3] == "vllmConfig"))
    model = _at(data, route[:3]) if inside else None
    if not isinstance(model, dict):
        return None
    flag = flag_of_key(str(route[-1]), _catalogue(model))
    return (flag, _at(data, route)) if flag else None


def flag_spelled(key: str, model: Mapping[str, Any]) -> str | None:
    """The name of the flag that a key of a model spells, by the catalogue of its image; None where there is none."""
    flag = flag_of_key(key, _catalogue(model))
    return flag.name if flag else None


def _catalogue(model: Mapping[str, Any]) -> Catalogue:
    texts = [str(model.get(key) or "") for key in ("repository", "tag")]
    return catalogue_for(*texts).catalogue


def _flag_help(route: Route, data: Any) -> str | None:
    found = _flag(route, data)
    if not found:
        return None
    flag, arguments = found[0], arguments_of(*found)
    secret = is_secret_name(flag.name) or is_secret_name(str(route[-1]))
    if secret or mask_text(" ".join(arguments or ())) != " ".join(arguments or ()):
        return f"vLLM has the flag {flag.name}; give it a secret by a variable in `env` with `valueFrom`"
    if not arguments:
        return f"vLLM has the flag {flag.name}: write it into `vllmConfig.extraArgs`"
    return f"vLLM has the flag {flag.name}: write `vllmConfig.extraArgs: {in_one_line(arguments)}`"


def in_one_line(items: Sequence[str]) -> str:
    """A list of texts in brackets, each quoted where YAML needs it."""
    return "[" + ", ".join(yamlio.dump(item).rstrip("\n") for item in items) + "]"


def _custom(route: Route, data: Any, environment: str) -> str | None:
    """The overlay that does what no key does, for a field of the pod or of its container.

    The patch is JSON, because kustomize takes text that begins with `[` for that.
    """
    key, of_model = str(route[-1]), route[:2] == MODELS and len(route) == 4
    if key not in POD_FIELDS | CONTAINER_FIELDS | CONTAINERS:
        return None
    if not of_model and route[:-1] not in (("servingEngineSpec",), ("routerSpec",)):
        return None
    model = _at(data, route[:3]) if of_model else None
    kind, template = _workload(model)
    folder = "router" if route[0] == "routerSpec" else f"models/{_name(model)}"
    up = "../" * (3 + folder.count("/"))
    patch = _patch(f"{template}/spec/{_pointer(key)}", _at(data, route), first=key in CONTAINERS)
    return (
        f"llmstack has no key for it; an overlay does it: custom/{environment}/{folder}/kustomization.yaml with "
        f"`resources: [{up}overlays/{environment}/{folder}]` and `patches: [{{target: {{kind: {kind}}}, "
        f"patch: '{patch}'}}]`"
    )


def _workload(model: Any) -> tuple[str, str]:
    """The kind that a model is served by, and the path of its pod's template in it."""
    for section, kind, template in (
        ("raySpec", "RayCluster", "/spec/headGroupSpec/template"),
        ("lwsSpec", "LeaderWorkerSet", "/spec/leaderWorkerTemplate/leaderTemplate"),
    ):
        held = model.get(section) if isinstance(model, dict) else None
        if isinstance(held, dict) and held.get("enabled"):
            return kind, template
    return "Deployment", "/spec/template"


def _name(model: Any) -> str:
    name = model.get("name") if isinstance(model, dict) else None
    return str(name or "<model>")


def _patch(path: str, value: Any, *, first: bool) -> str:
    """The JSON patch that adds a value; a long one, or one with a secret in it, is left out."""
    if first and isinstance(value, list) and value:
        value = value[0]
    shown = json.dumps(value, ensure_ascii=False)
    if len(shown) > LONGEST or "'" in shown or mask_text(shown) != shown:
        shown = '"..."'
    return f'[{{"op": "add", "path": "{path}", "value": {shown}}}]'


def _pointer(key: str) -> str:
    """The path, in the pod's spec, that a JSON patch sets."""
    if key in CONTAINERS:
        return "containers/-"
    return f"containers/0/{key}" if key in CONTAINER_FIELDS else key


def _elsewhere(route: Route) -> str | None:
    """Where a key belongs that stands one level too high or too low; None unless few sections plainly have it."""
    key, here = str(route[-1]), section_path(route[:-1])
    sections = _all_sections()
    if here and (key in ALIASES[()] or key in sections[""]):
        return f"`{key}` is a key of the values, not of a section: indent it less"
    near = {path: keys for path, keys in sections.items() if (_are_near(path, here) if here else _is_upper(path))}
    found = [(path, name) for path, keys in near.items() for name in keys if _letters(name) == _letters(key)]
    if not found or len(found) > (1 if here else LISTED) or len({name for _, name in found}) > 1:
        return None
    paths = [path.replace("servingEngineSpec.modelSpec", "modelSpec") for path, _ in found]
    return f"`{found[0][1]}` is a key of {', '.join(paths[:-1])}{' and of ' if paths[1:] else ''}{paths[-1]}"


def _is_upper(path: str) -> bool:
    """Whether a path is that of a section at the top, or of a model."""
    return path == "servingEngineSpec.modelSpec[]" or (bool(path) and "." not in path)


def _are_near(path: str, other: str) -> bool:
    """Whether one section holds the other."""
    shorter, longer = sorted((path, other), key=len)
    return (
        bool(shorter)
        and longer.startswith((f"{shorter}.", f"{shorter}["))
        and longer.count(".") <= (shorter.count(".") + 1)
    )


def _list(key: str, known: list[str]) -> str:
    """The keys of the section: all of them, or those most like this one."""
    if not known:
        return "the section takes no keys of that kind: remove it"
    if len(known) <= 20:
        return f"known keys: {', '.join(sorted(known))}"
    words = {part.lower() for part in _WORD.findall(key)}
    like = [name for name in known if words & {part.lower() for part in _WORD.findall(name)}]
    shown = sorted(like)[:12] or sorted(known)[:12]
    return f"known keys: {', '.join(shown)}, … (docs/values.md lists all; `llmstack explain WORD` finds them)"


def section_path(route: Route) -> str:
    """`servingEngineSpec.modelSpec[]` of a route, whatever the model."""
    text = ""
    for step in route:
        text += "[]" if isinstance(step, int) else f".{step}"
    return text.removeprefix(".")


@cache
def _all_sections() -> Mapping[str, frozenset[str]]:
    """The keys of each section by its path (`servingEngineSpec.modelSpec[].vllmConfig`), the values' own under ``."""
    return dict(_sections(Stack, ""))


@cache
def _names() -> frozenset[str]:
    return frozenset(name for keys in _all_sections().values() for name in keys)


@cache
def _vocabulary() -> frozenset[str]:
    """The words that names of keys are made of."""
    return frozenset(part.lower() for name in _names() for part in _WORD.findall(name))


def _sections(section: type[BaseModel], path: str) -> Iterator[tuple[str, frozenset[str]]]:
    fields = {field.alias or name: field for name, field in section.model_fields.items()}
    yield path, frozenset(fields)
    for key, field in fields.items():
        if (inner := section_of(field.annotation)) is not None:
            many = "[]" if key == "modelSpec" else ""
            yield from _sections(inner, f"{path}.{key}{many}".removeprefix("."))


def _at(data: Any, route: Route) -> Any:
    for step in route:
        if isinstance(step, int):
            data = data[step] if isinstance(data, list) and step < len(data) else None
        else:
            data = data.get(step) if isinstance(data, Mapping) else None
    return data
