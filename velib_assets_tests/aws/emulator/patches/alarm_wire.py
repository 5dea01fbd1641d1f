"""The alarm API: everything in PutMetricAlarm is stored and returned, including metric math.

Terraform's provider uses the query protocol, for which stock ministack returns only a few of the fields.
The next plan would therefore show changes.
"""

from __future__ import annotations

import json
import re
from typing import Any
from xml.sax.saxutils import escape

from velib_assets_tests.aws.emulator.patches import patching

_OF_ONE_METRIC = ("MetricName", "Namespace", "Statistic", "ExtendedStatistic", "Period", "Unit", "Dimensions")
_KEPT = ("Metrics", "InsufficientDataActions", "EvaluateLowSampleCountPercentile", "ThresholdMetricId")


def apply() -> None:
    """Wrap both handlers."""
    watch = patching.service("cloudwatch")
    patching.require(watch, "_alarms", "_p", "_xml", "_ts_iso", "_evaluate_alarm")
    patching.wrap(watch, "_put_metric_alarm", _kept)
    patching.wrap(watch, "_describe_alarms", _in_full)


def _kept(stock: Any) -> Any:
    watch = patching.service("cloudwatch")

    def put(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        request = data if is_cbor or is_json else nested({key: watch._p(params, key) for key in params})
        response = stock(params, data, is_cbor, is_json)
        alarm = watch._alarms.get(request["AlarmName"])
        if response[0] == 200 and alarm is not None:
            alarm |= {name: request[name] for name in _KEPT if request.get(name)}
            if "Metrics" in alarm:
                alarm["Metrics"] = [_typed(query) for query in alarm["Metrics"]]
            for name in _OF_ONE_METRIC:
                if not request.get(name):
                    alarm.pop(name, None)
            watch._evaluate_alarm(alarm)
        return response

    return put


def _in_full(stock: Any) -> Any:
    watch = patching.service("cloudwatch")

    def describe(params: Any, data: Any, is_cbor: bool, is_json: bool = False) -> Any:
        if is_cbor or is_json:
            return stock(params, data, is_cbor, is_json)
        request = nested({key: watch._p(params, key) for key in params})
        status, headers, body = stock(params, request, False, True)
        if status >= 400:
            return status, headers, body
        return watch._xml(200, "DescribeAlarmsResponse", to_xml("DescribeAlarmsResult", json.loads(body)))

    return describe


def nested(params: dict[str, str]) -> dict[str, Any]:
    """Convert `A.member.1.B=x` to `{"A": [{"B": "x"}]}`."""
    tree: dict[str, Any] = {}
    for key, value in params.items():
        node = tree
        *path, last = key.replace(".member.", ".#").split(".")
        for part in path:
            node = node.setdefault(part, {})
        node[last] = value
    return {name: _listed(value) for name, value in tree.items()}


def to_xml(name: str, value: Any) -> str:
    """Write a value in the query protocol."""
    if isinstance(value, dict):
        inside = "".join(to_xml(key, item) for key, item in value.items() if item is not None)
    elif isinstance(value, list):
        inside = "".join(to_xml("member", item) for item in value)
    elif isinstance(value, bool):
        inside = str(value).lower()
    elif name.endswith("Timestamp") and isinstance(value, (int, float)):
        inside = patching.service("cloudwatch")._ts_iso(value)
    else:
        inside = escape(str(value))
    return f"<{name}>{inside}</{name}>"


def _listed(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    inner = {key: _listed(item) for key, item in value.items()}
    if inner and all(re.fullmatch(r"#\d+", key) for key in inner):
        return [inner[key] for key in sorted(inner, key=lambda key: int(key[1:]))]
    return inner


def _typed(query: dict[str, Any]) -> dict[str, Any]:
    """Convert numbers and booleans of a metric query, which the query protocol sends as text."""
    typed = dict(query)
    typed["ReturnData"] = str(query.get("ReturnData", "true")).lower() == "true"
    if "Period" in typed:
        typed["Period"] = int(typed["Period"])
    if "MetricStat" in typed:
        typed["MetricStat"] = {**typed["MetricStat"], "Period": int(typed["MetricStat"]["Period"])}
    return typed
