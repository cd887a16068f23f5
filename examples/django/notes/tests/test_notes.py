from django.contrib.auth import get_user_model
from rest_framework.test import APIClient, APITestCase

from accounts.tests import ID_CLAIMS


class Notes(APITestCase):
    def client_of(self, claims):
        user = get_user_model().objects.get_or_create_for_cognito(claims)
        return APIClient(headers={"host": "localhost", "x-user-id": str(user.pk), "x-cognito-sub": claims["sub"]})

    def test_everybody_sees_their_own(self):
        alice = self.client_of(ID_CLAIMS)
        bob = self.client_of(ID_CLAIMS | {"sub": "bob", "cognito:username": "bob"})
        self.assertEqual(alice.post("/api/notes", {"text": "milk"}, format="json").status_code, 201)
        self.assertEqual([note["text"] for note in alice.get("/api/notes").json()], ["milk"])
        self.assertEqual(bob.get("/api/notes").json(), [])

    def test_without_a_user_there_are_none(self):
        stranger = APIClient(headers={"host": "localhost"})
        self.assertEqual(stranger.get("/api/notes").status_code, 401)
        self.assertEqual(stranger.post("/api/notes", {"text": "x"}, format="json").status_code, 401)
