"""From the proxy's headers to `request.user`: what takes the place of `JSONWebTokenAuthentication`.

The headers can be relied on because no client can send them: the filter removes them from every request before it sets
its own, and this process listens where the proxy alone reaches it.
"""

from dataclasses import dataclass
from urllib.parse import unquote

from django.contrib.auth import get_user_model
from rest_framework.authentication import BaseAuthentication
from rest_framework.exceptions import AuthenticationFailed


@dataclass(frozen=True)
class CognitoIdentity:
    """`request.auth`: what the filter says of the token."""

    sub: str
    groups: frozenset
    scopes: frozenset
    token_use: str


class CognitoProxyAuthentication(BaseAuthentication):
    """`x-user-id` is what our user lookup answered for this token's issuer and `sub`."""

    def authenticate(self, request):
        user_id = request.headers.get("x-user-id")
        if user_id is None:
            return None
        is_key = user_id.isascii() and user_id.isdecimal()
        user = get_user_model().objects.filter(pk=user_id).first() if is_key else None
        identity = identity_of(request.headers)
        if user is None or not user.is_active or user.cognito_id != identity.sub:
            raise AuthenticationFailed()
        return user, identity

    def authenticate_header(self, request):
        return 'Bearer realm="cognito"'


def identity_of(headers):
    """The identity headers, decoded: lists are joined by commas, what is not plain ASCII is percent-encoded."""
    return CognitoIdentity(
        sub=unquote(headers.get("x-cognito-sub", "")),
        groups=frozenset(unquote(group) for group in headers.get("x-cognito-groups", "").split(",") if group),
        scopes=frozenset(unquote(headers.get("x-cognito-scope", "")).split()),
        token_use=headers.get("x-cognito-token-use", ""),
    )
