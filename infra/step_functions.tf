# The two state machines. They exist in both orchestrator modes and can always be started by hand.
#
# STANDARD, since EXPRESS knows no `.sync` and ends after five minutes. It is billed by the transition ($0.025 per
# 1,000 after 4,000 free ones a month): a tick takes 5, or about 15 with the crawler, so $0.26 or $1 a month.

locals {
  sql_dir = "${path.module}/../velib_assets/query/sql"

  # The views' own SQL. What it leaves open are the hours that a view reads, filled when the machine runs: from so
  # many days ago on that the view stays right until it is written anew the next day.
  views = [for file in sort(fileset(local.sql_dir, "*.sql")) : {
    view = trimsuffix(file, ".sql")
    sql = replace(replace(replace(
      replace(trimspace(file("${local.sql_dir}/${file}")), "velib_db_tf.", "${var.database_name}."),
      "$${newest_hours}", "\"date\" >= '@yesterday@'"),
      "$${newest_day}", "\"date\" >= '@two_days_ago@'"),
      "$${four_weeks}", "\"date\" BETWEEN '@four_weeks_ago@' AND '@yesterday@'",
    )
  }]

  machines = {
    pipeline = {
      name = var.pipeline_name
      definition = templatefile("${path.module}/step_functions/velib_pipeline.asl.json", {
        partition     = local.partition
        lambda_arn    = aws_lambda_function.ingest.arn
        job_name      = aws_glue_job.clean.name
        job_seconds   = (var.glue_timeout_minutes + 10) * 60
        crawler_name  = aws_glue_crawler.clean.name
        catalog_mode  = var.catalog_mode
        register_flag = var.catalog_mode == "api" ? "true" : "false"
      })
    }
    kpi_views = {
      name = var.kpi_views_name
      definition = templatefile("${path.module}/step_functions/velib_kpi_views.asl.json", {
        partition = local.partition
        workgroup = aws_athena_workgroup.velib.name
        views     = jsonencode(local.views)
      })
    }
  }
}

# The prefix /aws/vendedlogs/ keeps log delivery out of the account's policy of limited size.
resource "aws_cloudwatch_log_group" "machine" {
  #checkov:skip=CKV_AWS_158:Logs hold counts and keys of public data; CloudWatch encrypts them with its own key
  for_each = toset([var.pipeline_name, var.kpi_views_name])

  name              = "/aws/vendedlogs/states/${each.key}"
  retention_in_days = var.log_retention_days
}

resource "aws_sfn_state_machine" "machine" {
  for_each = local.machines

  name       = each.value.name
  type       = "STANDARD"
  role_arn   = local.role[each.key]
  definition = each.value.definition

  logging_configuration {
    level                  = "ERROR"
    include_execution_data = true
    log_destination        = "${aws_cloudwatch_log_group.machine[each.value.name].arn}:*"
  }

  tracing_configuration {
    enabled = local.tracing
  }

  depends_on = [aws_iam_role_policy.service]
}
