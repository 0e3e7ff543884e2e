"""What copies of a text have in common: an exact digest, and anchors that a part of it has as well."""
