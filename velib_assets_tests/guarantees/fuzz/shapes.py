"""Inputs that hypothesis generates, the same in each run, and earlier findings."""

from collections.abc import Callable
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from velib_assets.ingest.json_document import dump
from velib_assets_tests.clean.test_clean_properties import JSON, ODD, ODD_PAIR, ORDINARY, PAIR
from velib_assets_tests.guarantees.fuzz import seeds
from velib_assets_tests.samples import body, record

# Inputs that crashed, hung or were typed differently by the two paths, before each was fixed.
FINDINGS = {
    "RecursionError: nested before the results": seeds.pack(
        "document", b'{"a": ' + seeds.deep(1500) + b', "results": [{"stationcode": "1"}]}'
    ),
    "paths disagree: nested in a field that is new": seeds.pack(
        "document",
        b'{"results": ' + body([record("1")])[:-2] + b', "x": ' + b"[" * 1500 + b"]" * 1500 + b"}]}",
    ),
    "paths disagree: nested before the results, less deep": seeds.pack(
        "document", b'{"a": ' + seeds.deep(150) + b', "results": ' + body([record("1")]) + b"}"
    ),
    "paths disagree: not UTF-8 in a field that is not read": seeds.pack(
        "document", b'{"results": ' + seeds.coded(b'"code_insee_commune": "\xcf"') + b"}"
    ),
    "paths disagree: not UTF-8 after the results": seeds.pack(
        "document", b'{"results": ' + seeds.coded(b'"x": 1') + b', "x": [{"y": "\xcf"}]}'
    ),
    "message of 100 KB: a long key": seeds.pack("page", b'{"' + b"k" * 100_000 + b'": []}'),
    "terminal escapes in a message: a key": seeds.pack("page", b'{"\\u001b[31m\\u202e": []}'),
    "a lone surrogate in a message: a key": seeds.pack("export", dump([record("1") | {"\ud800": 1}])),
}


def explore(strategy: st.SearchStrategy[Any], check: Callable[[Any], object], examples: int) -> None:
    """Check that many examples, the same in each run."""
    quiet = settings(
        max_examples=examples,
        derandomize=True,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
    )

    @quiet
    @given(strategy)
    def run(example: Any) -> None:
        check(example)

    run()


def damaged(good: bytes) -> st.SearchStrategy[bytes]:
    """Replace a part of good bytes."""
    stretch = st.tuples(st.integers(0, len(good)), st.integers(0, 40), st.binary(max_size=8))
    return stretch.map(lambda cut: good[: cut[0]] + cut[2] + good[cut[0] + cut[1] :])


PORTAL = st.lists(st.one_of(ORDINARY, ODD), min_size=1, max_size=4)
OPERATOR = st.lists(st.one_of(PAIR, ODD_PAIR), min_size=1, max_size=3)
GOOD = [*seeds.corpus()[:7]]
SHAPES: dict[str, st.SearchStrategy[bytes]] = {
    "any bytes": st.binary(max_size=200),
    "damaged good input": st.sampled_from(GOOD).flatmap(damaged),
    "any JSON": st.builds(
        lambda kind, value: seeds.pack(kind, dump([value])[1:-1]),
        st.sampled_from(["export", "page", "pair", "document"]),
        JSON,
    ),
    "odd records": PORTAL.map(lambda rows: seeds.pack("export", dump(rows))),
    "odd pairs": OPERATOR.map(
        lambda pairs: seeds.pack(
            "pair",
            *(
                dump([{"stations": [one.get(part) for one in pairs]}])[1:-1]
                for part in ("information", "status")
            ),
        )
    ),
    "raw objects that others wrote": st.lists(
        st.builds(
            lambda feed, rows, before, after: dump(
                [
                    {
                        "feed": feed,
                        **before,
                        "results": rows,
                        **{f"{name}_": one for name, one in after.items()},
                    }
                ]
            )[1:-1],
            st.sampled_from(["opendata", "gbfs", "simulator", "other"]),
            st.one_of(PORTAL, OPERATOR, st.lists(JSON, max_size=3)),
            st.dictionaries(st.text("ab", min_size=1, max_size=2), JSON, max_size=2),
            st.dictionaries(st.sampled_from(["results", "feed", "x"]), JSON, max_size=2),
        ),
        min_size=1,
        max_size=3,
    ).map(lambda documents: seeds.pack("documents", *documents)),
}
