"""What writes docs/: a module per page. Run by `make update`; not shipped."""
