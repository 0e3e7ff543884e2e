"""Pictures and clips found again in others: their prints, an index of these, and one laid over the other."""
