"""Attributes of Glue jobs and crawlers that ministack drops, so that a second `terraform plan` is clean."""

from __future__ import annotations

from typing import Any

from velib_assets_tests.aws.emulator.patches import patching

_CRAWLER: dict[str, dict[str, Any]] = {
    "SchemaChangePolicy": {"UpdateBehavior": "UPDATE_IN_DATABASE", "DeleteBehavior": "DEPRECATE_IN_DATABASE"},
    "RecrawlPolicy": {"RecrawlBehavior": "CRAWL_EVERYTHING"},
    "LineageConfiguration": {"CrawlerLineageSettings": "DISABLE"},
    "LakeFormationConfiguration": {"UseLakeFormationCredentials": False, "AccountId": ""},
}
_TARGETS = (
    "S3Targets",
    "JdbcTargets",
    "MongoDBTargets",
    "DynamoDBTargets",
    "CatalogTargets",
    "DeltaTargets",
    "IcebergTargets",
    "HudiTargets",
)
_JOB = {"MaxRetries": 0, "Timeout": 2880, "ExecutionProperty": {"MaxConcurrentRuns": 1}, "JobMode": "SCRIPT"}
_SET_BY_SERVICE = ("Name", "CreatedOn", "LastModifiedOn")


def apply() -> None:
    """Wrap creation and update."""
    glue = patching.service("glue")
    patching.require(glue, "_jobs", "_crawlers", "_tags", "_arn")
    patching.wrap(glue, "_create_job", _create_job)
    patching.wrap(glue, "_update_job", _update_job)
    patching.wrap(glue, "_create_crawler", _create_crawler)
    patching.wrap(glue, "_update_crawler", _update_crawler)


def _create_job(stock: Any) -> Any:
    def create(data: dict[str, Any]) -> patching.Response:
        response: patching.Response = stock(data)
        if response[0] == 200:
            _store_job(data["Name"], data)
            _tag("job", data)
        return response

    return create


def _update_job(stock: Any) -> Any:
    def update(data: dict[str, Any]) -> patching.Response:
        response: patching.Response = stock(data)
        if response[0] == 200:
            _store_job(data["JobName"], data["JobUpdate"])
        return response

    return update


def _store_job(name: str, request: dict[str, Any]) -> None:
    """Store the request over the service's defaults, because an update replaces the definition."""
    jobs = patching.service("glue")._jobs
    from_service = {key: jobs[name][key] for key in _SET_BY_SERVICE}
    definition = {
        key: value for key, value in request.items() if key not in ("Tags", "JobName") and value is not None
    }
    if request["Command"].get("Name") == "pythonshell":
        definition.setdefault("MaxCapacity", 0.0625)
    elif "NumberOfWorkers" in definition:
        definition["MaxCapacity"] = float(definition["NumberOfWorkers"])
    definition["AllocatedCapacity"] = int(definition.get("MaxCapacity") or 0)
    definition["Command"] = {"PythonVersion": "3", **request["Command"]}
    jobs[name] = _JOB | definition | from_service


def _create_crawler(stock: Any) -> Any:
    def create(data: dict[str, Any]) -> patching.Response:
        response: patching.Response = stock(data)
        if response[0] == 200:
            _complete_crawler(data)
            _tag("crawler", data)
        return response

    return create


def _update_crawler(stock: Any) -> Any:
    def update(data: dict[str, Any]) -> patching.Response:
        response: patching.Response = stock(data)
        if response[0] == 200:
            _complete_crawler(data)
        return response

    return update


def _complete_crawler(request: dict[str, Any]) -> None:
    crawler = patching.service("glue")._crawlers[request["Name"]]
    for name, default in _CRAWLER.items():
        crawler[name] = {**default, **(crawler.get(name) or {}), **(request.get(name) or {})}
    crawler["Targets"] = {name: (crawler["Targets"] or {}).get(name) or [] for name in _TARGETS}
    crawler["Role"] = crawler["Role"].rsplit(":role/", 1)[-1]
    for name in ("Schedule", "LastCrawl"):
        if not crawler.get(name):
            crawler.pop(name, None)


def _tag(kind: str, data: dict[str, Any]) -> None:
    glue = patching.service("glue")
    if data.get("Tags"):
        glue._tags[glue._arn(kind, data["Name"])] = dict(data["Tags"])
