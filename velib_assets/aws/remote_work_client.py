"""Work of a Glue run or a call of the function: its periods as an argument, its results as messages."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

Period = TypeVar("Period")
Result = TypeVar("Result")

MOST_RANGES = 200  # per request, because the length of a run's arguments is limited


@dataclass(frozen=True)
class RemoteWork(Generic[Period, Result]):
    """Work on periods, such as hours.

    Args:
        argument: the argument of the job and the key of the function's event that lists the periods.
        word: what a period is called in messages, such as `hour`.
        text: formats a period.
        following: returns the next period.
        read: reads a result from a message.
        period: returns the period of a result.
        failed: makes the result of a period that failed for a reason.
    """

    argument: str
    word: str
    text: Callable[[Period], str]
    following: Callable[[Period], Period]
    read: Callable[[Any], Result]
    period: Callable[[Result], Period]
    failed: Callable[[Period, str], Result]

    def requests(self, periods: Iterable[Period]) -> Iterator[tuple[str, dict[Period, None]]]:
        """Yield requests for all periods: the argument, `2022-06-04T00..2022-06-05T23,…`, and its periods."""
        ranges: list[list[Period]] = []
        for period in sorted(set(periods)):  # type: ignore[type-var] # hours, days and months have an order
            if ranges and self.following(ranges[-1][-1]) == period:
                ranges[-1].append(period)
            else:
                ranges.append([period])
        for start in range(0, len(ranges), MOST_RANGES):
            chunk = ranges[start : start + MOST_RANGES]
            text = ",".join(f"{self.text(part[0])}..{self.text(part[-1])}" for part in chunk)
            yield text, dict.fromkeys(period for part in chunk for period in part)

    def new_results(self, messages: Iterable[Any], pending: dict[Period, None]) -> Iterator[Result]:
        """Yield results of pending periods, each once, and remove those periods from `pending`."""
        for result in map(self.read, messages):
            if self.period(result) in pending:
                del pending[self.period(result)]
                yield result
