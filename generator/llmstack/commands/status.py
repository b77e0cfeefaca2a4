"""`llmstack status`: what the environments serve, at a glance."""

from __future__ import annotations

import sys
from typing import Annotated

from llmstack.commands import options as opt
from llmstack.commands import output

HowShown = Annotated[str, opt.one_of(("table", "json"), "How the models are printed.")]


def status(values: opt.Values = None, format: HowShown = "table") -> None:
    """Print the models of environments: image, vLLM, replicas, GPUs.

    As the values say it; under a scaler the fewest replicas, which `+` marks.
    """
    from llmstack.report.status import STATUS_FORMATS
    from llmstack.repository.served import list_served
    from llmstack.secrecy.told import mask_told

    project = output.find_project(values)
    findings, served = list_served(project.disk, project.select(values or [], outside=True))
    output.report_beside(findings)
    sys.stdout.write(STATUS_FORMATS[format](mask_told(served)))
