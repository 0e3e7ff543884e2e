"""Pure mappings from what platforms and archives write to our messages: one file a format, no clock, no I/O."""
