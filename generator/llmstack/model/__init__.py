"""The values as validated, typed, frozen data: one file per section of the values file."""
