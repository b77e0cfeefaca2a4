"""`validate`: real kustomize builds of the units as they are on disk, and kubeconform on what comes out."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path

from llmstack import schemas, tools
from llmstack.finding import Finding, Place, Severity
from llmstack.project import Project

_ERROR = Severity.ERROR


def unit_folders(project: Project, environment: str) -> dict[str, str]:
    """Folder by unit of one environment; an overlay of people's own under custom/ stands in for the generated one."""
    top = project.root / "overlays" / environment
    custom = set(project.custom_units(environment))
    found = {}
    for folder, _, files in os.walk(top):
        unit = Path(folder).relative_to(top).as_posix()
        if "kustomization.yaml" in files and unit not in (".", "engine"):
            found[unit] = (
                f"custom/{environment}/{unit}" if unit in custom else f"overlays/{environment}/{unit}"
            )
    return dict(sorted(found.items()))


def validate_units(
    project: Project,
    environment: str,
    folders: Mapping[str, str],
    *,
    version: str,
    allowed: Collection[str],
    tool_folder: Path | None,
) -> Iterator[Finding]:
    """Yield what kustomize and kubeconform say of an environment's units.

    `version` is the Kubernetes version whose schemas hold, `allowed` the kinds that may have none. Raises ToolError
    when a program is missing.
    """
    kustomize = tools.find_tool(tools.KUSTOMIZE, tool_folder)
    kubeconform = tools.find_tool(tools.KUBECONFORM, tool_folder)
    if not folders:
        place = Place(f"overlays/{environment}")
        yield Finding(
            "not-generated",
            _ERROR,
            f"overlays/{environment} has no units",
            place=place,
            help="run `llmstack gen`",
        )
        return
    paths = {project.root / folder: folder for folder in folders.values()}
    texts: dict[str, str] = {}
    for path, output in tools.kustomize_build_all(kustomize, paths).items():
        place = Place(f"{paths[path]}/kustomization.yaml")
        if isinstance(output, tools.ToolError):
            yield Finding(
                "build-failed",
                _ERROR,
                str(output),
                place=place,
                help="run `llmstack gen`, or mend the overlay in custom/",
            )
        else:
            texts[paths[path]] = output
    verdicts = tools.kubeconform_texts(
        kubeconform,
        texts,
        schema_locations=schemas.locations(),
        kubernetes_version=schemas.full_version(version),
    )
    for verdict in verdicts:
        yield from _verdict_findings(verdict, version, allowed)


def _verdict_findings(verdict: tools.Verdict, version: str, allowed: Collection[str]) -> Iterator[Finding]:
    place, name = Place(f"{verdict.source}/kustomization.yaml"), f"{verdict.kind}/{verdict.name}"
    if verdict.status == "no-schema":
        if verdict.kind not in allowed:
            help = f"list it in gitops.allowUnknownKinds: [{verdict.kind}] to let it pass without a check"
            yield Finding(
                "no-schema",
                _ERROR,
                f"{name}: there is no schema for {verdict.api_version} {verdict.kind}",
                place=place,
                help=help,
            )
    elif verdict.status == "invalid":
        help = f"the schema is that of Kubernetes {version}; gitops.kubernetesVersion chooses it"
        for path, message in verdict.errors or (("", verdict.message),):
            where = path.strip("/").replace("/", ".")
            yield Finding(
                "invalid-object",
                _ERROR,
                f"{name}: {where + ': ' if where else ''}{message}",
                place=place,
                help=help,
            )
    elif verdict.status != "valid":
        yield Finding(
            "invalid-object",
            _ERROR,
            f"{name or 'an object'}: {verdict.message or verdict.status}",
            place=place,
        )
