"""Generated GBFS records of every version, for the tests that both paths of the clean step agree.

The records of one list have one form, as those of a feed; `ODD_CHANGES` break it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from hypothesis import strategies as st

IDS = st.sampled_from(["5288", " 7", "bcycle_boulder_1855", "003d58af-e449", "é", "null"])
NUMBERS = st.integers(0, 2**40)
COUNT = st.integers(0, 40)
COUNTS = st.one_of(COUNT, COUNT, COUNT, st.none())
SPACES = st.one_of(COUNTS, st.sampled_from([-1, 0, 999, 9999, 2**31 - 1]))
DEGREES = st.one_of(st.none(), st.floats(-90, 90), st.integers(-90, 90))
LETTERS = st.text('aé \u00a0"', max_size=6)
TEXTS = st.one_of(st.none(), LETTERS, st.sampled_from(["Gare", " a ", "", "  "]))
LANGUAGES = st.sampled_from(["fr", "en", "FR", "fr-CA", "de", "en_GB"])
LOCALIZED = st.one_of(
    st.none(),
    st.just([]),
    st.lists(st.fixed_dictionaries({"text": TEXTS}, optional={"language": LANGUAGES}), max_size=3),
    st.builds(lambda text: [{"text": text, "language": "fr"}], LETTERS),
)
POSIX = st.one_of(
    st.none(),
    st.integers(0, 2 * 10**9),
    st.integers(-(10**12), 2 * 10**12),
    st.sampled_from([0, -1, -62135596800, -(2**62), 2**62, 1689793606000, 1689793606000000, -(10**14) - 1]),
)


def times(digits: str) -> st.SearchStrategy[str | None]:
    """Return RFC 3339 times with these digits after the seconds."""
    return st.one_of(
        st.none(),
        st.builds(
            lambda time, zone: f"{time:%Y-%m-%dT%H:%M:%S}{digits}{zone}",
            st.datetimes(datetime(2000, 1, 1)),  # noqa: DTZ001 - the zone is written behind it
            st.sampled_from(["Z", "+02:00", "-05:30"]),
        ),
    )


RFC_3339 = st.sampled_from(["", ".1", ".123", ".123456", ".1234567", ".123456789"]).flatmap(times)
TYPE_IDS = ("bike", "ebike", "cargo", "moped", "unheard")
VEHICLE_TYPES = {"bike": "human", "ebike": "Electric_Assist", "cargo": "cargo_bicycle", "moped": "moped"}
"""As in the head of a raw object; `unheard` is not explained."""
BY_ID = st.lists(
    st.fixed_dictionaries({"vehicle_type_id": st.sampled_from(TYPE_IDS), "count": COUNTS}), max_size=3
)
WORDS = ("electric", "smart", "classic", "mechanical", "E-Bike", "scooter", "unheard")
DOCKS_BY_TYPES = st.lists(
    st.fixed_dictionaries(
        {"vehicle_type_ids": st.lists(st.sampled_from(TYPE_IDS), max_size=2), "count": COUNTS}
    ),
    max_size=3,
)


def counts_by(keys: tuple[str, ...]) -> st.SearchStrategy[dict[str, int]]:
    """Return objects with counts under some of these keys."""
    return st.dictionaries(st.sampled_from(keys), st.integers(0, 20), max_size=3)


@st.composite
def records(draw: st.DrawFn) -> list[dict[str, Any]]:
    """Return records of one form."""
    number_ids = draw(st.booleans())
    ids = NUMBERS if number_ids else IDS
    text = draw(st.sampled_from([TEXTS, LOCALIZED]))
    flag = draw(
        st.sampled_from(
            [
                st.one_of(st.none(), st.booleans()),
                st.sampled_from([0, 1, 2, None]),
                st.sampled_from(["true", "0", "Y", "maybe", None]),
            ]
        )
    )
    information = st.fixed_dictionaries(
        {"station_id": ids, "name": text, "lat": DEGREES, "lon": DEGREES},
        optional={
            "capacity": SPACES,
            "region_id": st.one_of(st.none(), ids),
            "is_virtual_station": flag,
            "vehicle_docks_capacity": DOCKS_BY_TYPES,
            "vehicle_type_capacity": counts_by(TYPE_IDS),
            "rental_uris": st.just({"ios": "https://x"}),
            "station_area": st.just({"type": "Polygon", "coordinates": [[[1.5, 2]]]}),
            "external_id": st.one_of(st.integers(), LETTERS),
        },
    )
    reported = draw(st.sampled_from(["", ".123456", ".1234567"]).map(times) | st.just(POSIX))
    total = draw(st.sampled_from(["num_bikes_available", "num_vehicles_available", "numBikesAvailable"]))
    types: dict[str, Any] = draw(
        st.sampled_from(
            [
                {},
                {"vehicle_types_available": BY_ID},
                {"vehicle_types_available": counts_by(TYPE_IDS)},
                {"num_bikes_available_types": counts_by(WORDS)},
                {"num_bikes_available_types": st.lists(counts_by(WORDS), max_size=3)},
                {"num_ebikes_available": COUNTS},
                {"vehicle_types_available": BY_ID, "num_ebikes_available": COUNTS},
            ]
        )
    )
    required: dict[str, Any] = {"station_id": ids, total: COUNTS, "last_reported": reported}
    others: dict[str, Any] = {
        "num_docks_available": SPACES,
        "vehicle_docks_available": DOCKS_BY_TYPES,
        "num_bikes_disabled": st.one_of(COUNTS, LETTERS),
    }
    flags = dict.fromkeys(("is_installed", "is_renting", "is_returning"), flag)
    status = st.fixed_dictionaries(required, optional={**types, **flags, **others})
    region = st.none() | st.fixed_dictionaries({"region_id": ids, "name": text})
    described = st.one_of(information, information, information, st.none())
    pair = st.builds(_record, described, status, region)
    alone = st.builds(_record, information, st.none(), region)
    return draw(st.lists(st.one_of(pair, pair, pair, alone), min_size=1, max_size=6))


def _record(information: Any, status: Any, region: Any) -> dict[str, Any]:
    record = {"information": information, "status": status}
    return record if region is None else {**record, "region": region}


JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=5)),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.dictionaries(st.sampled_from(["vehicle_type_id", "count", "text", "x"]), inner, max_size=3),
    ),
    max_leaves=4,
)
FIELDS = [
    "information.station_id",
    "information.name",
    "information.lat",
    "information.capacity",
    "information.region_id",
    "information.vehicle_type_capacity",
    "status.station_id",
    "status.num_bikes_available",
    "status.is_renting",
    "status.num_docks_available",
    "status.last_reported",
    "status.vehicle_types_available",
    "status.num_bikes_available_types",
    "status.num_ebikes_available",
    "status.vehicle_docks_available",
    "region.name",
]


def changed(
    rows: list[dict[str, Any]], position: int, path: str, value: Any, whole: Any
) -> list[dict[str, Any]]:
    """Return the records with another value in one of them; `whole` replaces its part, unless `...`."""
    part, _, name = path.partition(".")
    position %= len(rows)
    fields = rows[position].get(part) or {}
    row = rows[position] | {part: fields | {name: value} if whole is ... else whole}
    return [*rows[:position], row, *rows[position + 1 :]]


ODD_RECORDS = st.builds(
    changed,
    records(),
    st.integers(0, 4),
    st.sampled_from(FIELDS),
    st.one_of(JSON, SPACES, POSIX, RFC_3339, BY_ID, LOCALIZED),
    st.one_of(st.just(...), st.just(...), st.just(...), st.sampled_from([None, {}, [], "x", {"x": 1}])),
)
