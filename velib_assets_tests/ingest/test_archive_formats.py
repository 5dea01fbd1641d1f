"""What archived files contain. Each form gives the rows of the portal's JSON export of the same data."""

from __future__ import annotations

import csv
import gzip
import io
import json
from collections.abc import Mapping
from datetime import datetime, timezone
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from velib_assets.clean.hour import RawObject, clean_hour
from velib_assets.ingest.feeds.archive import Archive
from velib_assets.ingest.feeds.archive_columns import parse_columns
from velib_assets.ingest.step import Ingest
from velib_assets.lake.folder_store import FolderStore
from velib_assets.lake.listing import raw_objects
from velib_assets_tests.samples import HOUR, at, body, pair, record

NAME = "20220604T100000Z"
LABELS = {
    "stationcode": "Identifiant station",
    "name": "Nom station",
    "is_installed": "Station en fonctionnement",
    "capacity": "Capacité de la station",
    "numdocksavailable": "Nombre bornettes libres",
    "numbikesavailable": "Nombre total vélos disponibles",
    "mechanical": "Vélos mécaniques disponibles",
    "ebike": "Vélos électriques disponibles",
    "is_renting": "Borne de paiement disponible",
    "is_returning": "Retour vélib possible",
    "duedate": "Actualisation de la donnée",
    "coordonnees_geo": "Coordonnées géographiques",
    "nom_arrondissement_communes": "Nom communes équipées",
    "code_insee_commune": "Code INSEE communes équipées",
}
PORTAL = [
    record("16107", name='Godard; "Hugo", 2', code_insee_commune="75056"),
    record("31024_relais", capacity=0, numdocksavailable=0, numbikesavailable=0, mechanical=0, ebike=0),
    record("01001", name=None, capacity=None, coordonnees_geo=None, is_renting="NON"),
]


def put(folder: Path, name: str, data: bytes) -> None:
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(gzip.compress(data) if name.endswith(".gz") else data)


def lake_of(folder: Path) -> FolderStore:
    return FolderStore(folder.parent / f"{folder.name}-lake")


