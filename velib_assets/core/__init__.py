"""What the project exists for, pure: no Dagster, boto3, environment, clock or network. Runs on Python 3.9."""
