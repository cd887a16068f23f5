"""The example's settings at step 3 of its migration guide: the library decides, the proxy's word is compared."""

from shop.settings import *  # noqa: F403
from shop.settings import REST_FRAMEWORK as EXAMPLES

DATABASES = {"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}}
REST_FRAMEWORK = EXAMPLES | {"DEFAULT_AUTHENTICATION_CLASSES": ["accounts.during_the_move.BothAgree"]}

COGNITO_AWS_REGION = "us-east-1"
COGNITO_USER_POOL = "us-east-1_HostileId"
COGNITO_AUDIENCE = "1example23456789"
