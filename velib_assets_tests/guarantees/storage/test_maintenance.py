"""The tests of the maintenance job, on PostgreSQL."""

import pytest

from velib_assets_tests.defs.maintenance.test_maintenance import *  # noqa: F403 - each of its tests is one here

pytestmark = pytest.mark.promise("storage")
