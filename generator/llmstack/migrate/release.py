"""The Helm release that a values file belongs to: its name and namespace, as the file itself is to say them."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from functools import partial

from llmstack import yamlio
from llmstack.finding import at_route
from llmstack.migrate.step import File, Step, make_step
from llmstack.values.edit import Edit, find_spot, insert_last, replace_value
from llmstack.values.syntax import Document

DEFAULTS = {"release": "llmstack", "namespace": "default"}
"""What `gitops` has where nothing is said."""


def name_release(file: File) -> Iterator[Step]:
    """Yield the steps that write release and namespace into `gitops`, where whoever migrates has named them."""
    named = {"release": file.wanted.release, "namespace": file.wanted.namespace}
    held = at_route(file.layers.data, ("gitops",))
    said = held if isinstance(held, dict) else {}
    new = {key: value for key, value in named.items() if value and said.get(key, DEFAULTS[key]) != value}
    if new:
        own = at_route(file.data, ("gitops",))
        shown = {key: yamlio.dump(value).strip() for key, value in new.items()}
        edits = partial(edit_gitops, file.document, shown, {*own} if isinstance(own, dict) else None)
        yield make_step(
            ("gitops",),
            f"write gitops: {new}",
            edits,
            sets=[(("gitops", key), value) for key, value in new.items()],
        )


def edit_gitops(document: Document, shown: Mapping[str, str], held: Collection[str] | None) -> list[Edit]:
    """Keys of `gitops`, each a text in one line; `held` are those that the file has, None where it has no such section.

    Raises CannotEdit where the text is written in a way that no small edit can change.
    """
    if held is None:
        root = document.root
        ending = document.line_break(0) if "\n" in document.text else "\n"
        lines = ["gitops:", *(f"  {key}: {text}" for key, text in shown.items())]
        if root is None or root.flow:
            at = root.body + 1 if root is not None else len(document.text)
            inside = ", ".join(f"{key}: {text}" for key, text in shown.items())
            comma = ", " if root is not None and root.entries else ""
            return [Edit(at, at, f"gitops: {{{inside}}}{comma}")]
        start = "" if document.text.endswith("\n") else ending
        return [Edit(len(document.text), len(document.text), start + ending.join([*lines, ""]))]
    part = document.part(("gitops",))
    edits: list[Edit] = []
    for key, text in shown.items():
        if key in held:
            edits += replace_value(document, find_spot(document, ("gitops", key)).value, text)
    fresh = {key: text for key, text in shown.items() if key not in held}
    if fresh and part is not None:
        edits += insert_last(document, part, fresh)
    return edits
