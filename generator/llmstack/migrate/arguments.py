"""`--api-key` and `--hf-token` among the engines' arguments, by reference instead.

vLLM takes the variable VLLM_API_KEY where there is no `--api-key` (vllm/entrypoints/openai/api_server.py), and
HF_TOKEN where there is no `--hf-token`. A key that every model has is the stack's, `vllmApiKey`, of which the
router is told; a key of some models stays theirs alone, as a variable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import partial
from typing import Any

from msgspec import Struct

from llmstack.finding import Route, at_route
from llmstack.migrate.plain import API, HF, Plain
from llmstack.migrate.references import Named, NewSecret, in_one_line, replace_at
from llmstack.migrate.step import File, Step, make_step
from llmstack.values.edit import (
    CannotEdit,
    Edit,
    append_item,
    find_holder,
    insert_first,
    insert_last,
    remove_routes,
)
from llmstack.values.layers import MODELS

ENGINE_KEY: Route = ("servingEngineSpec", "vllmApiKey")
VARIABLE = "VLLM_API_KEY"


class _Addition(Struct, frozen=True):
    """What is put into the file for an argument that is taken out."""

    edits: Callable[[], list[Edit]]
    sets: tuple[tuple[Route, Any], ...] = ()


def refer_from_arguments(file: File, named: Named) -> Iterator[Step]:
    """Yield the steps for arguments that hold a secret, one for each list of them; `subject` has the new Secrets."""
    arguments = [(plain, secret) for plain, secret in named if plain.form == "argument"]
    if not arguments:
        return
    if _is_one_key(file, arguments):
        yield _step(file, arguments, _stack_additions(file, arguments))
        return
    for route in dict.fromkeys(plain.route[:-1] for plain, _ in arguments):
        own = [(plain, secret) for plain, secret in arguments if plain.route[:-1] == route]
        yield _step(file, own, [_model_addition(file, plain, secret) for plain, secret in own])


def _is_one_key(file: File, arguments: Named) -> bool:
    """Whether every model is given one and the same API key, and the stack has no other."""
    keys = {plain.value for plain, _ in arguments if plain.kind == API}
    given = {plain.route[2] for plain, _ in arguments if plain.kind == API}
    stated = at_route(file.layers.data, ENGINE_KEY)
    merged = at_route(file.layers.data, MODELS)
    own = any(VARIABLE in _variables(model.get("env")) for model in merged if isinstance(model, dict))
    return len(keys) == 1 and len(given) == len(merged) and not own and (stated in (None, "") or stated in list(keys))


def _variables(entries: Any) -> list[Any]:
    """The names in a list of environment variables."""
    return (
        [entry.get("name") for entry in entries or () if isinstance(entry, dict)] if isinstance(entries, list) else []
    )


def _stack_additions(file: File, arguments: Named) -> list[_Addition]:
    found = [_give_token(file, plain, secret) for plain, secret in arguments if plain.kind == HF]
    if at_route(file.layers.data, ENGINE_KEY) in (None, ""):
        secret = next(secret for plain, secret in arguments if plain.kind == API)
        found.append(_put(file, ENGINE_KEY, secret.reference, first=True))
    return found


def _model_addition(file: File, plain: Plain, secret: NewSecret) -> _Addition:
    if plain.kind == HF:
        return _give_token(file, plain, secret)
    if at_route(file.data, ENGINE_KEY) == plain.value:
        return _Addition(list)
    return _give_variable(file, plain, VARIABLE, secret)


def _give_token(file: File, plain: Plain, secret: NewSecret) -> _Addition:
    """`--hf-token` as the model's `hf_token`; refused where that holds something else."""
    route = (*plain.route[:3], "hf_token")
    held = at_route(file.data, route)
    if held == plain.value:
        return _Addition(list)
    return _Addition(_refuse) if held else _put(file, route, secret.reference)


def _give_variable(file: File, plain: Plain, name: str, secret: NewSecret) -> _Addition:
    """A variable of the model; refused where the model has one of that name."""
    route = (*plain.route[:3], "env")
    entries, entry = at_route(file.data, route), {"name": name, "valueFrom": secret.source}
    if not isinstance(entries, list):
        return _put(file, route, [entry])
    if name in _variables(entries):
        return _Addition(_refuse)
    edits = partial(_append, file, route, in_one_line(entry))
    return _Addition(edits, (((*route, len(entries)), entry),))


def _put(file: File, route: Route, value: Any, *, first: bool = False) -> _Addition:
    """A key that the file does not have, or has without a value."""
    text = in_one_line(value)
    if file.document.find(route) is not None:
        edits = partial(replace_at, file.document, route, text)
    else:
        edits = partial(_insert, file, route, text, first=first)
    return _Addition(edits, ((route, value),))


def _insert(file: File, route: Route, text: str, *, first: bool) -> list[Edit]:
    holder, entries = find_holder(file.document, route[:-1]), {str(route[-1]): text}
    if first:
        return insert_first(file.document, holder, entries)
    return insert_last(file.document, holder, entries, avoid=("extraArgs", "vllmConfig", "env"))


def _append(file: File, route: Route, text: str) -> list[Edit]:
    return append_item(file.document, find_holder(file.document, route), text)


def _refuse() -> list[Edit]:
    raise CannotEdit


def _step(file: File, arguments: Named, additions: Iterable[_Addition]) -> Step:
    additions = list(additions)
    removed = list(_item_routes(file, arguments))
    edits: list[Callable[[], list[Edit]]] = [addition.edits for addition in additions]
    edits.append(partial(remove_routes, file.document, removed))
    return make_step(
        arguments[0][0].route,
        "remove it, and give it in `vllmApiKey`, `hf_token`, or `env` with `valueFrom`",
        lambda: [edit for find in edits for edit in find()],
        sets=[change for addition in additions for change in addition.sets],
        deletes=removed,
        subject=[secret for _, secret in arguments],
    )


def _item_routes(file: File, arguments: Named) -> Iterator[Route]:
    """Yield the items to take out: the flag, and its value where that is an item of its own."""
    for plain, _ in arguments:
        if not str(at_route(file.data, plain.route)).startswith("--"):
            yield (*plain.route[:-1], int(plain.route[-1]) - 1)
        yield plain.route
