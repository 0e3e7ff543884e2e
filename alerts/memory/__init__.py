"""How a watch is remembered: in small numbers, saved little by little."""
