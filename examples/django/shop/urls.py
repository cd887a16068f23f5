"""What clients reach, through Envoy."""

from django.urls import path

from accounts.views import Me
from notes.views import Notes

urlpatterns = [
    path("api/me", Me.as_view()),
    path("api/notes", Notes.as_view()),
]
