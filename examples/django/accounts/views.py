"""`GET /api/me`: who the application takes the caller for."""

from rest_framework.response import Response
from rest_framework.views import APIView


class Me(APIView):
    """The caller's own account."""

    def get(self, request):
        return Response(
            {
                "id": request.user.pk,
                "username": request.user.username,
                "email": request.user.email,
                "joined": request.user.date_joined,
                "groups": sorted(request.auth.groups),
                "token_use": request.auth.token_use,
            }
        )
