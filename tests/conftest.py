"""What every test may ask for: the real servers (tests/servers/fixtures.py), and runs of the whole way (tests/app)."""

pytest_plugins = ["tests.servers.fixtures", "tests.app.runs"]
