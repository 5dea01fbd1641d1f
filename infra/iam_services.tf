# What each service may call besides the lake: its logs, the catalog, and the services that it starts.

locals {
  # Glue chooses the names of its log groups, and creates missing ones.
  glue_logs = {
    actions   = ["logs:CreateLogGroup", "logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.arn.log_group}:/aws-glue/*"]
  }
}

data "aws_iam_policy_document" "lambda" {
  source_policy_documents = [data.aws_iam_policy_document.lake["lambda"].json]

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.arn.log_group}:/aws/lambda/${var.lambda_name}:*"]
  }

  statement {
    sid       = "TellOfLostEvents"
    actions   = ["sns:Publish"]
    resources = [local.arn.topic]
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

# Registering the hours of source_velib (`--register true`), and declaring the other two tables.
data "aws_iam_policy_document" "registration" {
  statement {
    sid = "Catalog"
    actions = [
      "glue:GetDatabase", "glue:GetTable", "glue:CreateTable", "glue:UpdateTable",
      "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition",
      "glue:BatchCreatePartition", "glue:BatchUpdatePartition",
    ]
    resources = concat(
      [local.arn.catalog, local.arn.database],
      [for table in ["source_velib", "stations", "rejects_velib"] : "${local.arn.tables}/${table}"],
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
  ]

  statement {
    sid       = "Logs"
    actions   = ["logs:CreateLogStream", "logs:PutLogEvents"]
    resources = ["${local.arn.log_group}:/aws/lambda/${var.clean_lambda_name}:*"]
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
    resources = [local.arn.pipeline, local.arn.kpi_views]
  }
}
