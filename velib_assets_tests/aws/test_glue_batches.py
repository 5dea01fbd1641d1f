"""Glue answers a batch of partitions in part: nothing that it leaves is lost.

The stub verifies that the responses have the shapes of the service model. The emulator never answers in part.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from velib_assets.aws.api import AwsError
from velib_assets.catalog import glue_batches, glue_calls
from velib_assets.catalog.catalog import Partition
from velib_assets.catalog.declared_tables import SOURCE_VELIB, table_input
from velib_assets.catalog.glue_table import GlueTable
from velib_assets.lake.keys import clean_key, date_hour
from velib_assets_tests.samples import HOUR

CATALOG = GlueTable("velib_db_tf", "bucket", "us-east-1")
TABLE = {"DatabaseName": "velib_db_tf", "TableName": "source_velib"}
PARTS = [
    Partition(hour, clean_key(hour), 40, 1000, "new")
    for hour in (HOUR + timedelta(hours=n) for n in range(3))
]
VALUES = [list(date_hour(part.hour)) for part in PARTS]
KEYS = [{"Values": values} for values in VALUES]


@pytest.fixture
def glue(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """Return a client with queued responses; any other call fails."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    made = boto3.client("glue", "us-east-1")
    monkeypatch.setattr(glue_calls, "client", lambda *_: made)
    monkeypatch.setattr(glue_batches, "_PAUSE", 0)
    with Stubber(made) as stub:
        yield stub
        stub.assert_no_pending_responses()


def entry(part: Partition) -> dict[str, Any]:
    """Return a partition as Glue shows it."""
    return CATALOG._input(part)


def answers_read(glue: Stubber, keys: list[Any], found: list[Partition], unread: list[Any]) -> None:
    response = {"Partitions": [entry(part) for part in found], "UnprocessedKeys": unread}
    glue.add_response("batch_get_partition", response, {**TABLE, "PartitionsToGet": keys})


def answers_create(glue: Stubber, parts: list[Partition], *failed: tuple[int, str]) -> None:
    expected = {**TABLE, "PartitionInputList": [entry(part) for part in parts]}
    errors = [{"PartitionValues": VALUES[n], "ErrorDetail": detail(code)} for n, code in failed]
    glue.add_response("batch_create_partition", {"Errors": errors} if errors else {}, expected)


def answers_update(glue: Stubber, parts: list[Partition], *failed: tuple[int, str]) -> None:
    entries = [
        {"PartitionValueList": list(date_hour(part.hour)), "PartitionInput": entry(part)} for part in parts
    ]
    errors = [{"PartitionValueList": VALUES[n], "ErrorDetail": detail(code)} for n, code in failed]
    glue.add_response("batch_update_partition", {"Errors": errors}, {**TABLE, "Entries": entries})


def detail(code: str) -> dict[str, str]:
    return {"ErrorCode": code, "ErrorMessage": "the reason"}


def answers_table(glue: Stubber) -> None:
    glue.add_response("get_table", {"Table": table_input(SOURCE_VELIB, "bucket")})


def test_partitions_that_glue_leaves_are_read_again(glue: Stubber) -> None:
    answers_read(glue, KEYS, PARTS[1:2], [KEYS[0], KEYS[2]])
    answers_read(glue, [KEYS[0], KEYS[2]], [], [KEYS[0], KEYS[2]])
    answers_read(glue, [KEYS[0], KEYS[2]], [PARTS[0]], [KEYS[2]])
    answers_read(glue, [KEYS[2]], [PARTS[2]], [])
    assert CATALOG.partitions(part.hour for part in PARTS) == PARTS


def answers_listing(glue: Stubber, found: list[Partition]) -> None:
    day = f"{HOUR:%Y-%m-%d}"
    expression = f"date >= '{day}' AND date <= '{day}'"
    expected = {**TABLE, "Expression": expression, "ExcludeColumnSchema": True}
    glue.add_response("get_partitions", {"Partitions": [entry(part) for part in found]}, expected)


def test_keys_that_glue_never_processes_are_looked_up_in_a_listing(glue: Stubber) -> None:
    """Glue may name partitions that do not exist among those that it did not process."""
    for _ in range(2):
        answers_read(glue, KEYS[:2], [], KEYS[:2])
    answers_listing(glue, [PARTS[1], PARTS[2]])
    assert CATALOG.partitions(part.hour for part in PARTS[:2]) == [PARTS[1]]


def test_slow_progress_ends_with_a_listing(glue: Stubber) -> None:
    keys = KEYS[:2]
    for _ in range(glue_batches.ROUNDS):
        answers_read(glue, keys, PARTS[2:], KEYS[:1])
        keys = KEYS[:1]
    answers_listing(glue, PARTS[:1])
    assert PARTS[0] in CATALOG.partitions(part.hour for part in PARTS[:2])


def test_known_hour_is_not_created_because_glue_left_it(glue: Stubber) -> None:
    answers_table(glue)
    answers_read(glue, KEYS[:1], [], KEYS[:1])
    answers_read(glue, KEYS[:1], PARTS[:1], [])
    assert CATALOG.register(PARTS[:1]) == 0


def test_partition_that_another_writer_created_is_updated(glue: Stubber) -> None:
    """Its digest may be older; the caller compares it with the file again (`register_until_stable`)."""
    older = PARTS[2]._replace(digest="older")
    answers_table(glue)
    answers_read(glue, KEYS, [older], [])
    answers_create(glue, PARTS[:2], (1, "AlreadyExistsException"))
    answers_update(glue, [PARTS[2], PARTS[1]])
    assert CATALOG.register(PARTS) == 3


def test_partition_that_another_process_deleted_is_created(glue: Stubber) -> None:
    answers_table(glue)
    answers_read(glue, KEYS[:1], [PARTS[0]._replace(digest="older")], [])
    answers_update(glue, PARTS[:1], (0, "EntityNotFoundException"))
    answers_create(glue, PARTS[:1])
    assert CATALOG.register(PARTS[:1]) == 1


def test_partition_that_changes_for_ever_is_an_error(glue: Stubber) -> None:
    answers_table(glue)
    answers_read(glue, KEYS[:1], [], [])
    for _ in range(glue_batches.ROUNDS):
        answers_create(glue, PARTS[:1], (0, "AlreadyExistsException"))
        answers_update(glue, PARTS[:1], (0, "EntityNotFoundException"))
    with pytest.raises(AwsError, match="another process creates and deletes them"):
        CATALOG.register(PARTS[:1])


@pytest.mark.parametrize("code", ["InternalServiceException", "EntityNotFoundException"])
def test_any_other_failure_of_a_partition_names_it(glue: Stubber, code: str) -> None:
    answers_table(glue)
    answers_read(glue, KEYS[:1], [], [])
    answers_create(glue, PARTS[:1], (0, code))
    with pytest.raises(AwsError, match=f"did not register the partition {'/'.join(VALUES[0])}: {code}"):
        CATALOG.register(PARTS[:1])
