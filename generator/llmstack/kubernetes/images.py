"""Names of images: repository, tag and digest (github.com/distribution/reference)."""

from __future__ import annotations


def image_parts(image: str) -> tuple[str, str]:
    """The repository and the tag of an image; a digest alone is its tag."""
    name, _, digest = image.partition("@")
    repository, colon, tag = name.rpartition(":")
    if not colon or "/" in tag:
        repository, tag = name, ""
    return repository, tag or digest
