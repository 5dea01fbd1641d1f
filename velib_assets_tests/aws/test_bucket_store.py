"""Two writers of the bucket store, in every order of their steps."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError

from velib_assets.lake import bucket_store
from velib_assets.lake.bucket_store import BucketStore
from velib_assets.lake.store import Change, Stored

REJECTS, CLEAN = "rejects/h", "clean/h"
STEPS = 5  # of an undisturbed writer: two reads, the check, two writes


class Bucket:
    """The part of S3 that a writer uses. Each call waits for the turn of its writer."""

    def __init__(self) -> None:
        self.meta = SimpleNamespace(service_model=SimpleNamespace(service_name="s3"), endpoint_url="")
        self.objects: dict[str, bytes] = {}
        self.turns = Turns([])

    def head_object(self, Key: str, **_: Any) -> Any:  # noqa: N803 - boto3's names
        """Return the ETag, or 404."""
        with self.turns.own():
            if Key not in self.objects:
                raise ClientError({"Error": {"Code": "404"}}, "HeadObject")
            return {"ETag": self.objects[Key].decode()}

    def put_object(self, Key: str, Body: bytes, IfMatch: str = "", IfNoneMatch: str = "", **_: Any) -> Any:  # noqa: N803
        """Store the object, or return 412."""
        with self.turns.own():
            current = self.objects.get(Key, b"").decode()
            if current != IfMatch or (IfNoneMatch and current):
                raise ClientError({"Error": {"Code": "PreconditionFailed"}}, "PutObject")
            self.objects[Key] = Body


class Turns:
    """Whose turn it is: in the given order, then in the order of the calls."""

    def __init__(self, order: list[str]) -> None:
        self._left = order
        self._changed = threading.Condition()

    @contextmanager
    def own(self) -> Iterator[None]:
        """Wait for the turn of the calling thread."""
        name = threading.current_thread().name
        with self._changed:
            assert self._changed.wait_for(lambda: self._left[:1] in ([], [name]), 60)
        yield
        with self._changed:
            self._left = self._left[1:]
            self._changed.notify_all()

    def done(self) -> None:
        """End the turns of a finished writer."""
        name = threading.current_thread().name
        with self._changed:
            self._left = [other for other in self._left if other != name]
            self._changed.notify_all()


def orders() -> Iterator[list[str]]:
    """Yield every interleaving of the older writer's steps with the newer's, which begins with new raw."""
    for places in itertools.combinations(range(2 * STEPS + 1), STEPS):
        yield ["older" if index in places else "newer" for index in range(2 * STEPS + 1)]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Bucket:
    """The bucket that every BucketStore uses."""
    fake = Bucket()
    monkeypatch.setattr(bucket_store, "_client", lambda *_: (fake, "1"))
    monkeypatch.setattr(bucket_store, "_pause", lambda _: None)
    return fake


@pytest.mark.promise("readers")
@pytest.mark.parametrize("before", [None, b"0"], ids=["first", "again"])
def test_writer_that_saw_more_raw_wins_in_every_order(bucket: Bucket, before: bytes | None) -> None:
    """In all 462 orders, both objects are its own in the end."""
    tried = 0
    for order in orders():
        bucket.objects = {REJECTS: before, CLEAN: before} if before else {}
        bucket.turns = Turns(order)
        raw = {"count": 1}

        def write(count: int, raw: dict[str, int] = raw) -> None:
            def still() -> bool:
                with bucket.turns.own():
                    return raw["count"] == count

            if count > 1:
                with bucket.turns.own():
                    raw["count"] = count
            data = str(count).encode()
            BucketStore("b").publish([Change(REJECTS, data), Change(CLEAN, data)], still)
            bucket.turns.done()

        threads = [
            threading.Thread(target=write, args=(count,), name=name)
            for count, name in enumerate(("older", "newer"), 1)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert bucket.objects == {REJECTS: b"2", CLEAN: b"2"}, order
        tried += 1
    assert tried == 462


def test_folder_created_in_the_console_is_not_an_object(monkeypatch: pytest.MonkeyPatch) -> None:
    """Otherwise its hour would always be outdated, because days are walked and hours are listed."""
    keys = ["clean/h/", "clean/h/.hidden", "clean/h/stations.parquet"]
    page = {"Contents": [{"Key": key, "Size": 1, "ETag": "e"} for key in keys]}
    monkeypatch.setattr(BucketStore, "_pages", lambda *_, **__: [page])
    store = BucketStore("b")
    assert store.walk("clean/") == store.list("clean/h/") == [Stored(keys[-1], 1, "e")]
