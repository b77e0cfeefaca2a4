"""What the pods of an environment have already, so that what a change brings is told where it is new there."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property

from msgspec import Struct

from llmstack.kubernetes.diversions import diversions_of
from llmstack.kubernetes.pods import Object, identity_of
from llmstack.kubernetes.rights import accounts_of, images_of
from llmstack.objects.images import names_registry


class Known(Struct, frozen=True, dict=True):
    """Of all objects of an environment: looked up alone where a change has more than before."""

    before: Sequence[Object]
    after: Sequence[Object]
    ran: Sequence[Object]
    """What ran before the change: its own objects, of a new environment those of the cluster's others."""

    @cached_property
    def registries(self) -> frozenset[str]:
        """From where images were pulled."""
        return frozenset[str]().union(*map(registries_of, self.ran))

    @cached_property
    def diversions(self) -> frozenset[str]:
        """What sent pods elsewhere (`diversions_of`)."""
        return frozenset[str]().union(*map(diversions_of, self.ran))

    @cached_property
    def accounts(self) -> frozenset[str]:
        """The ServiceAccounts of which the review knows what they may do, and those as which pods of the environment
        ran already."""
        made = (identity_of(each)[2] for each in self.after if each.get("kind") == "ServiceAccount")
        used = (account for each in self.before for account in accounts_of(each))
        return frozenset(("default", *made, *used))


def registries_of(obj: Object | None) -> set[str]:
    """Where the images of an object's pods come from."""
    return {image.partition("/")[0] if names_registry(image) else "docker.io" for image in images_of(obj)}
