"""Mail through SES."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)

from loyalty.services.ports import Email, EmailInDoubt, EmailRefused

if TYPE_CHECKING:
    from loyalty.adapters.aws import Aws

# Below it SES has refused; at it or above, the mail may be on its way all the same.
SERVER_ERROR = 500
# These say nothing of the mail: SES would take no other one either.
TAKES_NONE = frozenset(
    {
        "AccountSuspendedException",
        "LimitExceededException",
        "MailFromDomainNotVerifiedException",
        "SendingPausedException",
        "ThrottlingException",
        "TooManyRequestsException",
    }
)


class SesEmailSender:
    """Implements `loyalty.services.ports.EmailSender` by SES API version 2."""

    def __init__(self, aws: Aws, *, sender_address: str) -> None:
        self._aws = aws
        self._sender_address = sender_address

    def send(self, email: Email) -> None:
        try:
            self._aws.client("sesv2").send_email(
                FromEmailAddress=self._sender_address,
                Destination={"ToAddresses": [email.to]},
                Content={
                    "Simple": {
                        "Subject": {"Data": email.subject, "Charset": "UTF-8"},
                        "Body": {
                            "Text": {"Data": email.text, "Charset": "UTF-8"},
                            "Html": {"Data": email.html, "Charset": "UTF-8"},
                        },
                        "Headers": [{"Name": n, "Value": v} for n, v in email.headers.items()],
                    }
                },
                EmailTags=[{"Name": n, "Value": v} for n, v in email.tags.items()],
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < SERVER_ERROR:
                raise EmailRefused(code, takes_none=code in TAKES_NONE) from error
            raise EmailInDoubt(code) from error
        except (ConnectTimeoutError, EndpointConnectionError) as error:
            raise EmailRefused("no connection", takes_none=True) from error
        except HTTPClientError as error:
            raise EmailInDoubt("no answer") from error
