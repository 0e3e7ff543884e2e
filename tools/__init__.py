"""Makes what ships and was not written by hand. Nothing that runs imports it."""
