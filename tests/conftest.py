"""What every test may ask for: the real servers (tests/servers/fixtures.py)."""

pytest_plugins = ["tests.servers.fixtures"]
