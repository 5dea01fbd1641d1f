"""The tests of the maintenance job, on PostgreSQL."""

import pytest

from velib_assets_tests.defs.maintenance.test_maintenance import *  # noqa: F403 - its tests run here too

pytestmark = pytest.mark.promise("storage")
