"""How far a story goes, against what was to be expected."""
