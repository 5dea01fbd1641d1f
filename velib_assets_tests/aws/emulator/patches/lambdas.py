"""Lambda in a bare Python, with the class of exceptions as error type, and metrics from log lines.

Stock ministack runs the handler in its own interpreter, so that a zip that lacks a dependency passes;
calls every error "Runtime.HandlerError"; and throws the process away after a raise, which AWS keeps warm.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from velib_assets_tests.aws.emulator.patches import patching

_RAISED = "__raised__"
_WRITE = r"""_real_stdout.write(json.dumps({}) + "\n")"""
_OLD = _WRITE.replace("{}", '{"status": "error", "error": str(e), "trace": traceback.format_exc()}')
_NEW = """traceback.print_exc()
            _raised = {"errorMessage": str(e), "errorType": type(e).__name__}
            _raised["requestId"] = context.aws_request_id
            _raised["stackTrace"] = traceback.format_tb(e.__traceback__)
            """ + _WRITE.replace("{}", '{"status": "ok", "result": {"' + _RAISED + '": _raised}}')
_OLD_INIT = _WRITE.replace("{}", '{"status": "error", "error": str(e)}')
_NEW_INIT = _WRITE.replace("{}", '{"status": "error", "error": type(e).__name__ + ": " + str(e)}')


def apply() -> None:
    """Patch the interpreter of the worker and its error reports."""
    runtime, svc = patching.core("lambda_runtime"), patching.service("lambda_svc")
    patching.replace_text(runtime, "_PYTHON_WORKER_SCRIPT", _OLD, _NEW)
    patching.replace_text(runtime, "_PYTHON_WORKER_SCRIPT", _OLD_INIT, _NEW_INIT)
    patching.wrap(runtime, "_detect_runtime_binary", _bare_python)
    patching.wrap(svc, "_execute_function_warm", _own_error)
    patching.wrap(svc, "_emit_lambda_logs", _with_metrics)


def _bare_python(stock: Any) -> Any:
    pythons = dict(pair.split("=", 1) for pair in patching.SETTINGS["LAMBDA_PYTHONS"].split(","))

    def detect(runtime: str) -> tuple[str, str]:
        binary, script = stock(runtime)
        if runtime.startswith("python"):
            if runtime not in pythons:
                raise RuntimeError(f"LAMBDA_PYTHONS names no interpreter for {runtime}: {sorted(pythons)}")
            binary = pythons[runtime]
        return binary, script

    return detect


def _own_error(stock: Any) -> Any:
    def execute(func: Any, event: Any, request_id: str) -> dict[str, Any]:
        result: dict[str, Any] = stock(func, event, request_id)
        body = result.get("body")
        if isinstance(body, dict) and _RAISED in body:
            return {"body": body[_RAISED], "error": True, "log": result.get("log", "")}
        message = str(body.get("errorMessage", "")) if result.get("error") and isinstance(body, dict) else ""
        if "Worker init failed" in message:
            return {**result, "body": {**_init_error(message), "requestId": request_id}}
        return result

    return execute


def _init_error(message: str) -> dict[str, Any]:
    """The module of the handler could not be imported; AWS uses this name."""
    cause = message.partition("Worker init failed: ")[2]
    if cause.startswith(("ImportError", "ModuleNotFoundError")):
        cause = f"Unable to import module: {cause.partition(': ')[2]}"
        return {"errorType": "Runtime.ImportModuleError", "errorMessage": cause, "stackTrace": []}
    return {"errorType": cause.partition(":")[0], "errorMessage": cause.partition(": ")[2], "stackTrace": []}


def _with_metrics(stock: Any) -> Any:
    """Extract metrics from log lines in the embedded metric format."""
    record = patching.service("cloudwatch").record_metric

    def emit(func: Any, request_id: str, log_text: str, *args: Any, **kwargs: Any) -> None:
        stock(func, request_id, log_text, *args, **kwargs)
        for namespace, name, value, unit, dimensions in embedded_metrics(log_text):
            record(namespace, name, value, unit, dimensions)

    return emit


def embedded_metrics(log_text: str) -> Iterator[tuple[str, str, float, str, dict[str, str]]]:
    """Yield namespace, name, value, unit and dimensions of every metric in the lines."""
    for line in log_text.splitlines():
        if '"_aws"' not in line:
            continue
        try:
            entry = json.loads(line)
        except ValueError:
            continue
        for directive in entry.get("_aws", {}).get("CloudWatchMetrics", []):
            for names in directive.get("Dimensions") or [[]]:
                dimensions = {name: str(entry[name]) for name in names}
                for metric in directive["Metrics"]:
                    values = entry[metric["Name"]]
                    for value in values if isinstance(values, list) else [values]:
                        yield (
                            directive["Namespace"],
                            metric["Name"],
                            value,
                            metric.get("Unit", "None"),
                            dimensions,
                        )
