"""Messages as rows, many at once, which a second delivery does not change."""
