"""One botocore session for all AWS clients of a process; a client is made at its first use.

boto3 is not imported: it adds nothing that the adapters use, and costs a cold start about a tenth.
"""

from __future__ import annotations

import gzip
import json
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, overload

from botocore.config import Config
from botocore.loaders import JSONFileLoader, Loader
from botocore.session import get_session

if TYPE_CHECKING:
    from botocore.client import BaseClient
    from botocore.session import Session
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_s3 import S3Client
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sesv2 import SESV2Client
    from mypy_boto3_sns import SNSClient
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_stepfunctions import SFNClient

# A handler rather fails, to be tried again, than waits for a dead connection until its time is up.
CONNECT_TIMEOUT_SECONDS = 1
READ_TIMEOUT_SECONDS = 3
MAX_RETRIES = 2
# A message cannot be taken back: when the answer is lost, the same call is not made again.
NOT_REPEATABLE = frozenset({"sesv2", "sns"})


class PlainFiles(JSONFileLoader):
    """Reads botocore's data as dictionaries, which keep their order too.

    botocore itself makes an `OrderedDict` of every object, which takes twice as long.
    """

    def load_file(self, file_path: str) -> Any:
        with suppress(FileNotFoundError):
            return json.loads(Path(f"{file_path}.json").read_bytes())
        with suppress(FileNotFoundError), gzip.open(f"{file_path}.json.gz") as file:
            return json.loads(file.read())
        return None


class LeanData(Loader):
    """botocore's own data, without the detours that a cold start pays for (docs/benchmarks.md)."""

    FILE_LOADER_CLASS = PlainFiles

    def list_available_services(self, type_name: str) -> list[str]:
        """Return the services: a service is known when it has a folder.

        botocore itself looks through the folders of all its 400 services, twice for the first
        client, to find that one of them exists.
        """
        return [folder.name for folder in Path(self.BUILTIN_DATA_PATH).iterdir()]

    def load_data_with_path(self, name: str) -> tuple[Any, str]:
        """Return the data called `name`, and its path.

        Of `endpoints`, 1.2 MB about all services in all regions, only the partitions: where a
        service is and how it is signed for, its own rule set says, which all that we call have.
        """
        if name != "endpoints":
            return super().load_data_with_path(name)
        data, path = super().load_data_with_path("partitions")
        partitions = [
            {
                "partition": partition["id"],
                "dnsSuffix": partition["outputs"]["dnsSuffix"],
                "regionRegex": partition["regionRegex"],
                "regions": partition["regions"],
                "defaults": {"hostname": "{service}.{region}.{dnsSuffix}"},
                "services": {},
            }
            for partition in data["partitions"]
        ]
        return {"partitions": partitions}, path


class Aws:
    """AWS clients that share one session, region, endpoint and time-outs.

    Parameters
    ----------
    region : str, optional
        AWS region; by default the one of the standard environment.
    endpoint_url : str, optional
        Where all services answer (a local emulator); by default AWS itself.
    """

    def __init__(self, *, region: str | None = None, endpoint_url: str | None = None) -> None:
        self.region = region
        self.endpoint_url = endpoint_url
        self.session: Session = get_session()
        self.session.register_component("data_loader", LeanData())
        self._clients: dict[str, BaseClient] = {}

    @overload
    def client(self, service: Literal["events"]) -> EventBridgeClient: ...
    @overload
    def client(self, service: Literal["s3"]) -> S3Client: ...
    @overload
    def client(self, service: Literal["secretsmanager"]) -> SecretsManagerClient: ...
    @overload
    def client(self, service: Literal["sesv2"]) -> SESV2Client: ...
    @overload
    def client(self, service: Literal["sns"]) -> SNSClient: ...
    @overload
    def client(self, service: Literal["sqs"]) -> SQSClient: ...
    @overload
    def client(self, service: Literal["stepfunctions"]) -> SFNClient: ...

    def client(self, service: str) -> object:
        """Return the (cached) client of `service`."""
        if service not in self._clients:
            retries = 0 if service in NOT_REPEATABLE else MAX_RETRIES
            config = Config(
                connect_timeout=CONNECT_TIMEOUT_SECONDS,
                read_timeout=READ_TIMEOUT_SECONDS,
                retries={"total_max_attempts": 1 + retries, "mode": "standard"},
                # In old regions, upload URLs would have version 2, which new buckets refuse.
                signature_version="s3v4" if service == "s3" else None,
                # In us-east-1 too, S3 is asked where it is and not at its address for the world.
                s3={"us_east_1_regional_endpoint": "regional"},
            )
            self._clients[service] = self.session.create_client(
                service,
                region_name=self.region,
                endpoint_url=self.endpoint_url,
                config=config,
            )
        return self._clients[service]
