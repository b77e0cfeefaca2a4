"""What may go wrong with a change: one file per risk, and the table of all of them (table.py)."""
