"""What the program costs beside the AWS calls that it makes.

Ratios to a bare botocore client, measured in one run.
"""
