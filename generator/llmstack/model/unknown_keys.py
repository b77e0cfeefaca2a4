"""What to say of a key that no section has: the one that was meant, where its like belongs, or how to do without.

Nothing is guessed where the meaning would be another one: a name that is like a known one in its letters and not in
its words is no slip of the pen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from llmstack import yamlio
from llmstack.finding import Route, at_route
from llmstack.flags import Catalogue, catalogue_for
from llmstack.flags.keys import arguments_of, flag_of_key
from llmstack.model.key_hints import HINTS
from llmstack.model.overlay_help import overlay_help
from llmstack.model.sections import all_sections, keys_at, section_path
from llmstack.model.slips import letters, misspelt, words_of
from llmstack.secrecy.masking import mask_text
from llmstack.secrecy.names import is_secret_name
from llmstack.values.layers import ALIASES, MODELS

LISTED = 4
"""In how many sections a key may be at home, and still be told of."""


def explain(route: Route, data: Any, environment: str) -> str:
    """The help for an unknown key; `data` are the merged values, `environment` names the folder in custom/."""
    key, known = str(route[-1]), list(keys_at(route[:-1]))
    return (
        hint(route)
        or slip_help(route)
        or _elsewhere(route)
        or _flag_help(route, data)
        or overlay_help(route, data, environment)
        or _list(key, known)
    )


def hint(route: Route) -> str | None:
    """What to write instead of a key that many people write."""
    return HINTS.get(section_path(route[:-1]), {}).get(str(route[-1]))


def slip(route: Route) -> str | None:
    """The known key of the section that this one misspells, the nearest of several; None where it is another word."""
    return None if hint(route) else misspelt(str(route[-1]), keys_at(route[:-1]))


def slip_help(route: Route) -> str | None:
    found = slip(route)
    return f"did you mean `{found}`?" if found else None


def flag_arguments(route: Route, data: Any) -> list[str] | None:
    """The arguments of `vllm serve` that a key of a model means, by the catalogue of its image; None where it is no
    flag of it, or its value cannot be said as arguments."""
    flag_and_value = _flag(route, data)
    return arguments_of(*flag_and_value) if flag_and_value else None


def _flag(route: Route, data: Any) -> Any:
    inside = route[:2] == MODELS and (len(route) == 4 or (len(route) == 5 and route[3] == "vllmConfig"))
    model = at_route(data, route[:3]) if inside else None
    if not isinstance(model, dict):
        return None
    flag = flag_of_key(str(route[-1]), _catalogue(model))
    return (flag, at_route(data, route)) if flag else None


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


def _elsewhere(route: Route) -> str | None:
    """Where a key belongs that stands one level too high or too low; None unless few sections plainly have it."""
    key, here = str(route[-1]), section_path(route[:-1])
    sections = all_sections()
    if here and (key in ALIASES[()] or key in sections[""]):
        return f"`{key}` is a key of the values, not of a section: indent it less"
    near = {path: keys for path, keys in sections.items() if (_are_near(path, here) if here else _is_upper(path))}
    found = [(path, name) for path, keys in near.items() for name in keys if letters(name) == letters(key)]
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
    words = set(words_of(key))
    like = [name for name in known if words & set(words_of(name))]
    shown = sorted(like)[:12] or sorted(known)[:12]
    return f"known keys: {', '.join(shown)}, … (docs/values.md lists all; `llmstack explain WORD` finds them)"
