"""Adoption: how a running Helm release becomes this tree without its pods noticing, one model at a time."""
