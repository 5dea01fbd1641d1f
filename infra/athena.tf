# The workgroup of all queries. It sets the location of results and the scan limit; clients cannot override them.

resource "aws_athena_workgroup" "velib" {
  #checkov:skip=CKV_AWS_159:Results are encrypted with SSE-S3, like the public data that they come from; kms_key_arn changes both
  name          = local.name.workgroup
  description   = "Velib Insights"
  force_destroy = true # its history of queries; the results expire in the bucket

  configuration {
    enforce_workgroup_configuration    = true
    publish_cloudwatch_metrics_enabled = true
    bytes_scanned_cutoff_per_query     = var.bytes_scanned_limit

    engine_version {
      selected_engine_version = "Athena engine version 3"
    }

    result_configuration {
      output_location       = "${local.lake}/athena-results/"
      expected_bucket_owner = local.account

      encryption_configuration {
        encryption_option = var.kms_key_arn == null ? "SSE_S3" : "SSE_KMS"
        kms_key_arn       = var.kms_key_arn
      }
    }
  }
}
