"""`GET` and `POST /api/notes`: the caller's own notes."""

from rest_framework import generics, serializers

from .models import Note


class NoteSerializer(serializers.ModelSerializer):
    """A note as clients see it."""

    class Meta:
        model = Note
        fields = ["id", "text", "written"]


class Notes(generics.ListCreateAPIView):
    """Nobody sees another's notes: the list begins at the caller."""

    serializer_class = NoteSerializer

    def get_queryset(self):
        return self.request.user.notes.order_by("pk")

    def perform_create(self, serializer):
        serializer.save(owner=self.request.user)
