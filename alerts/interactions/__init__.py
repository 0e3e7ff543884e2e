"""What analysts press in Slack: how it comes in, what it means, and what is done with it."""
