"""What every test may ask for: the real servers (tests/servers/fixtures.py), runs of the whole way (tests/app), and a
Slack.
"""

from collections.abc import Iterator

import pytest

from tests.fakes.slack import FakeSlack, running

pytest_plugins = ["tests.servers.fixtures", "tests.app.runs"]


@pytest.fixture(scope="session", autouse=True)
def cache_of_this_run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """No test writes into the cache of whoever runs it; processes that tests start share one."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        yield


@pytest.fixture
def slack() -> Iterator[FakeSlack]:
    with running() as fake:
        yield fake
