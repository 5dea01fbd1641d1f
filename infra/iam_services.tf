# What each service may call besides the lake: its logs, the catalog, and the services that it starts.

locals {
  # Glue chooses the names of its log groups, and creates missing ones.
  glue_logs = {
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.arn.log_group}:/aws-glue/*"]
  }

  partition_actions = [
    "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition", "glue:BatchCreatePartition",
    "glue:BatchUpdatePartition",
  ]
}

data "aws_iam_policy_document" "lambda" {
  source_policy_documents = [
    data.aws_iam_policy_document.lake["lambda"].json,
    data.aws_iam_policy_document.function[local.name.lambda].json,
  ]

  statement {
    sid       = "TellOfLostEvents"
    actions   = ["sns:Publish"]
    resources = [local.arn.topic]
  }
}

# What every function needs: its log, and traces.
data "aws_iam_policy_document" "function" {
  for_each = toset([local.name.lambda, local.name.clean])

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.arn.log_group}:/aws/lambda/${each.key}:*"]
  }

  dynamic "statement" {
    for_each = local.tracing ? ["X-Ray has no resources to name"] : []

    content {
      sid       = "Traces"
      actions   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
      resources = ["*"]
    }
  }
}

# Registering the hours of source_velib and the months of velib_history (`--register true`), and declaring the other
# tables.
data "aws_iam_policy_document" "registration" {
  statement {
    sid     = "Catalog"
    actions = concat(["glue:GetDatabase", "glue:GetTable", "glue:CreateTable", "glue:UpdateTable"], local.partition_actions)
    resources = concat(
      [local.arn.catalog, local.arn.database],
      [for table in ["source_${var.network}", "${var.network}_history", "stations", "rejects_${var.network}"] :
      "${local.arn.tables}/${table}"],
    )
  }
}

data "aws_iam_policy_document" "job" {
  source_policy_documents = [
    data.aws_iam_policy_document.lake["job"].json,
    data.aws_iam_policy_document.registration.json,
  ]

  statement {
    sid       = "Logs"
    actions   = local.glue_logs.actions
    resources = local.glue_logs.resources
  }
}

data "aws_iam_policy_document" "clean" {
  source_policy_documents = [
    data.aws_iam_policy_document.lake["clean"].json,
    data.aws_iam_policy_document.registration.json,
    data.aws_iam_policy_document.function[local.name.clean].json,
  ]
}

data "aws_iam_policy_document" "crawler" {
  source_policy_documents = [data.aws_iam_policy_document.lake["crawler"].json]

  statement {
    sid       = "Logs"
    actions   = local.glue_logs.actions
    resources = local.glue_logs.resources
  }

  # The crawler searches the whole database for its tables, and writes one. If it infers two schemas, it fails here
  # instead of creating a second table.
  statement {
    sid       = "ReadCatalog"
    actions   = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetTableVersions"]
    resources = [local.arn.catalog, local.arn.database, "${local.arn.tables}/*"]
  }

  statement {
    sid = "WriteItsTable"
    actions = [
      "glue:CreateTable", "glue:UpdateTable", "glue:*Partition", "glue:GetPartitions",
      "glue:GetPartitionIndexes", "glue:CreatePartitionIndex",
    ]
    resources = [local.arn.catalog, local.arn.database, "${local.arn.tables}/${local.crawler_table}"]
  }
}

data "aws_iam_policy_document" "schedule" {
  statement {
    sid       = "StartMachines"
    actions   = ["states:StartExecution"]
    resources = [local.arn.pipeline, local.arn.daily, local.arn.kpi_views]
  }
}

# Starting the steps, from the Dagster host or a state machine.
data "aws_iam_policy_document" "steps" {
  source_policy_documents = [data.aws_iam_policy_document.work.json]

  statement {
    sid       = "Ingest"
    actions   = ["lambda:InvokeFunction"]
    resources = [local.arn.lambda]
  }

  statement {
    sid       = "Crawl"
    actions   = ["glue:StartCrawler", "glue:GetCrawler"]
    resources = [local.arn.crawler]
  }
}

# Cleaning hours and compacting days. Whoever starts a run also polls it, and stops it if it is stopped itself.
data "aws_iam_policy_document" "work" {
  statement {
    sid = "Work"
    actions = local.clean_function ? ["lambda:InvokeFunction"] : [
      "glue:StartJobRun", "glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun",
    ]
    resources = [local.clean_function ? local.arn.clean : local.arn.job]
  }
}
