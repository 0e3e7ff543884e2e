"""What becomes of an alert: its steps, its budget, its kin."""
