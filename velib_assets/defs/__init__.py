"""All that is Dagster: the asset graph, its checks, jobs, schedules and sensors, and its storage."""
