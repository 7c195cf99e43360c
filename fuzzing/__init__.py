"""Broken files in every format that hsidiff reads: ``make fuzz``."""
