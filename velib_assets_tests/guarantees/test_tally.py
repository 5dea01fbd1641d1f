"""The table that `make guarantees` keeps: whole, and a row of it measured anew."""

from velib_assets_tests.guarantees.promises import PROMISES
from velib_assets_tests.guarantees.tally import BROKEN, KEPT, UNPROVEN, Row, table_of


def rows(passed: int, **special: Row) -> dict[str, Row]:
    return {name: special.get(name, Row(passed)) for name in PROMISES}


def states(table: str) -> dict[str, tuple[str, str]]:
    """The state and the number of tests in each row, by the promise's words."""
    cells = [[cell.strip() for cell in line.split("|")] for line in table.splitlines()[2:]]
    return {cell[2]: (cell[3], cell[4]) for cell in cells}


def test_a_row_is_kept_only_where_every_test_of_it_passed() -> None:
    table = table_of(rows(3, raw=Row(2, failed=["x"]), clean=Row(2, skipped=["y"]), slots=Row()))
    found = list(states(table).values())
    assert found[:4] == [(UNPROVEN, "0"), (BROKEN, "3"), (UNPROVEN, "2"), (KEPT, "3")]


def test_a_row_that_is_measured_anew_leaves_the_others_as_they_were() -> None:
    before = table_of(rows(3, soak=Row(1, failed=["x"], figures={"ticks": 2976})))
    after = table_of(rows(0, soak=Row(2, figures={"ticks": 16})), ["soak"], f"\n{before}\n\n")
    soak = PROMISES["soak"]
    assert states(after) == {**states(before), soak: (KEPT, "2")}
    assert "16 ticks" in after
    assert "2,976" not in after
