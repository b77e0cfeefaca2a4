"""What is known beside streams of objects: the section `gitops` of a file, with load times and releases by workload."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import Struct, field

from llmstack.disk.regular import read_any_regular
from llmstack.errors import FoundError, IrregularFileError, UsageError
from llmstack.finding import Finding, has_errors, sort_findings
from llmstack.kustomize.texts import irregular_file
from llmstack.model.gitops import StreamGitops
from llmstack.model.reading import read_stream_file
from llmstack.model.types import seconds
from llmstack.repository.facts import acknowledgements_of, pools_of, stated_version
from llmstack.review.facts import Facts
from llmstack.values.layers import Layers
from llmstack.values.source import read_document


class Terms(Struct, frozen=True):
    """The section, and its file; without one, its defaults."""

    gitops: StreamGitops = field(default_factory=StreamGitops)
    layers: Layers = field(default_factory=lambda: Layers((), {}, ()))
    findings: tuple[Finding, ...] = ()

    @property
    def namespace(self) -> str | None:
        """The namespace of objects that say none; None where the file says none either."""
        return self.gitops.namespace if self.layers.states(("gitops", "namespace")) else None

    @property
    def levels(self) -> dict[str, str]:
        return dict(self.gitops.checks or {})

    def facts(self) -> Facts:
        """What a review takes of it."""
        return Facts(
            pools=pools_of(self.gitops.capacity or ()),
            loads_of={name: seconds(text) for name, text in (self.gitops.load_times or {}).items()},
            acknowledgements=acknowledgements_of(self.gitops.acknowledge or ()),
            stated_version=stated_version(self.gitops, self.layers),
        )

    def unused(self, workloads: Sequence[str]) -> list[str]:
        """Names of `loadTimes` and `vllmVersions` that no workload has."""
        named = {**(self.gitops.load_times or {}), **(self.gitops.vllm_versions or {})}
        return sorted(set(named) - set(workloads))


def read_terms(path: str) -> Terms:
    """Read the file; raises UsageError where there is none, FoundError with all that is wrong in the section."""
    try:
        content = read_any_regular(path)
    except IrregularFileError as error:
        raise FoundError([irregular_file(path, error)]) from error
    if content is None:
        raise UsageError(f"--gitops {path} is not there")
    layers, file, findings = read_stream_file(read_document(path, content))
    if file is None or has_errors(findings):
        raise FoundError(sort_findings(findings))
    return Terms(file.gitops, layers, findings)
