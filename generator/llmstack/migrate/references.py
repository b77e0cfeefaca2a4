"""Secrets in plain text, turned into references to Secrets of the cluster.

A Secret holds one value. Its name is `<release>-hf-token`, `<release>-vllm-api-key`, or the variable's name in
that place (`<release>-openai-api-key`); where a file has several values of the kind, the model's name comes
after the release. One value in several places is one Secret. A name that the values refer to already is not
given again: nobody knows what that Secret holds.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import Any

from msgspec import Struct

from llmstack import yamlio
from llmstack.finding import Route, at_route
from llmstack.migrate.plain import Plain, find_secrets
from llmstack.migrate.step import File, Step, make_step
from llmstack.values.edit import (
    CannotEdit,
    Edit,
    find_holder,
    find_spot,
    insert_last,
    rename_key,
    replace_value,
)
from llmstack.values.syntax import Document


class NewSecret(Struct, frozen=True):
    """A Secret that the migrated values refer to and that the cluster must have: its name and key."""

    name: str
    key: str

    @property
    def reference(self) -> dict[str, str]:
        return {"secretName": self.name, "secretKey": self.key}

    @property
    def source(self) -> dict[str, Any]:
        """As `valueFrom` of an environment variable."""
        return {"secretKeyRef": {"name": self.name, "key": self.key}}


Named = list[tuple[Plain, NewSecret]]


def name_secrets(file: File) -> Named:
    """The secrets in plain text that the file holds, each with the Secret that is to take its place."""
    found = list(find_secrets(file))
    taken = set(_referred([file.data, file.below.data if file.below else {}]))
    release = at_route(file.layers.data, ("gitops", "release"))
    release = release if isinstance(release, str) and release else "llmstack"
    groups: dict[tuple[str, str], Plain] = {}
    for plain in found:
        groups.setdefault((plain.kind, plain.value), plain)
    kinds = Counter(kind for kind, _ in groups)
    left: dict[tuple[str, str | None], Iterator[str]] = {}  # candidates that were not asked for: those before are taken
    names: dict[tuple[str, str], NewSecret] = {}
    for group, first in groups.items():
        alike = first.kind, first.owner
        if alike not in left:
            left[alike] = _candidates(release, first, alone=kinds[first.kind] == 1)
        name = next(name for name in left[alike] if name not in taken)
        taken.add(name)
        names[group] = NewSecret(name, first.key)
    return [(plain, names[plain.kind, plain.value]) for plain in found]


def _candidates(release: str, plain: Plain, *, alone: bool) -> Iterator[str]:
    """Yield names for a Secret, the best first; all are DNS names of at most 253 characters."""
    whole = f"{release}-{plain.kind}"
    own = f"{release}-{plain.owner}-{plain.kind}" if plain.owner else whole
    for name in [whole, own] if alone else [own]:
        yield _dns_name(name)
    stem = _dns_name(own)[:240]
    yield from (f"{stem}-{number}" for number in range(2, 1_000_000))


def _dns_name(text: str) -> str:
    return re.sub(r"[^a-z0-9-]+", "-", text.lower())[:253].strip("-")


def _referred(data: Any) -> Iterator[str]:
    """Yield every text under a key that names something."""
    if isinstance(data, dict):
        for key, value in data.items():
            if isinstance(value, str) and key.lower().endswith("name"):
                yield value
            else:
                yield from _referred(value)
    elif isinstance(data, list):
        for item in data:
            yield from _referred(item)


def refer_in_place(file: File, named: Named) -> Iterator[Step]:
    """Yield the steps for keys and variables; `subject` has the new Secret. Arguments are not among them."""
    for plain, secret in named:
        if plain.form == "variable":
            yield _variable_step(file.document, plain, secret)
        elif plain.form != "argument":
            yield _typed_step(file.document, plain, secret)


def declare_secrets(file: File, secrets: Iterable[NewSecret]) -> Iterator[Step]:
    """Yield the step that adds new Secrets to `gitops.existing.secrets`, where the file lists what there is.

    A list that the file does not have is not begun: then a reference is not checked against it.
    """
    route: Route = ("gitops", "existing", "secrets")
    listed = at_route(file.data, route)
    new = {secret.name: [secret.key] for secret in secrets if secret.name not in (listed or {})}
    if isinstance(listed, dict) and listed and new:
        yield make_step(
            route,
            "add the new Secrets",
            lambda: insert_last(
                file.document,
                find_holder(file.document, route),
                {name: in_one_line(keys) for name, keys in new.items()},
            ),
            sets=[((*route, name), keys) for name, keys in new.items()],
        )


def _typed_step(document: Document, plain: Plain, secret: NewSecret) -> Step:
    """`hf_token: hf_…` to `hf_token: {secretName: …, secretKey: …}`; so too `vllmApiKey: {value: …}`."""
    advice = f"write `{in_one_line(secret.reference)}`"
    if plain.form == "value":
        holder = plain.route[:-1]
        sets = [((*holder, key), value) for key, value in secret.reference.items()]
        edits = partial(_value_edits, document, holder, secret)
        return make_step(holder, advice, edits, sets=sets, deletes=[plain.route], subject=[secret])
    edits = partial(replace_at, document, plain.route, in_one_line(secret.reference))
    return make_step(plain.route, advice, edits, sets=[(plain.route, secret.reference)], subject=[secret])


def _variable_step(document: Document, plain: Plain, secret: NewSecret) -> Step:
    """`value: …` of an environment variable to `valueFrom: {secretKeyRef: …}`."""
    text = in_one_line(secret.source)
    return make_step(
        plain.route,
        f"write `valueFrom: {text}`",
        partial(_variable_edits, document, plain.route, text),
        sets=[((*plain.route[:-1], "valueFrom"), secret.source)],
        deletes=[plain.route],
        subject=[secret],
    )


def replace_at(document: Document, route: Route, text: str) -> list[Edit]:
    """`text` for the scalar at a route. Raises CannotEdit where something else stands there."""
    return replace_value(document, find_spot(document, route).value, text)


def _variable_edits(document: Document, route: Route, text: str) -> list[Edit]:
    spot = find_spot(document, route)
    return [*rename_key(spot, "valueFrom"), *replace_value(document, spot.value, text)]


def _value_edits(document: Document, holder: Route, secret: NewSecret) -> list[Edit]:
    """`value: …` in a map to `secretName` and `secretKey` in its place."""
    spot, held = find_spot(document, (*holder, "value")), find_holder(document, holder)
    if len(held.entries) != 1:
        raise CannotEdit
    between = ", " if held.flow else f"{document.line_break(held.body)}{' ' * held.column}"
    text = between.join(f"{key}: {in_one_line(value)}" for key, value in secret.reference.items())
    inside = document.comments_in(spot.key.start, spot.value.end)
    return [Edit(spot.key.start, spot.value.end, "  ".join([text, *inside]))]


def in_one_line(value: Any) -> str:
    """A value in one line."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {in_one_line(item)}" for key, item in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(in_one_line, value)) + "]"
    return yamlio.dump(value).rstrip("\n")
