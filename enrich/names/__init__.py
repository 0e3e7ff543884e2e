"""Names of places, people and organisations, by lists and by spaCy."""
