"""Pictures and clips fetched, decoded, read and kept."""