def load(folder: Path, columns: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
    """Restore an hour from an archive, clean it, and return its rows."""
    lake = lake_of(folder)
    results = Ingest(lake, Archive(folder, columns=columns or {})).restore(HOUR, at(59))
    assert {result.state for result in results} == {"stored"}, results
    objects = [RawObject(item.key, item.key, lake.read(item.key)) for item in raw_objects(lake, HOUR)]
    rows: list[dict[str, Any]] = clean_hour(HOUR, objects).table.to_pylist()
    return rows


def refusal(folder: Path, columns: Mapping[str, str] | None = None) -> str:
    """Restore an hour with one unusable file; return the reason."""
    (result,) = Ingest(lake_of(folder), Archive(folder, columns=columns or {})).restore(HOUR, at(59))
    assert result.state == "quarantined"
    return result.reason


def portal_rows(tmp_path: Path) -> list[dict[str, Any]]:
    """Return the rows of the portal's JSON export."""
    put(tmp_path / "portal", f"{NAME}.json", body(PORTAL))
    return load(tmp_path / "portal")


@pytest.fixture
def expected(tmp_path: Path) -> list[dict[str, Any]]:
    """The rows of the portal's JSON export."""
    return portal_rows(tmp_path)


def table(*, delimiter: str = ";", names: Mapping[str, str] = LABELS, position: str = "{lat}, {lon}") -> str:
    """The portal's records as its CSV export has them."""
    text = io.StringIO()
    writer = csv.writer(text, delimiter=delimiter, lineterminator="\r\n")
    writer.writerow([names.get(field, field) for field in LABELS])
    for row in PORTAL:
        place = row["coordonnees_geo"]
        cells = {**row, "coordonnees_geo": position.format(**place) if place else ""}
        writer.writerow(["" if cells[field] is None else cells[field] for field in LABELS])
    return text.getvalue()


@pytest.mark.parametrize("names", [LABELS, {}], ids=["labels", "technical"])
@pytest.mark.parametrize("delimiter", [";", ",", "\t"])
@pytest.mark.parametrize(("encoding", "ending"), [("utf-8", ""), ("utf-8-sig", ".gz")])
def test_csv_export_gives_the_same_rows(
    tmp_path: Path, names: Mapping[str, str], delimiter: str, encoding: str, ending: str
) -> None:
    text = table(delimiter=delimiter, names=names)
    put(tmp_path / "csv", f"{NAME}.csv{ending}", text.encode(encoding))
    assert load(tmp_path / "csv") == portal_rows(tmp_path)


@pytest.mark.parametrize("position", ["{lat},{lon}", "[{lat}, {lon}]", "{{'lon': {lon}, 'lat': {lat}}}"])
def test_position_may_be_any_text(tmp_path: Path, expected: list[dict[str, Any]], position: str) -> None:
    put(tmp_path / "csv", f"{NAME}.csv", table(position=position).encode())
    assert load(tmp_path / "csv") == expected


def test_labels_may_have_other_case_and_accents(tmp_path: Path, expected: list[dict[str, Any]]) -> None:
    names = {field: label.upper().replace("É", "E") for field, label in LABELS.items()}
    put(tmp_path / "csv", f"{NAME}.csv", table(names=names).encode())
    assert load(tmp_path / "csv") == expected


def test_counts_that_pandas_wrote_as_floats_are_whole(tmp_path: Path, expected: list[dict[str, Any]]) -> None:
    text = table(names={}, delimiter=",").replace(",20,12,8,5,3,", ",20.0,12.0,8.0,5.0,3.0,")
    assert "20.0" in text
    put(tmp_path / "csv", f"{NAME}.csv", text.encode())
    assert load(tmp_path / "csv") == expected


def test_content_counts_more_than_the_extension(tmp_path: Path, expected: list[dict[str, Any]]) -> None:
    put(tmp_path / "a", f"{NAME}.json", table().encode())
    put(tmp_path / "b", f"{NAME}.csv", body(PORTAL))
    put(tmp_path / "c", NAME, table().encode("utf-8-sig"))
    assert load(tmp_path / "a") == load(tmp_path / "b") == load(tmp_path / "c") == expected


def test_empty_cells_behind_the_last_column_do_not_matter(
    tmp_path: Path, expected: list[dict[str, Any]]
) -> None:
    header, _, lines = table().partition("\r\n")
    put(tmp_path / "csv", f"{NAME}.csv", (header + "\r\n" + lines.replace("\r\n", ";;\r\n")).encode())
    assert load(tmp_path / "csv") == expected


def test_codes_stay_text(tmp_path: Path) -> None:
    put(tmp_path / "csv", f"{NAME}.csv", table().encode())
    assert [row["station_id"] for row in load(tmp_path / "csv")] == ["01001", "16107", "31024_relais"]


def test_geojson_gives_the_same_rows(tmp_path: Path, expected: list[dict[str, Any]]) -> None:
    features = [
        {
            "type": "Feature",
            "properties": {name: value for name, value in row.items() if name != "coordonnees_geo"},
            "geometry": {"type": "Point", "coordinates": [place["lon"], place["lat"]]} if place else None,
        }
        for row in PORTAL
        for place in [row["coordonnees_geo"]]
    ]
    document = {"type": "FeatureCollection", "features": features}
    put(tmp_path / "json", f"{NAME}.json", json.dumps(document).encode())
    assert load(tmp_path / "json") == expected


@pytest.mark.parametrize("total", [False, True])
def test_json_with_labels_gives_the_same_rows(
    tmp_path: Path, expected: list[dict[str, Any]], total: bool
) -> None:
    rows = [{LABELS[field]: value for field, value in row.items()} for row in PORTAL]
    document = {"total_count": len(rows), "results": rows} if total else rows
    put(tmp_path / "json", f"{NAME}.json", json.dumps(document).encode())
    assert load(tmp_path / "json") == expected


def test_earlier_api_of_the_portal_gives_the_same_rows(
    tmp_path: Path, expected: list[dict[str, Any]]
) -> None:
    """Its records have `fields`, without those that are null, and positions with the latitude first."""
    rows = [
        {
            **row,
            "coordonnees_geo": [place["lat"], place["lon"]] if (place := row["coordonnees_geo"]) else None,
        }
        for row in PORTAL
    ]
    records = [{"fields": {name: value for name, value in row.items() if value is not None}} for row in rows]
    document = {"nhits": len(rows), "records": records}
    put(tmp_path / "json", f"{NAME}.json", json.dumps(document).encode())
    assert load(tmp_path / "json") == expected


@pytest.mark.parametrize("names", [LABELS, {}], ids=["labels", "technical"])
def test_parquet_export_gives_the_same_rows(
    tmp_path: Path, expected: list[dict[str, Any]], names: Mapping[str, str]
) -> None:
    rows = [{**row, "duedate": datetime.fromisoformat(row["duedate"])} for row in PORTAL]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist([{names.get(k, k): v for k, v in row.items()} for row in rows]), out)
    put(tmp_path / "parquet", f"{NAME}.parquet", out.getvalue())
    assert load(tmp_path / "parquet") == expected


