"""What posts of the past would have raised under this configuration or that: `backtest`, and `tune` on top of it."""
