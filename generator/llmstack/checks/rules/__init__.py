"""The rules, one file each: what it finds, and the page about it."""
