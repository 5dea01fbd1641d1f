# The lake: one bucket, its safety and the lifetimes of what lies in it.

locals {
  lake = "s3://${aws_s3_bucket.lake.bucket}"
}

resource "aws_s3_bucket" "lake" {
  #checkov:skip=CKV_AWS_18:Access logs need a second bucket and cost more than the lake; writes are already told apart by role, and CloudTrail data events can be switched on where an audit asks for them
  #checkov:skip=CKV_AWS_144:Public open data; versioning undoes mistakes, and replication would double the cost of a lake that is no one's system of record
  #checkov:skip=CKV_AWS_145:SSE-S3 by default, since the data is public and a customer key costs as much as the rest of the stack; set kms_key_arn where one is required
  #checkov:skip=CKV2_AWS_62:Nothing is driven by object events; the pipeline lists what it needs by prefix
  bucket        = var.bucket_name
  force_destroy = var.force_destroy
}

resource "aws_s3_bucket_public_access_block" "lake" {
  bucket                  = aws_s3_bucket.lake.id
  block_public_acls       = true
  block_public_policy     = true
  ignore_public_acls      = true
  restrict_public_buckets = true
}

resource "aws_s3_bucket_ownership_controls" "lake" {
  bucket = aws_s3_bucket.lake.id

  rule {
    object_ownership = "BucketOwnerEnforced"
  }
}

resource "aws_s3_bucket_versioning" "lake" {
  bucket = aws_s3_bucket.lake.id

  versioning_configuration {
    status = "Enabled"
  }
}

resource "aws_s3_bucket_server_side_encryption_configuration" "lake" {
  bucket = aws_s3_bucket.lake.id

  rule {
    apply_server_side_encryption_by_default {
      sse_algorithm     = var.kms_key_arn == null ? "AES256" : "aws:kms"
      kms_master_key_id = var.kms_key_arn
    }

    bucket_key_enabled = var.kms_key_arn != null
  }
}

data "aws_iam_policy_document" "tls_only" {
  statement {
    sid       = "TlsOnly"
    effect    = "Deny"
    actions   = ["s3:*"]
    resources = [local.arn.bucket, "${local.arn.bucket}/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Bool"
      variable = "aws:SecureTransport"
      values   = ["false"]
    }
  }
}

resource "aws_s3_bucket_policy" "lake" {
  bucket     = aws_s3_bucket.lake.id
  policy     = data.aws_iam_policy_document.tls_only.json
  depends_on = [aws_s3_bucket_public_access_block.lake]
}

resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  bucket     = aws_s3_bucket.lake.id
  depends_on = [aws_s3_bucket_versioning.lake]

  # A snapshot is about 75 KB gzipped, and S3's colder classes bill every object as at least 128 KB. So at that
  # size Standard-IA saves 7 % a month and takes seven years to earn back its $0.01 per 1,000 moves: never used.
  # Glacier Instant Retrieval saves 70 %, is read like any other object, and earns its $0.02 back in 17 months
  # (in two for the first version's plain .json). Below about 23 KB Standard is cheaper; by itself S3 moves
  # nothing below 128 KB, which a size filter overrules.
  rule {
    id     = "raw-to-a-colder-class"
    status = "Enabled"

    filter {
      and {
        prefix                   = "raw/"
        object_size_greater_than = 32768
      }
    }

    transition {
      days          = var.raw_cold_after_days
      storage_class = "GLACIER_IR"
    }
  }

  dynamic "rule" {
    for_each = {
      "quarantine/"     = var.quarantine_days
      "glue/tmp/"       = var.temporary_days
      "athena-results/" = var.temporary_days
    }

    content {
      id     = "expire-${trimsuffix(replace(rule.key, "glue/", "glue-"), "/")}"
      status = "Enabled"

      filter {
        prefix = rule.key
      }

      expiration {
        days = rule.value
      }
    }
  }

  # The report is replaced by each tick, some MB each time, and is made anew from what the lake holds.
  rule {
    id     = "old-reports"
    status = "Enabled"

    filter {
      prefix = "reports/"
    }

    noncurrent_version_expiration {
      noncurrent_days = 1
    }
  }

  # Expiry in a versioned bucket only hides: this is what deletes.
  rule {
    id     = "old-versions-and-leftovers"
    status = "Enabled"

    filter {}

    noncurrent_version_expiration {
      noncurrent_days = var.old_version_days
    }

    expiration {
      expired_object_delete_marker = true
    }

    abort_incomplete_multipart_upload {
      days_after_initiation = 1
    }
  }
}
