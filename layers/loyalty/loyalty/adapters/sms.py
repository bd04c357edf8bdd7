"""Text messages through SNS."""

from __future__ import annotations

from typing import TYPE_CHECKING

from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    HTTPClientError,
)

from loyalty.services.message_ports import Sms, SmsInDoubt, SmsRefused

if TYPE_CHECKING:
    from collections.abc import Mapping

    from mypy_boto3_sns.type_defs import MessageAttributeValueTypeDef

    from loyalty.adapters.aws import Aws

# Below it SNS has refused; at it or above, the message may be on its way all the same.
SERVER_ERROR = 500
# These say nothing of the message: SNS would take no other one either.
TAKES_NONE = frozenset({"AuthorizationError", "OptInRequired", "Throttled", "Throttling"})


class SnsSmsSender:
    """Implements `loyalty.services.message_ports.SmsSender` by Publish to a phone number.

    Parameters
    ----------
    sender_id : str or None
        What phones show as the sender, where their country allows it.
    max_price : str
        What one message may cost at most, in US dollars; SNS drops a dearer one.
    """

    def __init__(self, aws: Aws, *, sender_id: str | None, max_price: str) -> None:
        self._aws = aws
        self._attributes = _attributes(sender_id, max_price)

    def send(self, sms: Sms) -> None:
        try:
            self._aws.client("sns").publish(
                PhoneNumber=sms.to, Message=sms.text, MessageAttributes=self._attributes
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if error.response["ResponseMetadata"]["HTTPStatusCode"] < SERVER_ERROR:
                raise SmsRefused(code, takes_none=code in TAKES_NONE) from error
            raise SmsInDoubt(code) from error
        except (ConnectTimeoutError, EndpointConnectionError) as error:
            raise SmsRefused("no connection", takes_none=True) from error
        except HTTPClientError as error:
            raise SmsInDoubt("no answer") from error


def _attributes(
    sender_id: str | None, max_price: str
) -> Mapping[str, MessageAttributeValueTypeDef]:
    attributes: dict[str, MessageAttributeValueTypeDef] = {
        # Transactional: the networks deliver it with preference, also to who refuses advertising.
        "AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"},
        "AWS.SNS.SMS.MaxPrice": {"DataType": "Number", "StringValue": max_price},
    }
    if sender_id:
        attributes["AWS.SNS.SMS.SenderID"] = {"DataType": "String", "StringValue": sender_id}
    return attributes
