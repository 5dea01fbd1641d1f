"""The table that `make guarantees` writes: all rows, or one row updated."""

from velib_assets_tests.guarantees.promises import PROMISES
from velib_assets_tests.guarantees.tally import BROKEN, KEPT, UNPROVEN, Row, table_of


def rows(passed: int, **special: Row) -> dict[str, Row]:
    return {name: special.get(name, Row(passed)) for name in PROMISES}


def states(table: str) -> dict[str, tuple[str, str]]:
    """Return state and number of tests of each row, by the promise's title."""
    cells = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()[2:]]
    return {cell[2]: (cell[3], cell[4]) for cell in cells}


def test_promise_is_kept_only_if_all_its_tests_passed() -> None:
    table = table_of(rows(3, raw=Row(2, failed=["x"]), clean=Row(2, skipped=["y"]), slots=Row()))
    rows_of_table = list(states(table).values())
    assert rows_of_table[:4] == [(UNPROVEN, "0"), (BROKEN, "3"), (UNPROVEN, "2"), (KEPT, "3")]


def test_updating_one_row_leaves_others_unchanged() -> None:
    before = table_of(rows(3, soak=Row(1, failed=["x"], figures={"ticks": 2976})))
    after = table_of(rows(0, soak=Row(2, figures={"ticks": 16})), ["soak"], f"\n{before}\n\n")
    soak = PROMISES["soak"]
    assert states(after) == {**states(before), soak: (KEPT, "2")}
    assert "16 ticks" in after
    assert "2,976" not in after
