"""One URL for each pool of the corpus, through the hook that the library has for another validator."""

import json
import os

from django_cognito_jwt import JSONWebTokenAuthentication
from django_cognito_jwt.validator import TokenValidator
from rest_framework.response import Response
from rest_framework.views import APIView

POOLS = json.loads(os.environ["DIFFERENTIAL_POOLS"])


class WhoAmI(APIView):
    """Answers 200 with the user that the library authenticated."""

    def get_authenticators(self):
        return [authentication_for(POOLS[self.kwargs["pool"]])]

    def get(self, request, pool):
        return Response({"cognito_id": request.user.cognito_id})


def authentication_for(pool):
    """The library's class with the region, pool and audience that `COGNITO_…` would give it for this pool."""

    class Authentication(JSONWebTokenAuthentication):
        def get_token_validator(self, request):
            return TokenValidator("us-east-1", pool["user_pool_id"], audience_of(pool))

    return Authentication()


def audience_of(pool):
    """Access tokens have no `aud`: they are only taken with `COGNITO_AUDIENCE = None`."""
    return pool["client_ids"] if pool["token_use"] == "id" else None
