"""The AWS forms of the resources: Lambda, Glue, Athena, SNS. No client is made before its first use."""
