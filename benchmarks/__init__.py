"""Time and memory of the package, measured: ``make bench``."""
