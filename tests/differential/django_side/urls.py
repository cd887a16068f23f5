"""`/<pool>` for each pool."""

from django.urls import path

from .views import WhoAmI

urlpatterns = [path("<str:pool>", WhoAmI.as_view())]
