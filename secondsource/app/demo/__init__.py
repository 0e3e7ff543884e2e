"""An invented event in an invented town, and what the pipeline says of it."""
