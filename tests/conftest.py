"""For all tests: the markers ``postgres``, ``mariadb`` and ``browser`` are what ``tests.needs`` says they need."""

import pytest

from tests.needs import MARKERS, need


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip, or fail where demanded, a marked test whose server or program is not there."""
    for marker, (name, is_available, install) in MARKERS.items():
        if item.get_closest_marker(marker):
            need(name, available=is_available(), install=install)
