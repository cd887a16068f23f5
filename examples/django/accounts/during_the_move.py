"""For the migration, while django-cognito-jwt still decides and the proxy already sends the identity: README.md, step 3.

It needs both, and is removed together with the library at the end.
"""

import logging

from django_cognito_jwt import JSONWebTokenAuthentication
from rest_framework.exceptions import AuthenticationFailed

from .authentication import CognitoProxyAuthentication

logger = logging.getLogger(__name__)


class BothAgree(JSONWebTokenAuthentication):
    """The library decides; every difference from the proxy is logged."""

    def authenticate(self, request):
        decided = super().authenticate(request)
        library, proxy = primary_key(decided), primary_key(authenticated_by_the_proxy(request))
        if library != proxy:
            logger.error("library and proxy disagree about the user: %s, %s", library, proxy)
        return decided


def authenticated_by_the_proxy(request):
    try:
        return CognitoProxyAuthentication().authenticate(request)
    except AuthenticationFailed:
        return None


def primary_key(authenticated):
    return authenticated and authenticated[0].pk
