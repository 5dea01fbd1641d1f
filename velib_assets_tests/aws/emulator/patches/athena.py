"""Athena's API for executions: rules of workgroups, states, pages of results."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from velib_assets_tests.aws.emulator.patches import athena_results, athena_statements, patching
from velib_assets_tests.aws.emulator.patches.athena_catalog import QueryFailed
from velib_assets_tests.aws.emulator.patches.athena_engine import Engine

_engines: dict[str, Engine] = {}
_tokens: dict[str, str] = {}
_VERSION = {"SelectedEngineVersion": "AUTO", "EffectiveEngineVersion": "Athena engine version 3"}


def apply() -> None:
    """Replace the handlers of query executions."""
    (Path(patching.SETTINGS["VELIB_EMULATOR_SCRATCH"]) / "athena").mkdir(exist_ok=True)
    service = patching.service("athena")
    patching.require(service, "_executions", "_workgroups", "_parse_ddl", "_run_ddl")
    patching.require(
        patching.service("glue"), "_databases", "_tables", "_partitions", "_create_table", "_update_table"
    )
    patching.require(patching.service("s3"), "_buckets", "_get_object_data", "_put_object")
    patching.replace(service, "_start_query_execution", start)
    patching.replace(service, "_get_query_results", results)
    patching.replace(service, "_stop_query_execution", stop)
    patching.replace(service, "_list_query_executions", listing)
    patching.wrap(service, "_get_workgroup", _named_in_full)


def start(data: dict[str, Any]) -> patching.Response:
    """StartQueryExecution."""
    service = patching.service("athena")
    group = service._workgroups.get(data.get("WorkGroup") or "primary")
    if group is None:
        return _invalid(f"WorkGroup {data.get('WorkGroup')} is not found.")
    if group["State"] == "DISABLED":
        return _invalid(f"WorkGroup {group['Name']} is disabled.")
    settings = group.get("Configuration") or {}
    location = _output_location(settings, data)
    if not location:
        return _invalid(
            "No output location provided. An output location is required either through the Workgroup result "
            "configuration setting or as an API input."
        )
    if data.get("ClientRequestToken") in _tokens:
        return patching.ok({"QueryExecutionId": _tokens[data["ClientRequestToken"]]})
    try:
        statement = athena_statements.parse(data["QueryString"])
    except ValueError as error:
        return _invalid(str(error))
    execution = _record(group["Name"], data, statement, location)
    query_id: str = execution["QueryExecutionId"]
    service._executions[query_id] = execution
    if data.get("ClientRequestToken"):
        _tokens[data["ClientRequestToken"]] = query_id
    limit = settings.get("BytesScannedCutoffPerQuery")
    engine = _engines[query_id] = Engine(execution["QueryExecutionContext"].get("Database", "default"), limit)
    patching.in_background(lambda: _execute(execution, statement, engine), f"athena-{query_id[:8]}")
    return patching.ok({"QueryExecutionId": query_id})


def results(data: dict[str, Any]) -> patching.Response:
    """GetQueryResults, one page."""
    execution = patching.service("athena")._executions.get(data.get("QueryExecutionId"))
    if execution is None:
        return _invalid(f"QueryExecution {data.get('QueryExecutionId')} was not found")
    state = execution["Status"]["State"]
    if state in ("QUEUED", "RUNNING"):
        return _invalid(f"Query has not yet finished. Current state: {state}")
    if state != "SUCCEEDED":
        return _invalid(f"Query did not finish successfully. Final query state: {state}")
    return patching.ok(athena_results.page(execution, data.get("NextToken"), data.get("MaxResults") or 1000))


def stop(data: dict[str, Any]) -> patching.Response:
    """StopQueryExecution."""
    execution = patching.service("athena")._executions.get(data.get("QueryExecutionId"))
    if execution is None:
        return _invalid(f"QueryExecution {data.get('QueryExecutionId')} was not found")
    engine = _engines.get(execution["QueryExecutionId"])
    if engine is not None:
        _end(execution, "CANCELLED", "Query cancelled by user")
        engine.interrupt()
    return patching.ok({})


def listing(data: dict[str, Any]) -> patching.Response:
    """ListQueryExecutions, newest first, in pages."""
    group = data.get("WorkGroup") or "primary"
    executions = patching.service("athena")._executions
    ids = [name for name, execution in executions.items() if execution["WorkGroup"] == group][::-1]
    first, size = int(data.get("NextToken") or 0), data.get("MaxResults") or 50
    page: dict[str, Any] = {"QueryExecutionIds": ids[first : first + size]}
    if first + size < len(ids):
        page["NextToken"] = str(first + size)
    return patching.ok(page)


def _execute(execution: dict[str, Any], statement: athena_statements.Statement, engine: Engine) -> None:
    execution["Status"]["State"] = "RUNNING"
    try:
        result = athena_statements.run(
            statement, execution["QueryExecutionContext"].get("Database", "default"), engine
        )
        execution["Statistics"]["DataScannedInBytes"] = result.scanned
        athena_results.store(execution, result)
        _end(execution, "SUCCEEDED")
    except QueryFailed as problem:
        cut_off = "Bytes scanned limit was exceeded" in str(problem)
        _end(execution, "CANCELLED" if cut_off else "FAILED", str(problem))
    except Exception as problem:  # noqa: BLE001 - any error goes into the execution's record
        _end(execution, "FAILED", f"GENERIC_INTERNAL_ERROR: {type(problem).__name__}: {problem}")
    finally:
        del _engines[execution["QueryExecutionId"]]


def _end(execution: dict[str, Any], state: str, reason: str = "") -> None:
    """Write the final state, unless there is one (a stopped query fails later)."""
    status = execution["Status"]
    if status["State"] in ("SUCCEEDED", "FAILED", "CANCELLED"):
        return
    now = time.time()
    status |= {"CompletionDateTime": now} | ({"StateChangeReason": reason} if reason else {})
    if state == "FAILED":
        status["AthenaError"] = {
            "ErrorCategory": 2,
            "ErrorType": 1000,
            "Retryable": False,
            "ErrorMessage": reason,
        }
    took = int((now - status["SubmissionDateTime"]) * 1000)
    execution["Statistics"] |= {"EngineExecutionTimeInMillis": took, "TotalExecutionTimeInMillis": took}
    status["State"] = state


def _record(
    group: str, data: dict[str, Any], statement: athena_statements.Statement, location: str
) -> dict[str, Any]:
    query_id = patching.core("responses").new_uuid()
    ending = "csv" if statement.type == "DML" else "txt"
    return {
        "QueryExecutionId": query_id,
        "Query": data["QueryString"],
        "StatementType": statement.type,
        "SubstatementType": statement.kind,
        "ResultConfiguration": {"OutputLocation": f"{location.rstrip('/')}/{query_id}.{ending}"},
        "QueryExecutionContext": {"Catalog": "awsdatacatalog", **(data.get("QueryExecutionContext") or {})},
        "Status": {"State": "QUEUED", "SubmissionDateTime": time.time()},
        "Statistics": {
            "DataScannedInBytes": 0,
            "EngineExecutionTimeInMillis": 0,
            "QueryQueueTimeInMillis": 0,
        },
        "WorkGroup": group,
        "EngineVersion": _VERSION,
    }


def _output_location(settings: dict[str, Any], data: dict[str, Any]) -> str:
    own: str = (settings.get("ResultConfiguration") or {}).get("OutputLocation") or ""
    requested: str = (data.get("ResultConfiguration") or {}).get("OutputLocation") or ""
    enforced = settings.get("EnforceWorkGroupConfiguration", True)
    return own if own and (enforced or not requested) else requested


def _named_in_full(stock: Any) -> Any:
    def get(data: dict[str, Any]) -> patching.Response:
        if data.get("WorkGroup") not in patching.service("athena")._workgroups:
            return _invalid(f"WorkGroup {data.get('WorkGroup')} is not found.")
        response: patching.Response = stock(data)
        return response

    return get


def _invalid(message: str) -> patching.Response:
    return patching.error("InvalidRequestException", message)