def pages(size: int, total: int) -> list[bytes]:
    rows = [PORTAL[n : n + size] for n in range(0, len(PORTAL), size)]
    return [json.dumps({"total_count": total, "results": page}).encode() for page in rows]


@pytest.mark.parametrize(
    "names",
    [
        [f"{NAME}_page_{n}.json" for n in (8, 9, 10)],
        [f"20220604T10000{n}Z.json" for n in range(3)],
        [f"{NAME}/{n}.json.gz" for n in range(3)],
    ],
    ids=["names", "seconds", "folder"],
)
def test_pages_of_one_minute_are_put_together(
    tmp_path: Path, expected: list[dict[str, Any]], names: list[str]
) -> None:
    for name, page in zip(names, pages(1, 3)):
        put(tmp_path / "pages", name, page)
    assert load(tmp_path / "pages") == expected


def test_pages_without_the_last_one_give_what_there_is(
    tmp_path: Path, expected: list[dict[str, Any]]
) -> None:
    for n, page in enumerate(pages(1, 3)[:2]):
        put(tmp_path / "pages", f"{NAME}_{n}.json", page)
    assert load(tmp_path / "pages") == [row for row in expected if row["station_id"] != "01001"]


def test_pages_may_cross_a_minute(tmp_path: Path) -> None:
    for name, page in zip(("20220604T100058Z", "20220604T100059Z", "20220604T100102Z"), pages(1, 3)):
        put(tmp_path / "pages", f"{name}.json", page)
    assert {row["ingested_ts"] for row in load(tmp_path / "pages")} == {at(0, 58)}


def test_pages_of_the_next_minute_are_another_snapshot(tmp_path: Path) -> None:
    for minute in (0, 1, 2):
        for n, page in enumerate(pages(2, 3)):
            put(tmp_path / "pages", f"20220604T10{minute:02}Z_page{n}.json", page)
    rows = load(tmp_path / "pages")
    assert (len(rows), {row["ingested_ts"] for row in rows}) == (9, {at(0), at(1), at(2)})


def test_second_copy_of_a_page_is_reported(tmp_path: Path) -> None:
    names = [f"20220604T1000{n:02}Z.json" for n in range(4)]
    for name, page in zip(names, [*pages(1, 3), pages(1, 3)[1]]):
        put(tmp_path / "pages", name, page)
    stored, unread = Ingest(lake_of(tmp_path / "pages"), Archive(tmp_path / "pages")).restore(HOUR, at(59))
    assert (stored.records, unread.code) == (3, "unread")
    assert unread.reason.startswith(names[3])


def test_damaged_page_does_not_affect_the_others(tmp_path: Path) -> None:
    for n, page in enumerate(pages(1, 3)):
        put(tmp_path / "pages", f"{NAME}_{n}.json", page if n else b"<html>")
    results = Ingest(lake_of(tmp_path / "pages"), Archive(tmp_path / "pages")).restore(HOUR, at(59))
    assert [(result.state, result.records) for result in results] == [("quarantined", 0), ("stored", 2)]


def test_json_is_preferred_to_csv(tmp_path: Path) -> None:
    put(tmp_path / "twins", f"{NAME}.csv", table().encode())
    put(tmp_path / "twins", f"{NAME}.json", body(PORTAL[:2]))
    stored, unread = Ingest(lake_of(tmp_path / "twins"), Archive(tmp_path / "twins")).restore(HOUR, at(59))
    assert (stored.records, unread.reason.split(":")[0]) == (2, f"{NAME}.csv")


def test_two_short_answers_of_the_same_stations_are_two_snapshots(tmp_path: Path) -> None:
    """They announce more than they have, but are not pages of one state."""
    page = pages(2, 3)[0]
    for second in (0, 30):
        put(tmp_path / "pages", f"20220604T1000{second:02}Z.json", page)
    assert len({row["ingested_ts"] for row in load(tmp_path / "pages")}) == 2


def gbfs_files() -> dict[str, bytes]:
    """The two files of two stations."""
    pairs = [pair("16107"), pair("1001", station_id=8)]
    pairs[1]["information"]["station_id"] = 8
    return {
        part: json.dumps({"ttl": 3600, "data": {"stations": [both[key] for both in pairs]}}).encode()
        for part, key in (("station_information", "information"), ("station_status", "status"))
    }


