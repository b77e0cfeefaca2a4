"""What `llmstack migrate` changes in a values file, and what it asks people to do."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from llmstack.disk.plan import unified_diff
from llmstack.finding import Route
from llmstack.migrate import Migration
from llmstack.migrate.exposed import secret_routes
from llmstack.model.secret_ref import create_command
from llmstack.report.visible import visible
from llmstack.secrecy.credentials import MASK, mask_text
from llmstack.values.source import Source
from llmstack.values.syntax import Document, Part, read_document

_KEY_BLOCK = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----.*?(?:-----END [A-Z ]*PRIVATE KEY-----|\Z)", re.DOTALL)


def show_migration(migration: Migration, environment: str) -> str:
    """Return the change as a unified diff, secrets masked, and a line for each Secret that is to be made."""
    before, after = migration.before, migration.after
    if before.text == after.text:
        return f"nothing to migrate in {before.path}\n"
    diff = unified_diff(before.path.lstrip("/"), _mask_values(before).encode(), _mask_values(after).encode())
    shown = "\n".join(map(_mask_line, diff.split("\n")))
    return visible(shown, keep="\n\t\r") + "".join(_show_secrets(migration, environment))


def _show_secrets(migration: Migration, environment: str) -> list[str]:
    secrets, backend = migration.secrets, migration.backend
    if not secrets:
        return []
    if backend == "external-secrets":
        lines = [f"  {secret.name}: {secret.key}" for secret in secrets]
        head = "put these values (Secret: key) into the store that gitops.secrets names:"
    elif backend in ("sealed-secrets", "sops"):
        lines = [f"  llmstack secret set {environment} {secret.name} {secret.key}" for secret in secrets]
        head = "write these Secrets, encrypted; each line asks for the value:"
    else:
        lines = [f"  {create_command(secret.name, secret.key, migration.namespace)}" for secret in secrets]
        head = "create these Secrets; each line reads the value from the keyboard without showing it:"
    foot = "A secret that was ever committed is still in Git's history: revoke it and issue a new one.\n"
    return ["\n", f"{head}\n", *(f"{line}\n" for line in lines), foot]


def _mask_values(source: Source) -> str:
    """The file's text with every value masked that is a secret or holds one; it has as many lines as the file."""
    document = read_document(source.text)
    text = _mask_spans(source.text, sorted(set(_spans(document, secret_routes(source.data)))))
    return _KEY_BLOCK.sub(lambda found: _mask_lines(found[0]), text)


def _mask_line(line: str) -> str:
    """A line of the difference, with all masked that has the form of a credential or a name that says so: comments
    hold secrets too."""
    return line[:1] + mask_text(line[1:]) if line.strip() else line


def _spans(document: Document, routes: Iterable[Route]) -> Iterator[tuple[int, int]]:
    for route in routes:
        spot = document.find(route)
        part: Part | None = spot.value.resolved if spot is not None else None
        if part is not None and part.body < part.end:
            yield part.body, part.end


def _mask_spans(text: str, spans: list[tuple[int, int]]) -> str:
    parts, at = [], 0
    for start, end in spans:
        parts += [text[at:start], _mask_lines(text[start:end])]
        at = end
    return "".join([*parts, text[at:]])


def _mask_lines(text: str) -> str:
    """A mask for each line; the sign of a block scalar stays, and so does what indents a line."""
    masked = []
    for number, line in enumerate(text.split("\n")):
        indent = line[: len(line) - len(line.lstrip())] if number else ""
        ending = "\r" if line.endswith("\r") else ""
        masked.append(f"{indent}{MASK}{ending}" if line.strip() else line)
    return "\n".join(masked)
