"""Something that belongs to a user."""

from django.conf import settings
from django.db import models


class Note(models.Model):
    """A line of text with an owner."""

    owner = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="notes")
    text = models.CharField(max_length=200)
    written = models.DateTimeField(auto_now_add=True)
