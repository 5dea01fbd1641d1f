"""One invented city gives the same rows in every version of GBFS, from the discovery to the table."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings

from velib_assets_tests.gbfs.invented_city import AT, VERSIONS, City, cities, files_of, rows_of
from velib_assets_tests.gbfs.through_pipeline import (
    clean_both,
    fetch,
    new_root,
    publish,
    raw_of,
    rows,
    takes_fast_path,
)
from velib_assets_tests.http_server import LocalServer


def test_every_version_gives_the_same_rows() -> None:
    with LocalServer() as server:

        @settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.too_slow])
        @given(cities())
        def check(city: City) -> None:
            expected = rows_of(city)
            for version in VERSIONS:
                root = new_root(server)
                url = publish(server, root, files_of(city, version, root))
                raw = raw_of(fetch(url, AT), AT)
                assert takes_fast_path(raw)
                result = clean_both([raw], AT)
                assert (version, rows(result)) == (version, expected)
                assert result.rejects == []

        check()
