# The two state machines. They exist in both orchestrator modes and can be started by hand.
#
# Their type is STANDARD, as EXPRESS has no `.sync` and ends after five minutes. Each state transition is billed
# ($0.025 per 1,000 after 4,000 free ones per month). A tick takes 5 of them, or about 15 with the crawler: $0.26 or
# $1 per month.

locals {
  clean_state = templatefile("${path.module}/step_functions/${local.clean_function ? "clean_lambda" : "clean_glue"}.asl.json", {
    partition     = local.partition
    job_name      = aws_glue_job.clean.name
    clean_arn     = local.clean_function ? aws_lambda_function.clean[0].arn : ""
    job_seconds   = local.clean_function ? local.clean_seconds + 60 : (var.glue_timeout_minutes + 10) * 60
    register_flag = var.catalog_mode == "api" ? "true" : "tables" # the crawler registers hours
  })

  machines = {
    pipeline = {
      name = var.pipeline_name
      definition = templatefile("${path.module}/step_functions/velib_pipeline.asl.json", {
        partition    = local.partition
        lambda_arn   = aws_lambda_function.ingest.arn
        clean_state  = local.clean_state
        crawler_name = aws_glue_crawler.clean.name
        catalog_mode = var.catalog_mode
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

# The prefix /aws/vendedlogs/ keeps log delivery out of the account's resource policy, whose size is limited.
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
