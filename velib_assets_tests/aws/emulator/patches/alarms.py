"""CloudWatch alarms as documented: single periods, missing data, M of N; and the metrics that they watch.

Stock ministack evaluates all points of the window at once and never fires an alarm without data, so a
dead-man switch stays silent.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

from velib_assets_tests.aws.emulator.patches import alarm_wire, patching

_BREACHES: dict[str, Callable[[float, float], bool]] = {
    "GreaterThanOrEqualToThreshold": lambda value, threshold: value >= threshold,
    "GreaterThanThreshold": lambda value, threshold: value > threshold,
    "LessThanThreshold": lambda value, threshold: value < threshold,
    "LessThanOrEqualToThreshold": lambda value, threshold: value <= threshold,
}


def apply() -> None:
    """Replace the evaluation, evaluate before responses, and emit metrics of Lambda and Step Functions."""
    watch, functions = patching.service("cloudwatch"), patching.service("lambda_svc")
    patching.require(watch, "_metrics", "_calc_stats", "_stat_value", "_dims_key", "_record_history")
    patching.require(watch, "_dispatch_alarm_actions", "_evaluate_parent_alarms", "_evaluate_all_alarms")
    patching.replace(watch, "_evaluate_alarm", evaluate)
    alarm_wire.apply()
    patching.wrap(watch, "_describe_alarms", _evaluated)
    patching.wrap(patching.service("stepfunctions"), "_emit_execution_status_event", _with_execution_metric)
    emit = patching.replace(
        functions, "_emit_lambda_metrics", _throttles_only(functions._emit_lambda_metrics)
    )
    patching.wrap(functions, "_execute_function_dispatch", lambda stock: _with_function_metrics(stock, emit))


def evaluate(alarm: dict[str, Any]) -> None:
    """Set an alarm's state from the periods of its metric, newest first, and fire actions on a change."""
    watch = patching.service("cloudwatch")
    metric, fill = _metric(alarm)
    if metric is None:
        return
    values = [_value(metric, period) for period in range(alarm["EvaluationPeriods"])]
    new = _state(alarm, [fill if value is None else value for value in values])
    old = alarm["StateValue"]
    if new != old:
        reason = (
            f"Threshold Crossed: {metric['MetricName']} {alarm['ComparisonOperator']} {alarm['Threshold']}"
        )
        alarm |= {"StateValue": new, "StateReason": reason, "StateUpdatedTimestamp": int(time.time())}
        watch._record_history(alarm["AlarmName"], old, new, reason)
        watch._dispatch_alarm_actions(alarm, old, new, reason)
        watch._evaluate_parent_alarms(alarm)


def _metric(alarm: dict[str, Any]) -> tuple[dict[str, Any] | None, float | None]:
    """Find the metric of an alarm, and the value for a period without data points (`FILL(id, n)`)."""
    if alarm.get("MetricName") and alarm.get("Namespace"):
        return alarm, None
    queries = {query["Id"]: query for query in alarm.get("Metrics") or []}
    shown: dict[str, Any] = next((query for query in queries.values() if query.get("ReturnData", True)), {})
    fill = re.fullmatch(r"FILL\(\s*(\w+)\s*,\s*([\d.]+)\s*\)", shown.get("Expression") or "")
    source = queries.get(fill.group(1), {}) if fill else shown
    if "MetricStat" not in source:
        return None, None
    stat = source["MetricStat"]
    flat = {**stat["Metric"], "Statistic": stat["Stat"], "Period": stat["Period"]}
    return flat, float(fill.group(2)) if fill else None


def _value(metric: dict[str, Any], period: int) -> float | None:
    """Compute the statistic of one period, or None without data points."""
    watch = patching.service("cloudwatch")
    end = time.time() - period * metric["Period"]
    dimensions = watch._dims_key(watch._dims_from_list(metric.get("Dimensions") or []))
    series = watch._metrics.get((metric["Namespace"], metric["MetricName"], dimensions), [])
    points = [point for point in series if end - metric["Period"] < point["Timestamp"] <= end]
    if not points:
        return None
    statistic = metric.get("ExtendedStatistic") or metric.get("Statistic") or "Average"
    value: float = watch._stat_value(watch._calc_stats(points), statistic, points)
    return value


def _state(alarm: dict[str, Any], values: list[float | None]) -> str:
    """Evaluate M of N; TreatMissingData decides about missing periods."""
    breaches = _BREACHES[alarm["ComparisonOperator"]]
    missing = alarm.get("TreatMissingData") or "missing"
    present = [value for value in values if value is not None]
    if not present and missing in ("missing", "ignore"):
        return "INSUFFICIENT_DATA" if missing == "missing" else str(alarm["StateValue"])
    breaching = sum(breaches(value, alarm["Threshold"]) for value in present)
    if missing == "breaching":
        breaching += len(values) - len(present)
    needed = alarm.get("DatapointsToAlarm") or alarm["EvaluationPeriods"]
    return "ALARM" if breaching >= needed else "OK"


def _evaluated(stock: Any) -> Any:
    def describe(*args: Any, **kwargs: Any) -> Any:
        patching.service("cloudwatch")._evaluate_all_alarms()
        return stock(*args, **kwargs)

    return describe


def _with_execution_metric(stock: Any) -> Any:
    names = {"RUNNING": "ExecutionsStarted", "SUCCEEDED": "ExecutionsSucceeded", "FAILED": "ExecutionsFailed"}

    def emit(execution: dict[str, Any]) -> None:
        stock(execution)
        name = names.get(execution["status"], "ExecutionsAborted")
        dimensions = {"StateMachineArn": execution["stateMachineArn"]}
        patching.service("cloudwatch").record_metric("AWS/States", name, 1, "Count", dimensions)

    return emit


def _throttles_only(stock: Any) -> Any:
    """Count invocations; ministack counts only calls of the Invoke API, which still include refused ones."""

    def emit(name: str, duration_ms: float, error: bool, throttle: bool) -> None:
        if throttle:
            stock(name, duration_ms, error, throttle)

    return emit


def _with_function_metrics(stock: Any, emit: Any) -> Any:
    def execute(func: Any, config: dict[str, Any], event: Any, request_id: str, started: float) -> Any:
        result = stock(func, config, event, request_id, started)
        emit(
            config["FunctionName"], (time.time() - started) * 1000, bool(result.get("error")), throttle=False
        )
        return result

    return execute
