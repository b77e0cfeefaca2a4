"""`llmstack lint`: the findings on values alone."""

from __future__ import annotations

from functools import partial

from llmstack.commands import options as opt
from llmstack.commands import output
from llmstack.commands.running import LINE


def lint(
    values: opt.Values = None,
    env: opt.EnvName = None,
    format: opt.Format = "text",
    strict: opt.Strict = False,
) -> None:
    """Print the findings on values alone.

    A file outside values/ is linted too, without values/base.yaml under it.
    """
    from llmstack.cores import beside
    from llmstack.repository.followed import follow_units
    from llmstack.repository.read import check, count_models, know_clusters, read_environments
    from llmstack.review.wording import plural

    project = output.find_project(values)
    environments = project.select(values or [], outside=True, env=env)
    readings = know_clusters(project.disk, read_environments(project.disk, environments))
    layered = [each.name for each in environments if each.layered]
    followed = beside(partial(follow_units, project.disk, layered), count_models(readings))
    findings = check(readings, LINE.counting("checked"))
    findings += followed().findings
    output.report(findings, format=format, result=True)
    output.exit_for(findings, strict=strict)
    output.say(f"{plural(len(environments), 'environment')}: no {'warnings' if strict else 'errors'}")
