"""What leaves the store: what was taken down, and what is older than wanted."""
