"""Bring the product onto a running emulator: the stack, and what AWS has beside a stack."""

from __future__ import annotations

import hashlib

from local import outputs
from local.deploy import Cloud, Deployment, deploy
from local.identity import AUDIENCE, Issuer
from local.sign_in import CLIENT_ID
from local.workspace import STACK_NAME, Workspace

SENDER_ADDRESS = "elite@loyalty.example"


# A new version of the program, and a new offer, count within so many seconds of the wall clock.
PROGRAM_CACHE_SECONDS = 1


def deploy_product(
    workspace: Workspace, *, program_cache_seconds: int = PROGRAM_CACHE_SECONDS
) -> tuple[Deployment, outputs.Outputs]:
    """Deploy the template, make runs repeatable, and write down where everything is.

    Parameters
    ----------
    program_cache_seconds
        How long functions go on with the program and the offers that they know.

    Raises
    ------
    PackagingError, DeployError
        As ``local.deploy.deploy``.
    """
    cloud = Cloud(workspace.url)
    cloud.client("ses").verify_email_identity(EmailAddress=SENDER_ADDRESS)
    given = parameters(workspace) | {"ProgramCacheSeconds": str(program_cache_seconds)}
    deployment = deploy(cloud, workspace.template_file, STACK_NAME, given)
    if deployment.changed:
        _fix_secrets(cloud, deployment)
    return deployment, outputs.write(workspace, deployment)


def parameters(workspace: Workspace) -> dict[str, str]:
    """Values of the template's parameters on this laptop."""
    issuer = Issuer.of(workspace)
    return {
        "Stage": "local",
        "PublicUrl": workspace.url,
        "ClockFile": str(workspace.clock_file),
        "OidcIssuer": issuer.url,
        "OidcAudience": AUDIENCE,
        "OidcJwksUrl": issuer.jwks_url,
        "OidcClientId": CLIENT_ID,
        "OidcAuthorizeUrl": issuer.authorize_url,
        "OidcTokenUrl": issuer.token_url,
        "SenderAddress": SENDER_ADDRESS,
    }


def _fix_secrets(cloud: Cloud, deployment: Deployment) -> None:
    """Give each secret one value for ever: member ids and link tokens then repeat between runs."""
    client = cloud.client("secretsmanager")
    for secret in deployment.of_type("AWS::SecretsManager::Secret"):
        value = hashlib.sha256(f"laptop/{secret.logical_id}".encode()).hexdigest()
        client.put_secret_value(SecretId=secret.physical_id, SecretString=value)
