"""What stands in the way of a file that is to be written."""

from __future__ import annotations

from llmstack.disk.listing import Listing


def test_a_link_at_or_above_a_path_is_in_its_way() -> None:
    listing = Listing(links={"overlays/prod", "base/x"})
    for path in ("overlays/prod", "overlays/prod/models/a.yaml"):
        assert listing.link_on_the_way(path) == "overlays/prod"
    for path in ("overlays/production/a.yaml", "overlays", "base/xy", "base"):
        assert listing.link_on_the_way(path) is None
