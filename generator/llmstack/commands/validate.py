"""`llmstack validate`: every unit, built by kustomize and held against the schemas."""

from __future__ import annotations

from typing import Annotated

from typer import Option

from llmstack.commands import completion, output
from llmstack.commands import options as opt
from llmstack.commands.running import LINE

Since = Annotated[
    str | None,
    Option(
        "--since",
        metavar="REV",
        help="Build only units that differ from this Git revision.",
        autocompletion=completion.revisions,
    ),
]


def validate(
    values: opt.Values = None,
    since: Since = None,
    format: opt.Format = "text",
    strict: opt.Strict = False,
) -> None:
    """Build every unit with kustomize and validate what comes out.

    The objects are held against the schemas of the environment's Kubernetes version with kubeconform. Includes what
    `lint` finds.
    """
    from llmstack.repository import validation
    from llmstack.repository.comparison import find_affected, open_comparison
    from llmstack.review.wording import plural

    project = output.find_project(values)
    units = find_affected(open_comparison(project.root, since, None)) if since else None
    step = LINE.counting("built")
    environments = project.select(values or [])
    validated = validation.validate(project, environments, output.tool_folder(), units=units, step=step)
    output.report(validated.findings, format=format, result=True)
    output.exit_for(validated.findings, strict=strict)
    if validated.versions:
        kustomize, kubeconform = validated.versions
        counts = f"{plural(validated.objects, 'object')} in {plural(validated.units, 'unit')}"
        verb = "is" if validated.objects == 1 else "are"
        output.say(f"{counts} {verb} valid (kustomize {kustomize}, kubeconform {kubeconform})")
    else:
        output.say(f"nothing to build{f': no unit differs from {since}' if since else ''}")
