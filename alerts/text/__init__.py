"""What texts and links share: copies, rare words, pages."""
