"""What others read of what is stored."""
