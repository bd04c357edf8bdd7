"""What a Lambda needs around a use case: settings, observability, HTTP, the composition root."""
