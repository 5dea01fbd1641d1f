# The policy of the Dagster host: attach it to the host's role or user. In a lab, the host uses the lab's role.

data "aws_iam_policy_document" "dagster" {
  source_policy_documents = [
    data.aws_iam_policy_document.lake["dagster"].json,
    data.aws_iam_policy_document.steps.json,
  ]

  statement {
    sid = "Query"
    actions = [
      "athena:StartQueryExecution", "athena:GetQueryExecution", "athena:GetQueryResults",
      "athena:StopQueryExecution", "athena:GetWorkGroup",
    ]
    resources = [local.arn.workgroup]
  }

  statement {
    sid       = "DataCatalog"
    actions   = ["athena:GetDataCatalog"]
    resources = ["arn:${local.partition}:athena:${local.regional}:datacatalog/AwsDataCatalog"]
  }

  statement {
    sid       = "DefaultDatabase"
    actions   = ["glue:GetDatabase"]
    resources = local.default_database
  }

  statement {
    sid = "Catalog"
    actions = concat(
      ["glue:GetDatabase", "glue:GetTable", "glue:GetTables", "glue:CreateTable", "glue:UpdateTable"],
      local.partition_actions,
      local.retired.actions,
    )
    resources = [local.arn.catalog, local.arn.database, "${local.arn.tables}/*"]
  }

  statement {
    sid       = "Alert"
    actions   = ["sns:Publish"]
    resources = [local.arn.topic]
  }
}

resource "aws_iam_policy" "dagster" {
  count = local.own_roles ? 1 : 0

  name        = local.name.dagster_policy
  description = "Runs Velib Insights from Dagster: its function, job, crawler, queries, catalog and prefixes"
  policy      = data.aws_iam_policy_document.dagster.json
}
