"""What a hub, or a folder in its place, does not give."""


class HubError(Exception):
    """A model's files cannot be had; the message says from where, and what to do."""
