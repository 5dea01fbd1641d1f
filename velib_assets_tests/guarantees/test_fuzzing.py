"""No input crashes or hangs the decoders, the audit or clean; nothing is lost; both paths agree.

The short form runs the corpus, earlier findings and a fixed number of derandomized examples; the full form
runs more examples, larger hostile inputs and a minute of atheris (`make fuzz`).
"""

import gzip
import subprocess
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch

import pytest
from hypothesis import strategies as st

from velib_assets.clean import hour
from velib_assets.clean.assemble import assemble
from velib_assets.ingest.audit import audit
from velib_assets.ingest.decode import decode
from velib_assets.ingest.feeds.archive import Archive, ArchiveUnreadableError
from velib_assets.ingest.json_document import MAX_DEPTH, dump
from velib_assets.ingest.raw_object import gunzip
from velib_assets.ingest.response import FeedResponse, UnusableError
from velib_assets_tests.guarantees.fuzz import seeds
from velib_assets_tests.guarantees.fuzz.properties import HOUR, assert_response_holds
from velib_assets_tests.guarantees.fuzz.shapes import FINDINGS, GOOD, SHAPES, explore
from velib_assets_tests.guarantees.mutations import ROOT
from velib_assets_tests.samples import body, pair, record

pytestmark = pytest.mark.promise("fuzzing")
Figure = Callable[[str, float], None]

SHORT, FULL = 40, 1000
# CPU seconds per started MB. The findings took minutes.
MOST_SECONDS = 20.0


@pytest.mark.parametrize("shape", SHAPES)
def test_properties_hold_for_examples(shape: str, full: bool, figure: Figure) -> None:
    examples = FULL if full else SHORT
    explore(SHAPES[shape], seeds.holds, examples)
    figure("generated inputs", examples)


def test_properties_hold_for_seeds(figure: Figure) -> None:
    for seed in seeds.corpus():
        seeds.holds(seed)
    figure("seeds", len(seeds.corpus()))


@pytest.mark.parametrize("finding", FINDINGS)
def test_findings_are_fixed(finding: str, figure: Figure) -> None:
    seeds.holds(FINDINGS[finding])
    figure("findings fixed", 1)


@pytest.mark.parametrize("family", seeds.HOSTILE)
def test_time_grows_no_faster_than_the_input(family: str, full: bool) -> None:
    kind, make = seeds.HOSTILE[family]
    data = seeds.pack(kind, *make(50_000 if full else 3000))
    began = time.process_time()
    seeds.holds(data)
    assert time.process_time() - began < MOST_SECONDS * (1 + len(data) // 1_000_000)


def test_gzip_bomb_is_refused_early() -> None:
    """A megabyte of gzip can contain a gigabyte; all members count."""
    member = gzip.compress(bytes(50_000_000), 9)
    tracemalloc.start()
    try:
        with pytest.raises(UnusableError, match="larger than"):
            gunzip(member * 20)
        assert tracemalloc.get_traced_memory()[1] < 250_000_000
    finally:
        tracemalloc.stop()


def test_gzip_with_many_members_is_refused() -> None:
    """Each costs a copy of the rest: 64 MB of empty members would take hours."""
    with pytest.raises(UnusableError, match="members"):
        gunzip(gzip.compress(b"") * 1000)


def test_gbfs_join_is_limited() -> None:
    """One long name and a thousand entries of its station: 2 MB that would become a gigabyte."""
    one = pair("1")
    with pytest.raises(UnusableError, match="larger than"):
        decode(
            FeedResponse(
                "gbfs",
                {
                    "station_information": dump([one["information"] | {"name": "x" * 1_000_000}]).replace(
                        b"[", b'{"stations": [', 1
                    )
                    + b"}",
                    "station_status": b'{"stations": ' + dump([one["status"]] * 1000) + b"}",
                },
            )
        )


@pytest.mark.parametrize("depth", [MAX_DEPTH - 2, MAX_DEPTH - 1, 900, 985, 990, 995, 1000])
def test_depth_limit_does_not_depend_on_the_call_stack(depth: int) -> None:
    """Python's own limit does: a response could pass one audit and fail the other."""
    response = FeedResponse(
        "opendata", {"body": body([record("1")])[:-2] + b', "x": ' + b"[" * depth + b"]" * depth + b"}]"}
    )

    def code_of(frames: int) -> str:
        if frames:
            return code_of(frames - 1)
        try:
            audit(decode(response).records, "opendata")
        except UnusableError as error:
            return error.code
        return ""

    assert code_of(0) == code_of(100) == ("" if depth <= MAX_DEPTH - 2 else "not_json")


NAMES = st.one_of(
    st.sampled_from(["20220604T101500Z.json", "20220604T101500Z.json.gz", "velib_20220604_101500.json.gz"]),
    st.from_regex(r"\A(velib_)?[0-9TZ_]{8,16}\.json(\.gz)?\Z", fullmatch=True),
    st.text(st.characters(codec="utf-8", exclude_characters="/\0"), min_size=1, max_size=20).filter(
        lambda name: name not in (".", "..") and len(name.encode()) < 200
    ),
)


def test_archive_of_any_files_is_read_or_refused(full: bool, figure: Figure) -> None:
    """With any names and bytes, each snapshot has its bytes or a problem."""

    def check(files: dict[str, bytes]) -> None:
        with TemporaryDirectory() as folder:
            for name, data in files.items():
                (Path(folder) / name).write_bytes(data)
            archive = Archive(folder)
            try:
                hours = archive.recorded_hours(HOUR.replace(year=1970), HOUR.replace(year=9999))
            except ArchiveUnreadableError:
                return
            for snapshot in (one for hour in hours for one in archive.recorded(hour)):
                assert list(snapshot.response.bodies) == ["body"]
                assert snapshot.problem is None or str(snapshot.problem).isprintable()

    examples = (FULL if full else SHORT) // 2
    stored = st.sampled_from([b"", b"[]", *(seeds.unpack(seed)[1][0] for seed in GOOD)])
    explore(st.dictionaries(NAMES, st.one_of(st.binary(max_size=30), stored), max_size=4), check, examples)
    figure("generated inputs", examples)


def test_properties_can_fail() -> None:
    """The properties detect a lost row; otherwise they would prove nothing."""

    def lossy(*args: Any) -> Any:
        table, counts = assemble(*args)
        return table.slice(1), counts

    with patch.object(hour, "assemble", lossy), pytest.raises(AssertionError):
        assert_response_holds("opendata", {"body": body([record("1"), record("2")])})


def test_atheris_finds_nothing_in_a_minute(full: bool, figure: Figure, tmp_path: Path) -> None:
    """Coverage-guided; only in the full form."""
    if not full:
        return
    command = ["make", "fuzz", "SECONDS=60", f"FUZZ_FOLDER={tmp_path}"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=600, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-3000:]
    runs = [line.split()[-1] for line in done.stderr.splitlines() if "number_of_executed_units" in line]
    figure("inputs of atheris", float(runs[0]))
