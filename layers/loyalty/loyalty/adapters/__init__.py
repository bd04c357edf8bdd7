"""The world behind the ports: DynamoDB, SES, Step Functions, EventBridge, S3, time."""
