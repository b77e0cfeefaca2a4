"""`llmstack render`: the objects of one environment, computed in memory."""

from __future__ import annotations

import sys

from llmstack.commands import options as opt
from llmstack.commands import output


def render(values: opt.OneValues, env: opt.EnvName = None) -> None:
    """Print all objects of one environment as a YAML stream.

    They are what its overlays build to, computed in memory; overlays in custom/ are not read.
    """
    from llmstack.report.inert import inert_yaml
    from llmstack.repository.read import check, read_environments

    project = output.find_project([values])
    (reading,) = readings = read_environments(project.disk, [project.select_one(values, env=env)])
    output.report_beside(check(readings))
    objects = reading.subject.objects if reading.subject is not None else ()
    sys.stdout.write("".join(f"---\n{inert_yaml(placed.object)}" for placed in objects))
