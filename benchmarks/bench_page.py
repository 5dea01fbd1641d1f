"""The report's page in a browser: its size, and when it paints. `python benchmarks/bench_page.py PAGE`.

PAGE is what `velib report` printed. First paint: the first words and numbers; map: when it is drawn; all:
when every picture was scrolled to and drawn. Milliseconds after opening the page, the median of several.
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
    """Open the page at both widths and print the table."""
    size = page.stat().st_size / 1e6
    with TemporaryDirectory() as profile, reader(Path(profile)) as browser:
        rows = [[f"{width} px", f"{size:.2f} MB", *times(browser, page, width)] for width in (360, 1280)]
    print(tabulate(rows, ["width", "size", "first paint", "map", "all"], tablefmt="github"))


def times(browser: Reader, page: Path, width: int) -> list[str]:
    """Medians of first paint, map and all, in milliseconds."""
    found = []
    for _ in range(ROUNDS):
        browser.read(page, width)
        paint = float(browser.run(FIRST_PAINT))
        if missing := browser.draw_all():
            sys.exit(f"not drawn: {', '.join(missing)}")
        drawn = [float(when) for when in browser.run(DRAWN)]
        found.append((paint, drawn[0], max(drawn)))
    return [f"{median(column):.0f} ms" for column in zip(*found, strict=True)]


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("Say which page: the path that `velib report` prints")
    main(Path(sys.argv[1]).resolve())