@pytest.fixture
def expected_gbfs(tmp_path: Path) -> list[dict[str, Any]]:
    """The rows of the joined records."""
    both = [pair("16107"), pair("1001", station_id=8)]
    put(tmp_path / "joined", f"{NAME}.json", body(both))
    return load(tmp_path / "joined")


@pytest.mark.parametrize(
    ("information", "status"),
    [
        (f"{NAME}/station_information.json", f"{NAME}/station_status.json"),
        (f"{NAME}_station_information.json", f"{NAME}_station_status.json"),
        ("station_information.json.gz", f"{NAME}_station_status.json.gz"),
        ("station_information.json", f"2022/06/04/{NAME}_station_status.json"),
        ("20220604T095959Z_station_information.json", f"{NAME}_station_status.json"),
        ("station_information/20220604.json", f"station_status/{NAME}.json"),
        ("stationInformation_20220604T0000Z.json", f"stationStatus_{NAME}.json"),
    ],
)
def test_gbfs_pair_gives_the_rows_of_the_joined_records(
    tmp_path: Path, expected_gbfs: list[dict[str, Any]], information: str, status: str
) -> None:
    files = gbfs_files()
    put(tmp_path / "gbfs", information, files["station_information"])
    put(tmp_path / "gbfs", status, files["station_status"])
    put(tmp_path / "gbfs", f"{NAME}_system_information.json", b"{}")
    assert load(tmp_path / "gbfs") == expected_gbfs


def test_nearest_station_information_is_used(tmp_path: Path) -> None:
    """A collection may have one per day."""
    files = gbfs_files()
    for day, name in (("20220603", b"Old"), ("20220604", b"New"), ("20220605", b"Later")):
        data = files["station_information"].replace(b"Benjamin Godard", name)
        put(tmp_path / "gbfs", f"{day}T060000Z_station_information.json", data)
    put(tmp_path / "gbfs", f"{NAME}_station_status.json", files["station_status"])
    assert {row["name"] for row in load(tmp_path / "gbfs")} == {"New"}


def test_status_without_information_is_loaded_without_descriptions(
    tmp_path: Path, expected_gbfs: list[dict[str, Any]]
) -> None:
    put(tmp_path / "gbfs", f"{NAME}_station_status.json", gbfs_files()["station_status"])
    rows = load(tmp_path / "gbfs")
    assert [(row["station_id"], row["bikes"], row["name"]) for row in rows] == [
        (row["station_id"], row["bikes"], None) for row in expected_gbfs
    ]


def test_pair_without_a_time_in_its_names_has_its_own(
    tmp_path: Path, expected_gbfs: list[dict[str, Any]]
) -> None:
    files = gbfs_files()
    moment = int(HOUR.timestamp())
    put(tmp_path / "gbfs", "velib/station_information.json", files["station_information"])
    status = files["station_status"].replace(b'"ttl"', b'"lastUpdatedOther": %d, "ttl"' % moment)
    put(tmp_path / "gbfs", "velib/station_status.json", status)
    assert load(tmp_path / "gbfs") == expected_gbfs
    (note,) = Archive(tmp_path / "gbfs").skipped(HOUR, HOUR).notes
    path = "velib/station_status.json"
    assert note == f"{path}: has no time in its name; its `last_updated`, 2022-06-04T10:00:00Z, is used"


def test_pair_without_any_time_is_reported(tmp_path: Path) -> None:
    for part, data in gbfs_files().items():
        put(tmp_path / "gbfs", f"velib/{part}.json", data)
    put(tmp_path / "gbfs", f"{NAME}.json", body(PORTAL))
    assert set(Archive(tmp_path / "gbfs").skipped(HOUR, HOUR).notes) == {
        (
            "1 file is not recognised (velib/station_status.json): "
            "neither its name nor its folder has a date and a time of day"
        ),
        "1 file is not recognised (velib/station_information.json): no station_status belongs to it",
    }


OWN = "code,nb_velos,nb_bornes,titre\n01001,3,7,Ici\n1002,0,10,\n"
COLUMNS = parse_columns("station_id=code, bikes=nb_velos,docks=nb_bornes")


def own_files() -> dict[str, bytes]:
    """One collection as CSV, JSON and Parquet."""
    rows = [
        {"code": "01001", "nb_velos": 3, "nb_bornes": 7, "titre": "Ici"},
        {"code": "1002", "nb_velos": 0, "nb_bornes": 10, "titre": None},
    ]
    out = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(rows), out)
    return {"csv": OWN.encode(), "json": json.dumps(rows).encode(), "parquet": out.getvalue()}


