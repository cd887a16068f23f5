"""What a refusal looks like from outside: one table, one check."""

import re
from dataclasses import dataclass

from .client import Response

STATUS = {
    "token_missing": 401, "token_malformed": 401, "algorithm_not_allowed": 401, "issuer_unknown": 401, "key_unknown": 401,
    "signature_invalid": 401, "token_expired": 401, "token_not_yet_valid": 401, "token_use_mismatch": 401, "client_mismatch": 401,
    "token_revoked": 401, "reauthentication_required": 401,
    "path_ambiguous": 400, "request_ambiguous": 400,
    "not_permitted": 403, "user_rejected": 403,
    "keys_unavailable": 503, "user_info_unavailable": 503, "user_lookup_unavailable": 503, "internal_error": 503,
}
TITLE = {400: "Bad Request", 401: "Unauthorized", 403: "Forbidden", 503: "Service Unavailable"}
COARSE = {400: "bad_request", 401: "unauthorized", 403: "forbidden", 503: "unavailable"}


@dataclass(frozen=True)
class Refusal:
    """A code and what this configuration makes of it."""

    code: str
    scope: str | None = None
    """the scopes that a rule required, as `www-authenticate` names them"""
    max_age: int | None = None
    realm: str = "cognito"
    disclosed: bool = True

    OPTIONS = ("scope", "max_age", "realm", "disclosed")

    def check(self, answer: Response, logged: dict) -> None:
        """The answer and its access log entry are what this refusal calls for."""
        status = STATUS[self.code]
        seen = f"{answer.status} {answer.headers} {answer.body!r}"
        assert answer.status == status, f"expected {self.code}: {seen}"
        assert answer.header("content-type") == "application/problem+json", seen
        assert answer.header("cache-control") == "no-store", seen
        assert answer.header("retry-after") == ("1" if status == 503 else None), seen
        self._check_body(answer.json(), status)
        self._check_challenge(answer.header("www-authenticate"), status)
        assert logged["details"] == f"cognito_jwt.{self.code}", logged
        assert logged["decision"] == self.code, logged

    def _check_body(self, body: dict, status: int) -> None:
        expected = {"type": "about:blank", "title": TITLE[status], "status": status}
        if not self.disclosed:
            assert body == expected | {"code": COARSE[status]}
            return
        detail = body.pop("detail")
        assert isinstance(detail, str) and detail, body
        assert body == expected | {"code": self.code}

    def _check_challenge(self, challenge: str | None, status: int) -> None:
        if status not in (401, 403):
            assert challenge is None
            return
        assert challenge is not None and re.fullmatch(self._challenge_pattern(status), challenge), challenge

    def _challenge_pattern(self, status: int) -> str:
        realm = f'Bearer realm="{re.escape(self.realm)}"'
        if self.code == "token_missing":
            return realm
        error, extra = "invalid_token", ""
        if self.code == "reauthentication_required":
            error, extra = "insufficient_user_authentication", f", max_age={self.max_age}"
        elif status == 403:
            error, extra = "insufficient_scope", f', scope="{re.escape(self.scope)}"' if self.scope else ""
        if not self.disclosed:
            return f'{realm}, error="{error}"'
        # RFC 6750 section 3: the description holds no quote and no backslash.
        return rf'{realm}, error="{error}"{extra}, error_description="[\x20-\x21\x23-\x5b\x5d-\x7e]+"'
