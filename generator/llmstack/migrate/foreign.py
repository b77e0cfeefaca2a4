"""Secrets in plain text among what a file holds for other charts: nothing is generated of them, and they would be
committed."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from llmstack.migrate.comments import as_comment, comments_of
from llmstack.migrate.plain import standing
from llmstack.migrate.step import File, Step, make_step
from llmstack.model.stack import foreign_keys
from llmstack.values.edit import comment_entry

SECRET_OF_ANOTHER = "a secret in plain text, of another chart"


def comment_foreign_secrets(file: File) -> Iterator[Step]:
    """Yield a step for each key that holds one: it becomes a comment without it."""
    sections = set(foreign_keys(file.data))
    held = [route for route in file.secrets if {route[:1], route[:2]} & sections]
    places = {route: number for number, route in enumerate(held)}
    for route in sorted(standing(file, held), key=places.__getitem__):
        spot = file.document.find(route)
        if spot is None or spot.holder.kind != "map" or spot.value.kind != "scalar":
            continue
        lines = as_comment(file, spot, SECRET_OF_ANOTHER)
        yield make_step(
            route,
            "take it out, and keep it in a Secret",
            partial(comment_entry, file.document, spot, lines),
            deletes=[route],
            comments=(tuple(comments_of(file, spot)), tuple(lines)),
            said=f"a comment now, without its value: {SECRET_OF_ANOTHER}; keep it with that chart, in a Secret",
        )
