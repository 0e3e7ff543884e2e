"""Every picture ever seen, and how it is found again."""