@pytest.mark.parametrize("form", ["csv", "json", "parquet"])
def test_own_columns_fill_the_table(tmp_path: Path, form: str) -> None:
    put(tmp_path / "own", f"{NAME}.{form}", own_files()[form])
    rows = load(tmp_path / "own", COLUMNS)
    assert [(row["station_id"], row["bikes"], row["docks"]) for row in rows] == [
        ("01001", 3, 7),
        ("1002", 0, 10),
    ]
    assert {row[name] for row in rows for name in ("name", "capacity", "is_installed", "reported_ts")} == {
        None
    }


def test_every_column_can_be_mapped(tmp_path: Path, expected: list[dict[str, Any]]) -> None:
    """Positions from two columns, times as epoch seconds, nested values by their path."""
    rows = [
        {
            "id": {"public": row["stationcode"]},
            **{f"x_{name}": row[name] for name in LABELS if name not in ("stationcode", "coordonnees_geo")},
            "x_duedate": int(datetime.fromisoformat(row["duedate"]).timestamp()),
            "y": (row["coordonnees_geo"] or {}).get("lat"),
            "x": (row["coordonnees_geo"] or {}).get("lon"),
        }
        for row in PORTAL
    ]
    columns = parse_columns(
        "station_id=id.public,lat=y,lon=x,name=x_name,commune=x_nom_arrondissement_communes,"
        "capacity=x_capacity,bikes=x_numbikesavailable,docks=x_numdocksavailable,mechanical=x_mechanical,"
        "ebikes=x_ebike,is_installed=x_is_installed,is_renting=x_is_renting,is_returning=x_is_returning,"
        "reported_ts=x_duedate"
    )
    put(tmp_path / "own", f"{NAME}.json", json.dumps(rows).encode())
    assert load(tmp_path / "own", columns) == expected


def test_missing_columns_are_said(tmp_path: Path) -> None:
    put(tmp_path / "own", f"{NAME}.csv", OWN.encode())
    (result,) = Ingest(lake_of(tmp_path / "own"), Archive(tmp_path / "own", columns=COLUMNS)).restore(
        HOUR, at(9)
    )
    assert (result.state, result.code) == ("stored", "missing_columns")
    assert result.reason.split(", ")[:2] == ["name", "is_installed"]
    assert not {"station_id", "bikes", "docks"} & set(result.reason.split(", "))


def test_docks_are_never_derived_from_the_capacity(tmp_path: Path) -> None:
    """Bikes + docks equals the capacity in less than half of the real rows."""
    put(tmp_path / "own", f"{NAME}.csv", b"code,velos,capacity\n1001,3,10\n")
    reason = refusal(tmp_path / "own", parse_columns("station_id=code,bikes=velos"))
    assert reason == (
        "the file has no column for docks; it has: code, velos, capacity. "
        "Add docks=<column of the file> to VELIB_ARCHIVE_COLUMNS"
    )


def test_column_of_the_setting_that_no_file_has_is_named_with_its_pair(tmp_path: Path) -> None:
    """The header has a column for stations, but not the one that the setting names."""
    put(tmp_path / "own", f"{NAME}.csv", b"ident,velos,bornes\n1001,3,10\n")
    reason = refusal(tmp_path / "own", parse_columns("station_id=code,bikes=velos,docks=bornes"))
    assert reason == (
        "the file has no column 'code'; it has: ident, velos, bornes. "
        "Correct station_id=code in VELIB_ARCHIVE_COLUMNS"
    )


def test_parquet_file_with_many_small_rows_says_so(tmp_path: Path) -> None:
    table = pa.table({"stationcode": pa.nulls(200_001, pa.string())})
    pq.write_table(table, tmp_path / f"{NAME}.parquet")
    assert refusal(tmp_path) == "the Parquet file has over 200,000 rows"


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        (f"{NAME}.csv", b"", "the CSV file is empty"),
        (f"{NAME}.csv", b"stationcode;name\n", "the CSV file has a header and no rows"),
        (f"{NAME}.csv", b"<html>\n", "the CSV file has no header with two or more columns"),
        (f"{NAME}.csv", b"a;b\n\xff;1\n", "the CSV file is not UTF-8 at byte 4"),
        (f"{NAME}.csv", b"a;b\n1;2\n", "the file has no column for station_id; it has: a, b"),
        (f"{NAME}.parquet", b"PAR1", "the Parquet file cannot be read: "),
        (f"{NAME}.json", b"<html>", "the response is not JSON"),
    ],
)
def test_unusable_file_is_quarantined_unmodified(tmp_path: Path, name: str, data: bytes, reason: str) -> None:
    put(tmp_path / "bad", name, data)
    assert refusal(tmp_path / "bad").startswith(reason)
    assert data in [path.read_bytes() for path in lake_of(tmp_path / "bad").root.rglob("*.body")]


