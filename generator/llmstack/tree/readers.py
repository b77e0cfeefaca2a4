"""Who can read what SOPS encrypts: what rules say of files that it encrypts next, and what the files themselves say.

Both name keys in lists by their kind (getsops.io, "Config file" and "Encryption protocol"); a kind that is not known
here is named as it stands.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from posixpath import dirname
from typing import Any

from llmstack import yamlio
from llmstack.tree.secrets import ENCRYPTED
from llmstack.tree.units import SOPS_RULES, secrets_folder

_ENVIRONMENT = re.compile(r"\^overlays/([a-z0-9-]+)/secrets/\[\^/\]\+\\\.ya\?ml\$")
"""The `path_regex` of the rule that is written for an environment."""
_SIMPLE = re.compile(r"\^?(?:[\w/-]|\\\.|(?:\.|\[\^/\])[*+]?)*\\?\$?")
_MOST_REPEATED = 3
"""An expression of these parts means the same to Go and to Python; with so few `*` and `+` it is matched at once."""
_EXCEPTIONS = (
    "encrypted_regex", "encrypted_suffix", "encrypted_comment_regex", "unencrypted_regex", "unencrypted_suffix",
    "unencrypted_comment_regex",
)  # fmt: skip
"""What of a file is encrypted, or left as it is."""
_NOT_READERS = frozenset(("path_regex", "key_groups", "shamir_threshold", "mac_only_encrypted", *_EXCEPTIONS))
_OF_A_KEY = frozenset(("enc", "created_at"))
_STATED_ELSEWHERE = frozenset(("lastmodified", "mac", "version"))


def rule_paths(environment: str) -> Iterator[str]:
    """Where sops finds rules for an environment's secrets: in their folder, and in every one above it."""
    place = secrets_folder(environment)
    while place:
        yield f"{place}/{SOPS_RULES}"
        place = dirname(place)
    yield SOPS_RULES


def readers_of_rules(path: str, text: str, environment: str, files: Sequence[str]) -> tuple[str, ...]:
    """For whom the rules in the file at `path` encrypt an environment's secrets, and what they leave in plain text.

    Every rule counts that may be one for a file in secrets/ (`files` are the names that are there), the first or not:
    which one is taken depends on the file.
    """
    try:
        body = yamlio.load(text)
    except yamlio.YAMLError as error:
        return (f"{path}, which {yamlio.say_unreadable(error)}",)
    rules = body.get("creation_rules") if isinstance(body, dict) else None
    place = secrets_folder(environment).removeprefix(dirname(path)).removeprefix("/")
    paths = [f"{place}/{name}".removeprefix("/") for name in (*files, "secret.yaml")]
    found = [
        reader
        for rule in (rules if isinstance(rules, list) else ())
        if isinstance(rule, dict) and _may_be_for(rule.get("path_regex"), paths, environment)
        for reader in _readers(rule)
    ]
    return tuple(dict.fromkeys(found))


def readers_of_file(text: str) -> tuple[str, ...]:
    """For whom a file is encrypted; nothing where it is not a file of SOPS."""
    try:
        documents = yamlio.load_all(text)
    except yamlio.YAMLError:
        return ()
    blocks = [each["sops"] for each in documents if isinstance(each, dict) and isinstance(each.get("sops"), dict)]
    stated = [{key: value for key, value in block.items() if key not in _STATED_ELSEWHERE} for block in blocks]
    return tuple(dict.fromkeys(reader for block in stated for reader in _readers(block)))


def _may_be_for(expression: Any, paths: Sequence[str], environment: str) -> bool:
    """Whether a rule may be one for these paths: yes, where that cannot be told."""
    if not isinstance(expression, str):
        return True
    named = _ENVIRONMENT.fullmatch(expression)
    if named is not None:
        return named[1] == environment
    if not _SIMPLE.fullmatch(expression) or len(re.findall(r"[*+]", expression)) > _MOST_REPEATED:
        return True
    return any(re.search(expression, path) for path in paths)


def _readers(block: Mapping[str, Any]) -> Iterator[str]:
    """Yield the keys of a rule or of a file, groups of which several have to come together as one."""
    for kind, keys in block.items():
        if kind not in _NOT_READERS:
            yield from _keys(kind, keys)
        elif kind in _EXCEPTIONS and keys != ENCRYPTED:
            yield f"`{kind}: {keys}`"
    groups = [each for each in block.get("key_groups") or () if isinstance(each, dict)] if _is_list(block) else []
    members = [[key for kind, keys in group.items() for key in _keys(kind, keys)] for group in groups]
    if len(members) > 1:
        least = block.get("shamir_threshold") or len(members)
        yield from (f"{least} of {len(members)} key groups with {', '.join(sorted(group))}" for group in members)
    else:
        yield from (key for group in members for key in group)


def _is_list(block: Mapping[str, Any]) -> bool:
    return isinstance(block.get("key_groups"), list)


def _keys(kind: str, keys: Any) -> Iterator[str]:
    """Yield the keys of one kind: a text with commas, a list of texts, or of maps that say more of each."""
    for key in keys if isinstance(keys, list) else str(keys or "").split(","):
        stated = [value for name, value in key.items() if name not in _OF_A_KEY] if isinstance(key, dict) else [key]
        said = " ".join(str(value).strip() for value in stated if value not in (None, "", {}, []))
        if said:
            yield f"{'age recipient' if kind == 'age' else kind} {said}"
