"""What a story is, and which posts belong to it."""
