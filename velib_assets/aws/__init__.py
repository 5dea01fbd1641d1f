"""What the AWS forms of the steps share. Read `api` first: it is the only caller of boto3.

`names` has the names of the deployed resources, `reporter` sends messages from a Lambda or a Glue job to
Dagster through Pipes, `pipes_client` receives them on the Dagster host, `remote_work_client` describes what
a job may be asked for, and `package` builds the files that Terraform uploads. `api`, `names` and `reporter`
also run in Lambda and Glue, on Python 3.9.
"""
