"""How messages move: one receive-handle-send-commit loop, transports, retry, dead letters, metrics."""
