# The function that cleans, with clean_runtime = "lambda": the Glue job's code, and as a layer what the job installs.

locals {
  clean_function = local.clean_runtime == "lambda"
  clean_zip      = "${var.artefacts_dir}/velib_clean_lambda.zip"
  clean_layer    = "${var.artefacts_dir}/velib_clean_layer.zip"
  clean_seconds  = 900 # Lambda's maximum; a call begins no hour in its last three minutes
}

resource "aws_cloudwatch_log_group" "clean" {
  #checkov:skip=CKV_AWS_158:Logs hold counts and keys of public data; CloudWatch encrypts them with its own key
  count = local.clean_function ? 1 : 0

  name              = "/aws/lambda/${local.name.clean}"
  retention_in_days = var.log_retention_days
}

# Above 50 MB, Lambda takes a layer from S3 only.
resource "aws_s3_object" "clean_layer" {
  count = local.clean_function ? 1 : 0

  bucket      = aws_s3_bucket.lake.id
  key         = "glue/scripts/velib_clean_layer.zip"
  source      = local.clean_layer
  source_hash = filemd5(local.clean_layer)

  lifecycle {
    precondition {
      condition     = fileexists(local.clean_layer)
      error_message = "${local.clean_layer} is missing: run `make package` in the checkout first (or set artefacts_dir)."
    }
  }

  depends_on = [aws_s3_bucket_versioning.lake, aws_s3_bucket_server_side_encryption_configuration.lake]
}

resource "aws_lambda_layer_version" "clean" {
  count = local.clean_function ? 1 : 0

  layer_name               = "${local.name.clean}_modules"
  description              = "pyarrow and boto3, as infra/glue_modules.txt pins them"
  compatible_runtimes      = ["python3.12"]
  compatible_architectures = ["x86_64"]
  s3_bucket                = aws_s3_object.clean_layer[0].bucket
  s3_key                   = aws_s3_object.clean_layer[0].key
  s3_object_version        = aws_s3_object.clean_layer[0].version_id
  source_code_hash         = filebase64sha256(local.clean_layer)
}

resource "aws_lambda_function" "clean" {
  #checkov:skip=CKV_AWS_115:Small accounts have a quota of 10 and cannot reserve any of it; Dagster's queue limits the runs
  #checkov:skip=CKV_AWS_116:It is called synchronously, so its caller sees each failure; there is no lost event to keep
  #checkov:skip=CKV_AWS_117:It reads and writes S3 and the Glue catalog; a VPC would need a NAT gateway ($32 per month) and protect nothing
  #checkov:skip=CKV_AWS_173:Its environment holds names and no secret; Lambda encrypts it with its own key
  #checkov:skip=CKV_AWS_272:The zip is built deterministically from this repository and its hash is in the plan; a signing profile would add a second authority for one author
  count = local.clean_function ? 1 : 0

  function_name    = local.name.clean
  description      = "Cleans raw snapshots into one Parquet file per hour"
  role             = local.role["clean"]
  runtime          = "python3.12"
  architectures    = ["x86_64"]
  handler          = "velib_assets.clean.clean_handler.handler"
  filename         = local.clean_zip
  source_code_hash = filebase64sha256(local.clean_zip)
  layers           = [aws_lambda_layer_version.clean[0].arn]
  memory_size      = var.clean_lambda_memory
  timeout          = local.clean_seconds

  environment {
    variables = merge(
      {
        VELIB_BUCKET   = aws_s3_bucket.lake.bucket
        VELIB_ACCOUNT  = local.account
        VELIB_DATABASE = aws_glue_catalog_database.velib.name
      },
      local.network_settings,
    )
  }

  tracing_config {
    mode = local.tracing ? "Active" : "PassThrough"
  }

  lifecycle {
    precondition {
      condition     = fileexists(local.clean_zip)
      error_message = "${local.clean_zip} is missing: run `make package` in the checkout first (or set artefacts_dir)."
    }
  }

  depends_on = [aws_cloudwatch_log_group.clean, aws_iam_role_policy.service]
}
