"""What the proxy alone reaches."""

from django.urls import path

from accounts.user_lookup import CognitoUsers

urlpatterns = [path("cognito/users", CognitoUsers.as_view())]
