"""What a language is told by: two models, the letters of the Arabic script, common words of what is romanised."""
