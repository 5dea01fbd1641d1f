# What the state machines may call: the steps in their definitions, their logs and their traces.

data "aws_iam_policy_document" "machine" {
  # Step Functions writes its logs through log delivery, whose calls support no resources.
  statement {
    #checkov:skip=CKV_AWS_111:AWS documents that log delivery and X-Ray take no resource but *
    #checkov:skip=CKV_AWS_356:AWS documents that log delivery and X-Ray take no resource but *
    sid = "LogDelivery"
    actions = [
      "logs:CreateLogDelivery", "logs:GetLogDelivery", "logs:UpdateLogDelivery", "logs:DeleteLogDelivery",
      "logs:ListLogDeliveries", "logs:PutResourcePolicy", "logs:DescribeResourcePolicies", "logs:DescribeLogGroups",
    ]
    resources = ["*"]
  }

  dynamic "statement" {
    for_each = local.tracing ? ["X-Ray has no resources to name"] : []

    content {
      sid = "Traces"
      actions = [
        "xray:PutTraceSegments", "xray:PutTelemetryRecords", "xray:GetSamplingRules", "xray:GetSamplingTargets",
      ]
      resources = ["*"]
    }
  }
}

data "aws_iam_policy_document" "pipeline" {
  source_policy_documents = [
    data.aws_iam_policy_document.machine.json,
    data.aws_iam_policy_document.steps.json,
  ]
}

data "aws_iam_policy_document" "daily" {
  source_policy_documents = [
    data.aws_iam_policy_document.machine.json,
    data.aws_iam_policy_document.work.json,
  ]
}

# A query runs with the permissions of its caller, so this state machine reads the table's schema, writes the views,
# and stores Athena's (empty) result in the workgroup's location. It needs no access to the data.
data "aws_iam_policy_document" "kpi_views" {
  source_policy_documents = [
    data.aws_iam_policy_document.machine.json,
    data.aws_iam_policy_document.lake["kpi_views"].json,
  ]

  statement {
    sid = "Query"
    actions = [
      "athena:StartQueryExecution", "athena:GetQueryExecution", "athena:StopQueryExecution",
      "athena:GetQueryResults", "athena:GetWorkGroup",
    ]
    resources = [local.arn.workgroup]
  }

  statement {
    sid       = "DataCatalog"
    actions   = ["athena:GetDataCatalog"]
    resources = ["arn:${local.partition}:athena:${local.regional}:datacatalog/AwsDataCatalog"]
  }

  statement {
    sid       = "ReadCatalog"
    actions   = ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:GetPartitions"]
    resources = concat(local.default_database, [local.arn.database, "${local.arn.tables}/*"])
  }

  statement {
    sid     = "WriteViews"
    actions = ["glue:CreateTable", "glue:UpdateTable"]
    resources = concat(
      [local.arn.catalog, local.arn.database],
      [for view in ["kpi_*", "station_events"] : "${local.arn.tables}/${view}"],
    )
  }
}

locals {
  # Athena reads the database `default` for every query.
  default_database = [
    local.arn.catalog, "arn:${local.partition}:glue:${local.regional}:database/default",
  ]
}
