"""Official feeds with anything in place of some values: each is refused, or cleaned whole."""

from __future__ import annotations

import contextlib
import copy
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from velib_assets.ingest.response import FeedResponse, UnusableError
from velib_assets_tests.gbfs.official_files import feeds
from velib_assets_tests.gbfs.official_schemas import VERSIONS
from velib_assets_tests.gbfs.through_pipeline import clean_both, raw_of

AT = datetime(2026, 11, 24, 7, 15, tzinfo=UTC)
Files = dict[str, Any]
Path = tuple[Any, ...]
_WORDS = (
    *("", "  ", "1", "-1", "1.5", "1e3", "true", "OUI", "null", "x:null", "999"),
    *("2024-11-19T07:35:04Z", "2024-11-19", "1732001704", "1732001704000"),
)
_NAMES = (
    "bike",
    "e",
    "text",
    "language",
    "vehicle_type_id",
    "vehicle_type_ids",
    "count",
    "station_id",
    "data",
)
ANYTHING = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(), st.integers(-(10**20), 10**20), st.floats()),
        *(st.text(max_size=5), st.sampled_from(_WORDS)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.one_of(st.text(max_size=3), st.sampled_from(_NAMES)), inner, max_size=3),
    ),
    max_leaves=5,
)


def places(node: object, above: Path = ()) -> Iterator[Path]:
    """Yield the path of every value in a document."""
    children = node.items() if isinstance(node, dict) else enumerate(node if isinstance(node, list) else ())
    for key, child in children:
        yield (*above, key)
        yield from places(child, (*above, key))


@st.composite
def mutated(draw: st.DrawFn) -> Files:
    """Draw a feed of which one to three values are replaced, removed or repeated."""
    files: Files = copy.deepcopy(draw(feeds(draw(st.sampled_from(VERSIONS)))).files)
    for _ in range(draw(st.integers(1, 3))):
        name = draw(st.sampled_from(["station_status", "station_information", *sorted(files)]))
        *above, last = draw(st.sampled_from([(name,), *places(files[name], (name,))]))
        parent: Any = files
        for key in above:
            parent = parent[key]
        change = draw(st.sampled_from(["replace", "replace", "remove", "repeat"]))
        if change == "repeat" and isinstance(parent, list):
            parent.append(copy.deepcopy(parent[last]))
        elif change == "remove" and above:
            del parent[last]
        else:
            parent[last] = draw(ANYTHING)
    return files


def test_mutated_feed_is_refused_or_cleaned_whole_by_both_paths() -> None:
    outcomes = {"refused": 0, "cleaned": 0}

    @settings(max_examples=200, deadline=None, suppress_health_check=list(HealthCheck))
    @given(mutated())
    def check(files: Files) -> None:
        bodies = {name: json.dumps(file).encode() for name, file in files.items()}
        outcomes["refused"] += 1
        with contextlib.suppress(UnusableError):
            raw = raw_of(FeedResponse("gbfs", bodies), AT)
            outcomes["refused"] -= 1
            outcomes["cleaned"] += 1
            result = clean_both([raw], AT)
            assert result.summary.quarantined == []
            (count,) = result.summary.snapshots
            assert count.records == count.rows + count.rejected + count.duplicates

    check()
    assert min(outcomes.values()) > 5  # else the property would prove little
