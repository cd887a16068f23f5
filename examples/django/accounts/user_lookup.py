"""The endpoint that the filter's `user_lookup` posts the verified claims to."""

import logging

from rest_framework.exceptions import ParseError
from rest_framework.parsers import JSONParser
from rest_framework.response import Response
from rest_framework.views import APIView

from .models import User, UsernameTaken

logger = logging.getLogger(__name__)


class CognitoUsers(APIView):
    """`POST /cognito/users`: finds or creates the user of the claims.

    200 or 201 with the members that the filter turns into headers; 403 refuses the user (the client gets 403
    `user_rejected`); any other status is a failed call, which `on_failure` decides.
    """

    http_method_names = ["post"]
    # The caller is the proxy, which sends no credential of its own: this listener is the proxy's alone.
    authentication_classes = []
    permission_classes = []
    parser_classes = [JSONParser]

    def post(self, request):
        claims = request.data
        if not isinstance(claims, dict) or not all(isinstance(claims.get(name), str) for name in ("iss", "sub")):
            raise ParseError("claims with `iss` and `sub` are wanted")
        existing = User.objects.get_user(claims)
        try:
            user = existing or User.objects.create_for_cognito(claims)
        except UsernameTaken:
            logger.warning("a Cognito user was refused: the user name belongs to another account")
            return Response({"detail": "the user name belongs to another account"}, status=403)
        if not user.is_active:
            return Response({"detail": "the account is switched off"}, status=403)
        return Response({"id": user.pk, "username": user.username}, status=200 if existing else 201)
