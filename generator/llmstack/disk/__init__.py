"""From a tree in memory to files: what would change, whose the files are, and the writing itself.

`plan_tree` compares and refuses, `apply` writes; nothing else in the package writes files of the tree.
"""
