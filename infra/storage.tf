# The bucket of the lake, its protection and the lifetimes of its objects.

locals {
  lake = "s3://${aws_s3_bucket.lake.bucket}"
}

resource "aws_s3_bucket" "lake" {
  #checkov:skip=CKV_AWS_18:Access logs need a second bucket and cost more than the lake; each service writes with its own role, and CloudTrail data events can be enabled for an audit
  #checkov:skip=CKV_AWS_144:The data is public; versioning undoes mistakes, and replication would double the cost of a lake that is not a system of record
  #checkov:skip=CKV_AWS_145:SSE-S3 by default, because the data is public and a customer key costs as much as the rest of the stack; set kms_key_arn if one is required
  #checkov:skip=CKV2_AWS_62:No object event drives anything; the pipeline lists prefixes
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

data "aws_iam_policy_document" "bucket" {
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

  # Raw is written once, also by roles that may put there. PutObject and CompleteMultipartUpload create objects and take
  # the header; the other calls of a multipart upload create none and cannot send it. A copy cannot either: S3 refuses it.
  statement {
    sid       = "RawIsWrittenOnce"
    effect    = "Deny"
    actions   = ["s3:PutObject"]
    resources = ["${local.arn.bucket}/raw/*"]

    principals {
      type        = "*"
      identifiers = ["*"]
    }

    condition {
      test     = "Null"
      variable = "s3:if-none-match"
      values   = ["true"]
    }

    condition {
      test     = "Bool"
      variable = "s3:ObjectCreationOperation"
      values   = ["true"]
    }

    dynamic "condition" {
      for_each = length(var.raw_copy_principals) == 0 ? [] : ["the people who copy an old bucket"]

      content {
        test     = "ArnNotEquals"
        variable = "aws:PrincipalArn"
        values   = var.raw_copy_principals
      }
    }
  }
}

resource "aws_s3_bucket_policy" "lake" {
  bucket     = aws_s3_bucket.lake.id
  policy     = data.aws_iam_policy_document.bucket.json
  depends_on = [aws_s3_bucket_public_access_block.lake]
}

resource "aws_s3_bucket_lifecycle_configuration" "lake" {
  bucket     = aws_s3_bucket.lake.id
  depends_on = [aws_s3_bucket_versioning.lake]

  # A snapshot is about 75 KB gzipped, and S3 bills objects in colder classes as at least 128 KB. Standard-IA would
  # save 7 % per month and need seven years to recover its $0.01 per 1,000 transitions, so it is not used. Glacier
  # Instant Retrieval saves 70 %, is read like any other object, and recovers its $0.02 in 17 months (in two for the
  # first version's plain .json). Below about 23 KB, Standard is cheaper. By default S3 moves nothing below 128 KB,
  # which a size filter overrides.
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

  # Every tick replaces the report (some MB), which can be rebuilt from the lake.
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

  # In a versioned bucket, expiration only hides objects; this deletes them. It is also the only rule for stations/,
  # whose file is replaced once per hour: two weeks of its versions are some MB.
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
