"""`llmstack render`: the objects of one environment, computed in memory."""

from __future__ import annotations

import sys
from functools import partial
from typing import TYPE_CHECKING

from llmstack.commands import options as opt
from llmstack.commands import output

if TYPE_CHECKING:
    from llmstack.checks.subject import Subject


def render(values: opt.OneValues, env: opt.EnvName = None) -> None:
    """Print all objects of one environment as a YAML stream.

    They are what its overlays build to, computed in memory; overlays in custom/ are not read.
    """
    from llmstack.cores import beside
    from llmstack.repository.read import check, count_models, read_environments

    project = output.find_project([values])
    (reading,) = readings = read_environments(project.disk, [project.select_one(values, env=env)])
    shown = beside(partial(_show, reading.subject if reading.is_sound else None), count_models(readings))
    output.report_beside(check(readings))
    sys.stdout.write(shown())


def _show(subject: Subject | None) -> str:
    """The objects of an environment as YAML documents; none where they cannot be built."""
    from llmstack.report.inert import inert_yaml

    return "".join(f"---\n{inert_yaml(placed.object)}" for placed in (subject.objects if subject is not None else ()))
