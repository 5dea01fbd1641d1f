"""What the AWS forms share: names, calls to boto3, Pipes sessions, and the packages to upload."""
