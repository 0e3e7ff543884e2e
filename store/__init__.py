"""What is remembered: tables, writes that a second delivery does not change, reads, and what leaves again."""
