"""What is kept about alerts: what is to be sent, what was done, what is expected."""
