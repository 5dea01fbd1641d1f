"""The tests of the staleness sensor, on PostgreSQL."""

import pytest

from velib_assets_tests.defs.sensors.test_staleness_sensor import *  # noqa: F403 - its tests run here too

pytestmark = pytest.mark.promise("storage")
