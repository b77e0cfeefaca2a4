"""Where secrets stand in plain text in maps and lists: values files, Kubernetes objects, configuration of any kind."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from llmstack.finding import Route
from llmstack.secrecy.credentials import AN_ARGUMENT, argument_secrets, is_reference, is_secret
from llmstack.secrecy.encoded import looks_sealed
from llmstack.secrecy.forms import has_form
from llmstack.secrecy.names import is_secret_name

SECRET_DATA = ("data", "stringData")
_ENCRYPTED = "encryptedData"
"""What a SealedSecret holds: no secret under whatever name where it is encrypted, and one where it is not."""
_SECRET_NAME = "secret"
"""A name under which any text but a reference or a switch is a secret."""
_PRIVATE_OF_JWK = frozenset(("d", "k", "p", "q", "dp", "dq", "qi"))
"""What is private of a key written as JSON (RFC 7518, 6.2.2, 6.3.2 and 6.4.1)."""
_NAMES_OF_SECRETS = ("existing", "secrets")
_VALUE = re.compile(r"/data\b[^\n]{0,300}?[,\n]\s{0,200}[\"']?value[\"']?:[ \t]{0,20}[\"']?([^\s\"'}][^\n\"'}]{0,300})")
"""What an operation of a JSON patch puts into `/data/…`."""
_TYPED = frozenset(("vllmApiKey", "hf_token", "credentials"))
"""Keys of the values that take a secret: whatever text they hold counts as one, a placeholder and `x` too."""


class SecretPlace(Struct, frozen=True):
    """One secret in plain text: the route to it, what names it, and in which way it is one."""

    route: Route
    name: str
    form: Literal["value", "text", "argument", "data", "key"]
    """By its name; inside a text, or as the whole of it; after a flag; in a Secret; as a key of a map."""


def find_places(data: Any, route: Route = (), key: str = "") -> Iterator[SecretPlace]:
    """Yield every secret in plain text below a value that stands under `key`, in the order of the file."""
    if isinstance(data, Mapping):
        yield from _in_map(data, route, key)
    elif isinstance(data, list):
        yield from _in_list(data, route, key)
    elif is_secret(key, data) or (key in _TYPED and _is_text(data)):
        yield SecretPlace(route, key, "value" if is_secret_name(key) else "text")


def plaintext_in_objects(objects: Sequence[Any]) -> Iterator[tuple[int, SecretPlace]]:
    """Yield the secrets in plain text of Kubernetes objects, each with the index of its object.

    For what `kustomize build` gives, custom/ included. A Secret that SOPS encrypted is none in plain text.
    """
    for index, item in enumerate(objects):
        if isinstance(item, Mapping):
            for place in find_places(item):
                yield index, place


def value_key(holder: Mapping[str, Any], field: str, key: str = "") -> str:
    """The name that says what a field holds: for the `value` of an entry with a name (no toleration, whose key is
    that of a node's taint), or of an operation of a JSON patch, that name or path; else for `value` and `plain`
    that of the map they stand in, if it names a secret."""
    if field in _PRIVATE_OF_JWK and "kty" in holder:
        return "privateKey"
    if field == "literals" and key == "secretGenerator":
        return _SECRET_NAME
    if field not in ("value", "plain") or key == "tolerations":
        return field
    if str(holder.get("path", "")).startswith("/stringData"):
        return _SECRET_NAME
    for named in ("name", "key", "path") if "op" in holder else ("name", "key"):
        name = holder.get(named)
        if field == "value" and isinstance(name, str) and not is_secret_name(key):
            return name
    return key if is_secret_name(key) or key in _TYPED else field


def is_secret_kind(kind: Any) -> bool:
    """Whether all that an object of this kind holds in `data` and `stringData` is secret."""
    return kind in ("Secret", "SecretList")


def _in_map(data: Mapping[str, Any], route: Route, key: str) -> Iterator[SecretPlace]:
    if route[-2:] == _NAMES_OF_SECRETS:
        return  # what the cluster has: keys of Secrets by the Secrets' names
    secret = is_secret_kind(data.get("kind"))
    listed = data.get("items") if data.get("kind") == "SecretList" else None
    for field, item in data.items():
        name = str(field)
        at = (*route, name)
        if has_form(name):
            yield SecretPlace(at, "a key", "key")
        if name == _ENCRYPTED and isinstance(item, Mapping):
            yield from _in_sealed(item, at)
        elif (secret and name in SECRET_DATA) or (name == "patch" and sets_data(data, item)):
            if _holds_plain(item):
                yield SecretPlace(at, "Secret", "data")
        elif item is listed and isinstance(item, list):
            yield from _in_secret_list(item, at)
        else:
            yield from find_places(item, at, value_key(data, name, key))


def sets_data(entry: Mapping[str, Any], patch: Any) -> bool:
    """Whether an entry of `patches` writes a value into the data of a Secret, by operations of JSON patch."""
    target = entry.get("target")
    kind = target.get("kind") if isinstance(target, Mapping) else None
    return is_secret_kind(kind) and isinstance(patch, str) and any(map(_holds_plain, _VALUE.findall(patch)))


def _in_sealed(entries: Mapping[Any, Any], route: Route) -> Iterator[SecretPlace]:
    """The entries of a SealedSecret that nobody encrypted: the controller would refuse them, and Git has kept them."""
    for field, item in entries.items():
        if isinstance(item, str) and not looks_sealed(item) and is_secret(_SECRET_NAME, item):
            yield SecretPlace((*route, str(field)), str(field), "value")


def _in_secret_list(items: list[Any], route: Route) -> Iterator[SecretPlace]:
    """The items of a SecretList are Secrets without saying so."""
    for index, item in enumerate(items):
        yield from find_places({"kind": "Secret", **item} if isinstance(item, dict) else item, (*route, index))


def _in_list(data: list[Any], route: Route, key: str) -> Iterator[SecretPlace]:
    words = [item if isinstance(item, (str, int, float)) else "" for item in data]
    named = dict(argument_secrets(words))
    for index, item in enumerate(data):
        if named.get(index, AN_ARGUMENT) != AN_ARGUMENT:
            yield SecretPlace((*route, index), named[index], "argument")
        else:
            yield from find_places(item, (*route, index), key)


def _holds_plain(item: Any) -> bool:
    """Whether the data of a Secret holds any text that is not encrypted or a reference."""
    if isinstance(item, (Mapping, list)):
        return any(map(_holds_plain, item.values() if isinstance(item, Mapping) else item))
    return _is_text(item) and not (isinstance(item, str) and is_reference(item))


def _is_text(value: Any) -> bool:
    return value not in (None, "") and not isinstance(value, (bool, dict, list))
