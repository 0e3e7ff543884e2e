"""The one way to addresses that a stranger named: public ones only, bounded in bytes, time and hops."""
