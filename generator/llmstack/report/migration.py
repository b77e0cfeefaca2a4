"""What `llmstack migrate` changes in a values file, and what it asks people to do."""

from __future__ import annotations

from llmstack.disk.plan import unified_diff
from llmstack.migrate import Migration
from llmstack.model.secret_ref import create_command
from llmstack.report.visible import visible
from llmstack.secrecy.masking import mask_words


def show_migration(migration: Migration, environment: str) -> str:
    """Return the change as a unified diff, secrets masked, and a line for each Secret that is to be made."""
    before, after = migration.before, migration.after
    if before.text == after.text:
        return f"nothing to migrate in {before.path}\n"
    diff = unified_diff(before.path.lstrip("/"), before.text.encode(), after.text.encode())
    told = ["\nwhat the difference does not say:\n", *(f"  {line}\n" for line in migration.said)]
    said = visible(mask_words("".join(told)) if migration.said else "", keep="\n")
    return visible(diff, keep="\n\t\r") + said + "".join(show_secrets(migration, environment))


def show_secrets(migration: Migration, environment: str) -> list[str]:
    """What to do for the Secrets that are to be made, by lines; nothing where there are none."""
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
