"""Posts get tags, each post by itself: nothing is remembered from one to the next."""
