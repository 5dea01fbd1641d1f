# Which role may list, read, write and delete which prefixes of the lake. Everything else in the bucket is denied,
# and so is a bucket of this name in another account.

locals {
  # With keep_hours_days, the host removes the hours of old days, and records what it removed.
  retired = {
    put      = var.keep_hours_days == null ? [] : ["history/source=${var.network}/retired/"]
    delete   = var.keep_hours_days == null ? [] : ["clean/"]
    actions  = var.keep_hours_days == null ? [] : ["glue:DeletePartition"]
    settings = var.keep_hours_days == null ? [] : ["VELIB_KEEP_HOURS_DAYS=${var.keep_hours_days}"]
  }

  lake_access = {
    lambda = {
      list   = concat(["raw/", "quarantine/"], local.network_prefix)
      get    = concat(["raw/", "quarantine/", "glue/tmp/pipes/"], local.network_prefix) # pipes: Dagster's messages
      put    = concat(["raw/", "quarantine/", "glue/tmp/pipes/"], local.network_prefix)
      delete = []
    }
    job = {
      list   = ["raw/", "quarantine/", "clean/", "rejects/", "stations/", "history/", "glue/"]
      get    = ["raw/", "quarantine/", "clean/", "rejects/", "stations/", "history/", "glue/"]
      put    = ["quarantine/", "clean/", "rejects/", "stations/", "history/", "glue/tmp/"]
      delete = ["clean/", "rejects/", "history/", "glue/tmp/"]
    }
    clean = {
      list   = ["raw/", "quarantine/", "clean/", "rejects/", "stations/", "history/", "glue/tmp/"]
      get    = ["raw/", "quarantine/", "clean/", "rejects/", "stations/", "history/", "glue/tmp/"]
      put    = ["quarantine/", "clean/", "rejects/", "stations/", "history/", "glue/tmp/"]
      delete = ["clean/", "rejects/", "history/", "glue/tmp/"]
    }
    crawler = {
      list   = ["clean/"]
      get    = ["clean/"]
      put    = []
      delete = []
    }
    kpi_views = {
      list   = ["athena-results/"]
      get    = ["athena-results/"]
      put    = ["athena-results/"]
      delete = []
    }
    dagster = {
      list   = concat(["raw/", "quarantine/", "clean/", "rejects/", "stations/", "history/", "kpi/", "published/", "athena-results/", "glue/tmp/"], local.network_prefix)
      get    = concat(["raw/", "quarantine/", "clean/", "rejects/", "stations/", "history/", "kpi/", "reports/", "published/", "athena-results/", "glue/tmp/"], local.network_prefix)
      put    = concat(["raw/", "quarantine/", "stations/", "kpi/", "reports/", "published/", "athena-results/", "glue/tmp/"], local.network_prefix, local.retired.put)
      delete = concat(["published/", "glue/tmp/"], local.retired.delete)
    }
  }

  object_actions = {
    get    = ["s3:GetObject"]
    put    = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    delete = ["s3:DeleteObject"]
  }
}

data "aws_iam_policy_document" "lake" {
  for_each = local.lake_access

  # IfExists: reading a missing key checks ListBucket too, without a prefix. If that were denied, S3 would return
  # "access denied" where the pipeline needs "no such key".
  statement {
    sid       = "LakeList"
    actions   = ["s3:ListBucket"]
    resources = [local.arn.bucket]

    condition {
      test     = "StringLikeIfExists"
      variable = "s3:prefix"
      values   = [for prefix in each.value.list : "${prefix}*"]
    }

    condition {
      test     = "StringEqualsIfExists"
      variable = "aws:ResourceAccount"
      values   = [local.account]
    }
  }

  # Athena and Glue read the bucket's location first.
  statement {
    sid       = "LakeLocation"
    actions   = ["s3:GetBucketLocation", "s3:ListBucketMultipartUploads"]
    resources = [local.arn.bucket]
  }

  dynamic "statement" {
    for_each = { for verb, actions in local.object_actions : verb => actions if length(each.value[verb]) > 0 }

    content {
      sid       = "Lake${title(statement.key)}"
      actions   = statement.value
      resources = [for prefix in each.value[statement.key] : "${local.arn.bucket}/${prefix}*"]

      condition {
        test     = "StringEqualsIfExists"
        variable = "aws:ResourceAccount"
        values   = [local.account]
      }
    }
  }

  dynamic "statement" {
    for_each = var.kms_key_arn == null ? [] : [var.kms_key_arn]

    content {
      sid       = "LakeKey"
      actions   = ["kms:Decrypt", "kms:GenerateDataKey"]
      resources = [statement.value]

      condition {
        test     = "StringEquals"
        variable = "kms:ViaService"
        values   = ["s3.${var.region}.amazonaws.com"]
      }
    }
  }
}
