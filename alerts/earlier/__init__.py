"""What was there before: earlier lives of pictures, and earlier fact-checks."""
