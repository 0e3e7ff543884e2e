"""The database: its tables and views, its connections, and what it says went wrong."""
