"""DynamoDB behind the ports. PynamoDB and its models never leave this folder."""
