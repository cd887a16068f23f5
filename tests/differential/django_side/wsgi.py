"""The application, with the library's key fetch led to the test's key server and nothing else of it changed."""

import os

os.environ["DJANGO_SETTINGS_MODULE"] = "django_side.settings"

from django.core.wsgi import get_wsgi_application  # noqa: E402

application = get_wsgi_application()

import requests  # noqa: E402
from django_cognito_jwt import validator  # noqa: E402

COGNITO = "https://cognito-idp.us-east-1.amazonaws.com"


class ToKeyServer:
    """Stands in for the module `requests` inside the library: the same call, another host."""

    @staticmethod
    def get(url, **how):
        assert url.startswith(COGNITO), url
        return requests.get(os.environ["KEY_SERVER"] + url.removeprefix(COGNITO), **how)


validator.requests = ToKeyServer
