"""Configurations of the filter, small enough to read in a test."""

from .servers import jwks
from .tokens import CLIENT, POOL_ID, SigningKey


def pool_config(**fields: object) -> dict:
    """A pool whose keys come through the cluster `cognito`; fields given as `None` are left out."""
    base: dict = {"user_pool_id": POOL_ID, "client_ids": [CLIENT], "jwks": {"cluster": "cognito"}}
    return {name: value for name, value in (base | fields).items() if value is not None}


def config(*pools: dict, **fields: object) -> dict:
    """A configuration with these pools, or the usual one."""
    return {"pools": list(pools) or [pool_config()], **fields}


def inline(*keys: SigningKey) -> dict:
    """`jwks` with the keys in the configuration."""
    return {"inline": jwks(*keys)}
