import pytest

from tests.litmos.fakes import OPEN


@pytest.fixture(autouse=True)
def _closed_afterwards():
    yield
    while OPEN:
        OPEN.pop().close()
