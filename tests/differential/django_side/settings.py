"""Settings as the README of django-cognito-jwt has them."""

SECRET_KEY = "only-for-tests-0123456789-0123456789-0123456789"
DEBUG = False
ALLOWED_HOSTS = ["*"]
INSTALLED_APPS = ["django.contrib.auth", "django.contrib.contenttypes", "rest_framework", "django_side"]
MIDDLEWARE = []
ROOT_URLCONF = "django_side.urls"
AUTH_USER_MODEL = "django_side.Person"
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["django_cognito_jwt.JSONWebTokenAuthentication"],
    "DEFAULT_PERMISSION_CLASSES": ["rest_framework.permissions.IsAuthenticated"],
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
}
USE_TZ = True

COGNITO_AWS_REGION = "us-east-1"
COGNITO_PUBLIC_KEYS_CACHING_ENABLED = False
# COGNITO_USER_POOL and COGNITO_AUDIENCE: the library knows one pool; views.py gives each URL its own.
