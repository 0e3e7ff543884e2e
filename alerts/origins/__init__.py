"""How many independent sources a story has."""
