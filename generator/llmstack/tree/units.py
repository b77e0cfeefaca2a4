"""The units of an environment as its tree lists them, whoever wrote the list."""

from __future__ import annotations

from llmstack.kustomize.files import Read, find_kustomization, list_resources

SECRETS = "secrets"
"""The unit of an environment's encrypted Secrets."""
SOPS_RULES = ".sops.yaml"
"""The file in the root that says for whom `sops` encrypts them."""


def secrets_folder(environment: str) -> str:
    return f"overlays/{environment}/{SECRETS}"


def unit_folders(read: Read, environment: str) -> dict[str, str]:
    """Folder by unit, as the environment's aggregate lists them; secrets/ too, which the aggregate leaves out with
    SOPS. An overlay of people's own under custom/ stands where the aggregate names it.

    Raises KustomizationError for an aggregate that kustomize could not read.
    """
    top, own = f"overlays/{environment}", f"custom/{environment}"
    folders = list_resources(read, top)
    if f"{top}/{SECRETS}" not in folders and find_kustomization(read, f"{top}/{SECRETS}") is not None:
        folders.append(f"{top}/{SECRETS}")
    return {folder.removeprefix(f"{top}/").removeprefix(f"{own}/"): folder for folder in folders}
