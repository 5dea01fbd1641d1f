"""Sessions of a role: the environment of a process, and objects read with the role's permissions."""

from __future__ import annotations

import hashlib
import json
import os
import secrets
from pathlib import Path
from urllib.parse import urlsplit

from velib_assets_tests.aws.emulator.patches import patching


def endpoint() -> str:
    """Return the endpoint of this emulator."""
    return f"http://127.0.0.1:{os.environ['GATEWAY_PORT']}"


def role_environment(role: str, session: str) -> dict[str, str]:
    """Return the environment of a Glue process that runs as `role` (a name or an ARN)."""
    scope = patching.core("responses")
    return {
        "PATH": os.environ["PATH"],
        "LANG": "C.UTF-8",
        "TZ": "UTC",
        "AWS_REGION": scope.get_region(),
        "AWS_DEFAULT_REGION": scope.get_region(),
        "AWS_ENDPOINT_URL": endpoint(),
        "AWS_EC2_METADATA_DISABLED": "true",
        **_credentials(role, session, scope.get_account_id()),
    }


def _credentials(role: str, session: str, account: str) -> dict[str, str]:
    name = role.rsplit("/", 1)[-1]
    known = patching.service("iam")._roles.get(name)
    if known is None or "glue.amazonaws.com" not in json.dumps(known["AssumeRolePolicyDocument"]):
        raise RuntimeError(
            f"InvalidInputException: Role {role} should be given assume role permissions for Glue Service."
        )
    key = "ASIA" + secrets.token_hex(8).upper()
    secret, token = (hashlib.sha256(f"{kind}:{key}".encode()).hexdigest() for kind in ("secret", "token"))
    identity = {
        "Arn": f"arn:aws:sts::{account}:assumed-role/{name}/{session}",
        "UserId": f"{name}:{session}",
        "SecretAccessKey": secret,
        "SessionToken": token,
        "AccountId": account,
    }
    patching.service("sts").register_session(key, identity)
    return {"AWS_ACCESS_KEY_ID": key, "AWS_SECRET_ACCESS_KEY": secret, "AWS_SESSION_TOKEN": token}


def download(environment: dict[str, str], url: str, folder: Path) -> Path:
    """Fetch an s3:// object over HTTP with the credentials of an environment."""
    where = urlsplit(url)
    client = s3_client(environment)
    target = folder / Path(where.path).name
    target.write_bytes(client.get_object(Bucket=where.netloc, Key=where.path.lstrip("/"))["Body"].read())
    return target


def s3_client(environment: dict[str, str]):  # type: ignore[no-untyped-def]  # noqa: ANN201 - botocore has no types
    """Return an S3 client with the credentials of an environment."""
    import botocore.session

    return botocore.session.Session().create_client(
        "s3",
        region_name=environment["AWS_REGION"],
        endpoint_url=environment["AWS_ENDPOINT_URL"],
        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=environment["AWS_SESSION_TOKEN"],
    )
