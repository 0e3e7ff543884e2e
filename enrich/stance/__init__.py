"""How a post takes what it speaks of: cues, and a model where one was trained."""
