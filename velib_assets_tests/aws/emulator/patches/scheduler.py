"""EventBridge Scheduler: context attributes in the input of a target, and frequent sweeps for tests."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from velib_assets_tests.aws.emulator.patches import patching


def apply() -> None:
    """Fill in the attributes when an event reaches its target."""
    scheduler = patching.service("scheduler")
    patching.require(scheduler, "_tick_schedules", "_schedule_last_fired")
    patching.replace(scheduler, "_SCHEDULE_TICK_INTERVAL", 1)
    patching.wrap(patching.service("eventbridge"), "_invoke_target", _with_attributes)
    patching.wrap(patching.service("eventbridge"), "_parse_rate_seconds", _in_short_minutes)


def _in_short_minutes(stock: Any) -> Any:
    def parse(expression: str) -> float | None:
        seconds: float | None = stock(expression)
        return None if seconds is None else seconds * patching.MINUTE / 60

    return parse


def _with_attributes(stock: Any) -> Any:
    def invoke(target: dict[str, Any], event: dict[str, Any], rule: dict[str, Any], *rest: Any) -> None:
        if event.get("Source") == "aws.scheduler" and target.get("Input"):
            moment = datetime.fromtimestamp(event["Time"], UTC)
            values = {
                "scheduled-time": f"{moment:%Y-%m-%dT%H:%M:%SZ}",
                "schedule-arn": rule.get("Arn", ""),
                "execution-id": event["EventId"],
                "attempt-number": "1",
            }
            text: str = target["Input"]
            for name, value in values.items():
                text = text.replace(f"<aws.scheduler.{name}>", value)
            target = {**target, "Input": text}
        stock(target, event, rule, *rest)

    return invoke
