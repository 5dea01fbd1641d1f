# Names for Dagster and `velib`, ARNs for policies, and links to the console.

output "bucket" {
  description = "The bucket of the lake."
  value       = aws_s3_bucket.lake.bucket
}

output "lambda" {
  description = "The function that takes a snapshot."
  value       = aws_lambda_function.ingest.function_name
}

output "glue_job" {
  description = "The cleaning job."
  value       = aws_glue_job.clean.name
}

output "clean_lambda" {
  description = "The function that cleans; null unless clean_runtime is lambda."
  value       = one(aws_lambda_function.clean[*].function_name)
}

output "crawler" {
  description = "The crawler over clean/."
  value       = aws_glue_crawler.clean.name
}

output "crawler_table" {
  description = "The table that the crawler writes: that of the pipeline, or in api mode the table that an audit compares with it."
  value       = local.crawler_table
}

output "database" {
  description = "The Glue database."
  value       = aws_glue_catalog_database.velib.name
}

output "workgroup" {
  description = "The Athena workgroup."
  value       = aws_athena_workgroup.velib.name
}

output "topic_arn" {
  description = "The topic of all alerts."
  value       = aws_sns_topic.alerts.arn
}

output "state_machine_arns" {
  description = "The state machines, by name."
  value       = { for machine in aws_sfn_state_machine.machine : machine.name => machine.arn }
}

output "dagster_policy_arn" {
  description = "The policy to attach to the role or user of the Dagster host; null with lab_role_name."
  value       = one(aws_iam_policy.dagster[*].arn)
}

output "dagster_env" {
  description = "The settings of the Dagster host as NAME=value: terraform output -raw dagster_env > aws.env"
  value = join("", formatlist("%s\n", concat([
    "VELIB_TARGET=aws",
    "VELIB_BUCKET=${aws_s3_bucket.lake.bucket}",
    "AWS_REGION=${var.region}",
    "VELIB_SOURCE=${var.feed}",
    "VELIB_LAMBDA=${aws_lambda_function.ingest.function_name}",
    "VELIB_CLEAN_RUNTIME=${local.clean_runtime}",
    "VELIB_CLEAN_LAMBDA=${local.name.clean}",
    "VELIB_GLUE_JOB=${aws_glue_job.clean.name}",
    "VELIB_WORKGROUP=${aws_athena_workgroup.velib.name}",
    "VELIB_DATABASE=${aws_glue_catalog_database.velib.name}",
    "VELIB_CRAWLER=${aws_glue_crawler.clean.name}",
    "VELIB_CATALOG_MODE=${var.catalog_mode}",
    "VELIB_ALERTS=sns:${aws_sns_topic.alerts.arn}",
  ], local.retired.settings, local.network_lines)))
}

output "console" {
  description = "Links to the AWS console."
  value = {
    lake      = "https://s3.console.aws.amazon.com/s3/buckets/${aws_s3_bucket.lake.bucket}?region=${var.region}"
    lambda    = "${local.console}/lambda/home?region=${var.region}#/functions/${aws_lambda_function.ingest.function_name}"
    glue_job  = "${local.console}/gluestudio/home?region=${var.region}#/editor/job/${aws_glue_job.clean.name}/runs"
    athena    = "${local.console}/athena/home?region=${var.region}#/query-editor"
    pipeline  = "${local.console}/states/home?region=${var.region}#/statemachines/view/${local.arn.pipeline}"
    daily     = "${local.console}/states/home?region=${var.region}#/statemachines/view/${local.arn.daily}"
    kpi_views = "${local.console}/states/home?region=${var.region}#/statemachines/view/${local.arn.kpi_views}"
    schedule  = "${local.console}/scheduler/home?region=${var.region}#schedules/default/${local.name.schedule}"
    alarms    = "${local.console}/cloudwatch/home?region=${var.region}#alarmsV2:"
  }
}

locals {
  console = "https://${var.region}.console.aws.amazon.com"
}
