"""Secrets in plain text in files that people write beside the values: custom/, clusters/, facts/, comments included."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from posixpath import dirname

from llmstack.disk.ownership import is_ours
from llmstack.finding import Finding, Place, Severity
from llmstack.repository.snapshot import Snapshot
from llmstack.secrecy.files import find_lines

_FOLDERS = ("custom", "clusters", "facts")
_MOST = 100
"""Findings after which no more are told."""
_HELP = "remove it, and replace the secret where it was issued: Git keeps what was committed"


def find_written_secrets(side: Snapshot, told: Collection[str]) -> Iterator[Finding]:
    """Yield the lines on which a secret stands, of files that llmstack did not write from values; none of those in the
    folders of the files `told`, whose objects were found to hold one."""
    known = {dirname(path) for path in told}
    count = 0
    for folder in _FOLDERS:
        for path, content in side.files(folder).items():
            is_of_environment = folder == "clusters" and path.count("/") > 2  # whose generated files are of values
            if dirname(path) in known or (is_of_environment and is_ours(content)):
                continue
            for line in find_lines(content.decode("utf-8", "replace")):
                count += 1
                if count > _MOST:
                    return
                message = "this line holds a secret in plain text"
                place = Place(path, line + 1, 1)
                yield Finding("plaintext-secret", Severity.ERROR, message, place=place, help=_HELP, secret=True)
