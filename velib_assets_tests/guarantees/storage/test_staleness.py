"""The tests of the sensors, on PostgreSQL."""

import pytest

from velib_assets_tests.defs.sensors.test_staleness_sensor import *  # noqa: F403 - each of its tests is one here

pytestmark = pytest.mark.promise("storage")
