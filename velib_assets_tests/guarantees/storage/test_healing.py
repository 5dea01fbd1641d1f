"""The tests of the healing sensor, on PostgreSQL."""

import pytest

from velib_assets_tests.defs.sensors.test_healing_sensor import *  # noqa: F403 - its tests run here too

pytestmark = pytest.mark.promise("storage")
