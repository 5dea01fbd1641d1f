"""The pipeline on the emulator: real Terraform, the packaged Lambda and Glue job, policies enforced."""