def test_unusable_table_is_quarantined_unmodified(tmp_path: Path) -> None:
    """Not as the JSON that it would have become."""
    lines = ["stationcode;numbikesavailable;numdocksavailable", *(";1;2" for _ in range(20))]
    put(tmp_path / "bad", f"{NAME}.csv", "\n".join(lines).encode())
    assert refusal(tmp_path / "bad").startswith("only 0 of 20 records have a station code")
    (kept,) = lake_of(tmp_path / "bad").root.rglob("*.body")
    assert kept.read_bytes() == "\n".join(lines).encode()


def test_file_of_several_snapshots_is_quarantined(tmp_path: Path) -> None:
    """All but the first would be dropped as duplicates."""
    text = table() + table().partition("\n")[2]
    put(tmp_path / "long", f"{NAME}.csv", text.encode())
    assert refusal(tmp_path / "long").startswith("the file has 6 records of 3 stations")


def test_row_with_another_number_of_cells_is_rejected(tmp_path: Path) -> None:
    """Its values may be in the wrong columns."""
    rows = [record(str(1001 + n)) for n in range(40)]
    lines = [
        ";".join(str(row[name]) for name in ("stationcode", "numbikesavailable", "numdocksavailable"))
        for row in rows
    ]
    text = "\n".join(["stationcode;numbikesavailable;numdocksavailable", *lines, "1041;Rue; de;3;4"])
    put(tmp_path / "csv", f"{NAME}.csv", text.encode())
    assert len(load(tmp_path / "csv")) == 40


def test_other_records_than_raw_are_reported_and_raw_stays(tmp_path: Path) -> None:
    folder = tmp_path / "twice"
    put(folder, f"{NAME}.json", body(PORTAL))
    load(folder)
    (key,) = [item.key for item in raw_objects(lake_of(folder), HOUR)]
    before = lake_of(folder).read(key)
    assert Ingest(lake_of(folder), Archive(folder)).restore(HOUR, at(59)) == []
    put(folder, f"{NAME}.json", body(PORTAL[:2]))
    (result,) = Ingest(lake_of(folder), Archive(folder)).restore(HOUR, at(59))
    assert (result.state, result.code) == ("present", "different")
    assert f"velib discard 2022-06-04T10 2022-06-04T10 --snapshot {key} --reason TEXT" in result.reason
    assert lake_of(folder).read(key) == before


def test_same_records_in_another_form_do_not_differ(tmp_path: Path) -> None:
    folder = tmp_path / "forms"
    put(folder, f"{NAME}.json", body(PORTAL))
    load(folder)
    put(folder, f"{NAME}.json", json.dumps(PORTAL, indent=1).encode())
    assert Ingest(lake_of(folder), Archive(folder)).restore(HOUR, at(59)) == []


def test_second_file_of_one_time_is_reported(tmp_path: Path) -> None:
    put(tmp_path / "twins", f"a/{NAME}.json", body(PORTAL))
    put(tmp_path / "twins", f"b/{NAME}.json", body(PORTAL[:1]))
    stored, unread = Ingest(lake_of(tmp_path / "twins"), Archive(tmp_path / "twins")).restore(HOUR, at(59))
    assert (stored.records, unread.code) == (3, "unread")
    assert unread.reason == f"b/{NAME}.json: skipped, another file of the archive has the same time"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("code", "is not a pair"),
        ("station_id=", "is not a pair"),
        ("stationcode=code", "is not a column; write one of station_id, name, "),
        ("bikes=a,bikes=b", "is written twice"),
    ],
)
def test_wrong_mapping_says_what_to_write(text: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        parse_columns(text)


def test_time_of_the_archive_is_the_time_of_the_rows(tmp_path: Path) -> None:
    put(tmp_path / "csv", "2022-06-04T12:00:00+02:00.csv", table().encode())
    assert {row["ingested_ts"] for row in load(tmp_path / "csv")} == {
        datetime(2022, 6, 4, 10, tzinfo=timezone.utc)
    }
