"""The spine: the shared language, how messages move, how it is all put together. No domain logic."""
