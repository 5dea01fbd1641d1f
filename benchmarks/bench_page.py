"""Measures the report's page in a browser. `python benchmarks/bench_page.py PAGE`.

PAGE is the path that `velib report` prints. First paint: the first text; map: when it is drawn; all: when
every chart was scrolled into view and drawn. Values are medians, in milliseconds after opening the page.
"""

import sys
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory

from tabulate import tabulate

from velib_assets_tests.report.reader import Reader, reader

ROUNDS = 7
FIRST_PAINT = "return performance.getEntriesByName('first-contentful-paint')[0].startTime"
DRAWN = "return [...document.querySelectorAll('.chart')].map((box) => Number(box.dataset.drawn))"


def main(page: Path) -> None:
    """Measure the page at both widths and print the table."""
    size = page.stat().st_size / 1e6
    with TemporaryDirectory() as profile, reader(Path(profile)) as browser:
        rows = [[f"{width} px", f"{size:.2f} MB", *times(browser, page, width)] for width in (360, 1280)]
    print(tabulate(rows, ["width", "size", "first paint", "map", "all"], tablefmt="github"))


def times(browser: Reader, page: Path, width: int) -> list[str]:
    """Return the medians of first paint, map and all, in milliseconds."""
    rounds = []
    for _ in range(ROUNDS):
        browser.read(page, width)
        paint = float(browser.run(FIRST_PAINT))
        if missing := browser.draw_all():
            sys.exit(f"not drawn: {', '.join(missing)}")
        drawn = [float(when) for when in browser.run(DRAWN)]
        rounds.append((paint, drawn[0], max(drawn)))
    return [f"{median(column):.0f} ms" for column in zip(*rounds, strict=True)]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Pass the path of the page, which `velib report` prints")
    main(Path(sys.argv[1]).resolve())
