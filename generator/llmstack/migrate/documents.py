"""A values file of several documents: Helm reads the first one, and says nothing of the others."""

from __future__ import annotations

from llmstack.migrate.comments import without_secrets
from llmstack.migrate.step import File
from llmstack.values.nodes import Source
from llmstack.values.source import read_document, read_source
from llmstack.values.wrapped import MOST_DOCUMENTS

FIRST_ALONE = "Helm reads the first document of a values file alone, and not this one"


def comment_further_documents(source: Source) -> Source:
    """The file with every document after the first as comments, secrets in them removed; the file itself where it has
    one document or more than MOST_DOCUMENTS, or the first holds nothing.

    Helm gives the text to sigs.k8s.io/yaml's Unmarshal, and that to go-yaml's, which "decodes the first document found
    within the in byte slice".
    """
    second = next((found.place for found in source.findings if found.id == "several-documents"), None)
    if second is None:
        return source
    lines = source.text.splitlines(keepends=True)
    first = "".join(lines[: second.line - 1])
    ending = "\r\n" if first.endswith("\r\n") else "\n"
    documents = _documents(lines[second.line - 1 :])
    if len(documents) >= MOST_DOCUMENTS:
        return source
    shown = [f"{line}{ending}" for part in documents for line in _commented(source.path, part)]
    after = read_source(source.path, "".join([first, *shown]).encode())
    return after if after.root is not None else source


def _documents(lines: list[str]) -> list[list[str]]:
    parts: list[list[str]] = []
    for line in lines:
        if line.startswith("---") or not parts:  # the first may begin with a directive, or after `...` with no sign
            parts.append([line.removeprefix("---").lstrip(" ")])
        else:
            parts[-1].append(line)
    return parts


def _commented(path: str, part: list[str]) -> list[str]:
    document = read_document(path, "".join(part).encode())
    lines = without_secrets(File(document), 0, len(document.text)).split("\n")
    held = [line.rstrip() for line in lines if line.strip()]
    return [f"# {FIRST_ALONE}:", *(f"# {line}" for line in held)] if held else []
