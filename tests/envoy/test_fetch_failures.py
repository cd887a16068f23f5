"""Why a key fetch failed: four mistakes in a cluster, and four different lines."""

import re
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.bootstrap import ADDRESS, cluster
from support.config import config, pool_config
from support.envoy import envoy_version
from support.http_server import Answer
from support.servers import ScriptedServer
from support.stage import Stages
from support.tls import SniServer, certificate
from support.waiting import wait_until

HOST = "cognito-idp.us-east-1.amazonaws.com"
SHOWS_REASONS = {"envoy.reloadable_features.hide_transport_failure_reason_in_response_body": False}
CHECKS = "check the sni, trusted_ca, host name and port of cluster"


def with_tls(name: str, port: int, trusted_ca: Path, **more: object) -> dict:
    """A cluster of a local server that speaks TLS."""
    context = {"common_tls_context": {"validation_context": {"trusted_ca": {"filename": str(trusted_ca)}}}, **more}
    kind = "type.googleapis.com/envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext"
    return cluster(name, port) | {"transport_socket": {"name": "tls", "typed_config": {"@type": kind, **context}}}


def unresolvable(name: str) -> dict:
    """A cluster whose host's name leads nowhere."""
    endpoint = {"endpoint": {"address": {"socket_address": {"address": "keys.invalid", "port_value": 443}}}}
    return {
        "name": name,
        "type": "STRICT_DNS",
        "connect_timeout": "2s",
        "load_assignment": {"cluster_name": name, "endpoints": [{"lb_endpoints": [endpoint]}]},
    }


@pytest.fixture
def closed_port() -> Iterator[int]:
    """A port that refuses connections: it is bound, but nobody listens."""
    with socket.socket() as bound:
        bound.bind((ADDRESS, 0))
        yield bound.getsockname()[1]


@pytest.fixture
def sni_server(tmp_path: Path) -> Iterator[tuple[SniServer, Path]]:
    """A server that needs SNI, and the certificate that it can be trusted by."""
    trusted, key = certificate(tmp_path, HOST)
    server = SniServer(trusted, key)
    yield server, trusted
    server.close()


def lines_of(stages: Stages, clusters: dict[str, dict | int], **how: object) -> dict[str, str]:
    """Starts an Envoy with a pool for each cluster; returns the line of each one's latest failure."""
    names = {name: f"us-east-1_{nth}" for nth, name in enumerate(clusters)}
    pools = [pool_config(user_pool_id=pool, jwks={"cluster": name}) for name, pool in names.items()]
    stage = stages.fresh(config(*pools), clusters=clusters, concurrency=1, **how)

    def lines() -> dict[str, str] | None:
        log = stage.envoy.log()
        found = {name: re.findall(rf"pool {pool}: JWKS fetch failed: .*", log) for name, pool in names.items()}
        # While Envoy starts, it does not know a cluster whose host's name it is still resolving.
        are_there = all(lines and "is unknown" not in lines[-1] for lines in found.values())
        return {name: lines[-1] for name, lines in found.items()} if are_there else None

    return wait_until(lines, "a line for each pool", within=20)


@pytest.mark.parametrize("shows_reasons", [True, False], ids=["reasons", "hidden"])
def test_four_mistakes_in_a_cluster(
    own_stages: Stages, tmp_path: Path, closed_port: int, sni_server: tuple[SniServer, Path], shows_reasons: bool
) -> None:
    server, trusted = sni_server
    stranger, _ = certificate(tmp_path, "stranger.example")
    lines = lines_of(
        own_stages,
        {
            "no-sni": with_tls("no-sni", server.port, trusted),
            "wrong-ca": with_tls("wrong-ca", server.port, stranger, sni=HOST),
            "closed-port": closed_port,
            "unresolvable": unresolvable("unresolvable"),
        },
        runtime=SHOWS_REASONS if shows_reasons else None,
    )
    # Envoy hides them by default since this version.
    shows_reasons = shows_reasons or envoy_version() < (1, 38, 1)
    unresolved = lines.pop("unresolvable")
    assert "host may not resolve" in unresolved and '"unresolvable"' in unresolved, unresolved
    for name, line in lines.items():
        assert "status 503" in line, line
        assert (CHECKS in line) != shows_reasons, line
    if shows_reasons:
        reasons = {"no-sni": "ALERT_HANDSHAKE", "wrong-ca": "CERTIFICATE_VERIFY", "closed-port": "onnection refused"}
        assert {name: reason in lines[name] for name, reason in reasons.items()} == dict.fromkeys(reasons, True), lines
        assert len({re.sub(r"pool \S+|\d+ ms", "", line) for line in lines.values()}) == 3, lines
    else:
        for name, line in lines.items():
            assert f'"{name}"' in line and "hide_transport_failure_reason_in_response_body" in line, line


def test_the_words_of_the_key_server_are_shown(own_stages: Stages) -> None:
    gone = ScriptedServer(Answer(400, b'{"message":"User pool us-east-1_0 does not exist."}'))
    page = ScriptedServer(Answer(200, b"<html>\r\n<title>Sign in to the network</title>" + b"x" * 1000))
    lines = lines_of(own_stages, {"gone": gone.port, "page": page.port})
    assert r'status 400 "{\"message\":\"User pool us-east-1_0 does not exist.\"}"' in lines["gone"], lines
    assert r'status 200, unusable JWK set (not JSON at line 1 column 1: must be a JWK set) "<html>\r\n<title>Sign' in lines["page"], lines
    assert len(lines["page"]) < 500, lines
    gone.close()
    page.close()
