"""What is flagged: stories, how many independent sources they have, how far they go, and how people are told."""
