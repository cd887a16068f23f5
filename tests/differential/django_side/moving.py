"""Both ways at once find the same user. Run by `test_during_the_move.py` with `moving_settings`."""

import base64
import json
import time
from unittest import mock

from accounts.models import User
from django.test import Client, TestCase
from hostile import corpus

CORPUS = corpus.load()
HONEST = next(case for case in CORPUS.cases if case["name"] == "credential-honest")
DISAGREE = "accounts.during_the_move"


class DuringTheMove(TestCase):
    def setUp(self):
        self.token = CORPUS.mint(HONEST, time.time()).token
        part = self.token.split(".")[1]
        self.claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
        answer = mock.Mock(json=lambda: CORPUS.key_sets["main"])
        patched = mock.patch("django_cognito_jwt.validator.requests.get", return_value=answer)
        patched.start()
        self.addCleanup(patched.stop)

    def notes(self, **headers):
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return Client(headers={"host": "localhost", **named}).get("/api/notes")

    def test_the_user_of_the_lookup_is_the_user_of_the_library(self):
        user = User.objects.get_or_create_for_cognito(self.claims)
        with self.assertNoLogs(DISAGREE):
            answer = self.notes(authorization=f"Bearer {self.token}", x_user_id=str(user.pk), x_cognito_sub=self.claims["sub"])
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(User.objects.count(), 1)

    def test_a_proxy_that_says_otherwise_is_logged_and_the_library_decides(self):
        for headers in ({}, {"x_user_id": "999", "x_cognito_sub": self.claims["sub"]}):
            with self.subTest(headers=headers), self.assertLogs(DISAGREE, "ERROR"):
                self.assertEqual(self.notes(authorization=f"Bearer {self.token}", **headers).status_code, 200)

    def test_headers_without_a_token_let_nobody_in(self):
        user = User.objects.get_or_create_for_cognito(self.claims)
        with self.assertLogs(DISAGREE, "ERROR"):
            answer = self.notes(x_user_id=str(user.pk), x_cognito_sub=self.claims["sub"])
        self.assertEqual(answer.status_code, 401)
