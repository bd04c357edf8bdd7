"""The imports bucket in S3."""

from __future__ import annotations

import codecs
import json
from collections.abc import Iterable, Iterator
from tempfile import SpooledTemporaryFile
from typing import TYPE_CHECKING

from botocore.exceptions import ClientError

from loyalty.domain.errors import ImportFileInvalid, ImportNotFound

if TYPE_CHECKING:
    from loyalty.adapters.aws import Aws

CHUNK_BYTES = 256 * 1024
# Larger objects wait on disk, not in memory, while they are written.
SPOOL_BYTES = 8 * 1024 * 1024


class S3Objects:
    """Implements `loyalty.services.ports.ObjectStore`."""

    def __init__(self, aws: Aws, *, bucket: str) -> None:
        self._aws = aws
        self._bucket = bucket

    def read_lines(self, key: str) -> Iterator[str]:
        """Stream an object's lines; only one chunk and one line are in memory."""
        try:
            answer = self._aws.client("s3").get_object(Bucket=self._bucket, Key=key)
        except ClientError as error:
            if error.response["Error"]["Code"] == "NoSuchKey":
                raise ImportNotFound(key) from error
            raise
        decode = codecs.getincrementaldecoder("utf-8-sig")().decode
        rest = ""
        try:
            for chunk in answer["Body"].iter_chunks(CHUNK_BYTES):
                *lines, rest = (rest + decode(chunk)).split("\n")
                yield from (line.removesuffix("\r") for line in lines)
            rest += decode(b"", True)
        except UnicodeDecodeError as error:
            raise ImportFileInvalid("not UTF-8") from error
        if rest:
            yield rest.removesuffix("\r")

    def version(self, key: str) -> str | None:
        try:
            return self._aws.client("s3").head_object(Bucket=self._bucket, Key=key)["ETag"]
        except ClientError as error:
            if error.response["Error"]["Code"] == "404":
                return None
            raise

    def write_lines(self, key: str, lines: Iterable[str]) -> None:
        with SpooledTemporaryFile(SPOOL_BYTES) as body:
            body.writelines(f"{line}\n".encode() for line in lines)
            body.seek(0)
            self._aws.client("s3").put_object(Bucket=self._bucket, Key=key, Body=body)

    def write_json(self, key: str, document: object) -> None:
        body = json.dumps(document).encode()
        self._aws.client("s3").put_object(
            Bucket=self._bucket, Key=key, Body=body, ContentType="application/json"
        )

    def upload_url(self, key: str, expires_in_seconds: int) -> str:
        """Return a URL to which the object can be put without credentials until it expires."""
        return self._aws.client("s3").generate_presigned_url(
            "put_object",
            Params={"Bucket": self._bucket, "Key": key},
            ExpiresIn=expires_in_seconds,
        )
