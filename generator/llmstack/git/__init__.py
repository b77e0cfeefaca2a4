"""Git, read: one process, and the questions it answers. Nothing here changes a repository."""
