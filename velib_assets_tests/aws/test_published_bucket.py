"""A data set in a bucket: its sums are written last, and nothing else is replaced."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from velib_assets.aws.api import AwsError
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.store import Change
from velib_assets.publish.bucket_target import write_bucket
from velib_assets.publish.dataset import sums
from velib_assets.publish.file_names import DATA_PACKAGE, SUMS
from velib_assets.publish.target_contents import TargetError
from velib_assets_tests.aws.emulator.server import Emulator
from velib_assets_tests.aws.twin_lakes import default_credentials

PREFIX = "published/velib-2022-06"


def edition(text: str, name: str = "velib-2022-06") -> dict[str, bytes]:
    files = {
        "data.parquet": text.encode(),
        DATA_PACKAGE: json.dumps({"name": name}).encode(),
        "README.md": text.encode(),
    }
    return {**files, SUMS: sums(files)}


@pytest.fixture(autouse=True)
def credentials(emulator: Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    with default_credentials(emulator.env(), monkeypatch):
        yield


def contents(bucket: str) -> dict[str, bytes]:
    store = BucketStore(bucket)
    return {item.key[len(PREFIX) + 1 :]: store.read(item.key) for item in store.walk(f"{PREFIX}/")}


def test_earlier_edition_is_replaced(bucket: str) -> None:
    for text in ("one", "two", "two"):
        write_bucket(bucket, PREFIX, edition(text), "")
        assert contents(bucket) == edition(text)


def test_damaged_edition_is_repaired(bucket: str) -> None:
    write_bucket(bucket, PREFIX, edition("one"), "")
    BucketStore(bucket).publish([Change(f"{PREFIX}/data.parquet", b"damaged")], lambda: True)
    write_bucket(bucket, PREFIX, edition("one"), "")
    assert contents(bucket) == edition("one")


def test_interrupted_writer_leaves_no_sums(bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """At any step. The next writer completes the edition."""
    publish = BucketStore.publish
    for steps in range(len(edition("x"))):
        write_bucket(bucket, PREFIX, edition("before"), "")
        left = [True] * (steps + 1)

        def interrupted(store: BucketStore, *arguments: object, left: list[bool] = left) -> bool:
            if not left:
                raise AwsError("the network is gone")
            left.pop()
            return publish(store, *arguments)  # type: ignore[arg-type]

        with monkeypatch.context() as patch, pytest.raises(AwsError):
            patch.setattr(BucketStore, "publish", interrupted)
            write_bucket(bucket, PREFIX, edition(f"after {steps}"), "")
        assert SUMS not in contents(bucket)
        write_bucket(bucket, PREFIX, edition("done"), "")
        assert contents(bucket) == edition("done")


def test_first_edition_can_be_completed_after_an_interruption(bucket: str) -> None:
    BucketStore(bucket).create(f"{PREFIX}/data.parquet", b"one")
    write_bucket(bucket, PREFIX, edition("one"), "")
    assert contents(bucket) == edition("one")


@pytest.mark.parametrize(
    ("name", "data", "reason"),
    [
        ("notes.txt", b"mine", "it has notes.txt"),
        ("below/data.parquet", b"mine", "it has below/data.parquet"),
        (DATA_PACKAGE, b'{"name": "velib-2022-05"}', "it has velib-2022-05"),
    ],
)
def test_foreign_objects_are_refused_and_stay(bucket: str, name: str, data: bytes, reason: str) -> None:
    BucketStore(bucket).create(f"{PREFIX}/{name}", data)
    with pytest.raises(TargetError, match=reason):
        write_bucket(bucket, PREFIX, edition("one"), "")
    assert contents(bucket) == {name: data}


def test_missing_bucket_is_an_error_of_aws(bucket: str) -> None:
    with pytest.raises(AwsError, match="no-such-bucket"):
        write_bucket(f"no-such-bucket-{bucket}", PREFIX, edition("one"), "")
