# The function that takes a snapshot, its log group, and the destination of failed events.

locals {
  lambda_zip = "${var.artefacts_dir}/velib_ingest_lambda.zip"
}

resource "aws_cloudwatch_log_group" "lambda" {
  #checkov:skip=CKV_AWS_158:Logs hold counts and keys of public data; CloudWatch encrypts them with its own key
  name              = "/aws/lambda/${local.name.lambda}"
  retention_in_days = var.log_retention_days
}

resource "aws_lambda_function" "ingest" {
  #checkov:skip=CKV_AWS_115:Small accounts have a quota of 10 and cannot reserve any of it; set lambda_reserved_concurrency if the account allows it
  #checkov:skip=CKV_AWS_116:Its failure destination (aws_lambda_function_event_invoke_config) is the newer form of a dead-letter queue, and includes the reason
  #checkov:skip=CKV_AWS_117:It reads a public feed and writes to S3; a VPC would need a NAT gateway ($32 per month) and protect nothing
  #checkov:skip=CKV_AWS_173:Its environment holds names, and at most the key of a public feed; Lambda encrypts it with its own key
  #checkov:skip=CKV_AWS_272:The zip is built deterministically from this repository and its hash is in the plan; a signing profile would add a second authority for one author
  function_name                  = local.name.lambda
  description                    = "Stores one ${local.is_velib ? "Velib" : var.network} snapshot in raw/, or in quarantine/ if it is unusable"
  role                           = local.role["lambda"]
  runtime                        = "python3.12"
  architectures                  = ["x86_64"]
  handler                        = "velib_assets.ingest.lambda_handler.handler"
  filename                       = local.lambda_zip
  source_code_hash               = filebase64sha256(local.lambda_zip)
  memory_size                    = 256
  timeout                        = 120
  reserved_concurrent_executions = coalesce(var.lambda_reserved_concurrency, -1)

  environment {
    variables = merge(
      {
        VELIB_BUCKET  = aws_s3_bucket.lake.bucket
        VELIB_ACCOUNT = local.account
        VELIB_SOURCE  = var.feed
      },
      var.opendata_url == "" ? {} : { VELIB_OPENDATA_URL = var.opendata_url },
      nonsensitive(var.gbfs_url == "") ? {} : { VELIB_GBFS_URL = var.gbfs_url },
      local.network_settings,
    )
  }

  tracing_config {
    mode = local.tracing ? "Active" : "PassThrough"
  }

  lifecycle {
    precondition {
      condition     = fileexists(local.lambda_zip)
      error_message = "${local.lambda_zip} is missing: run `make package` in the checkout first (or set artefacts_dir)."
    }
  }

  depends_on = [aws_cloudwatch_log_group.lambda, aws_iam_role_policy.service]
}

# For asynchronous events; Dagster and Step Functions wait for the response and see failures themselves. A tick can
# only be retried within its 15-minute slot.
resource "aws_lambda_function_event_invoke_config" "ingest" {
  function_name                = aws_lambda_function.ingest.function_name
  maximum_retry_attempts       = 1
  maximum_event_age_in_seconds = 600

  destination_config {
    on_failure {
      destination = aws_sns_topic.alerts.arn
    }
  }
}
