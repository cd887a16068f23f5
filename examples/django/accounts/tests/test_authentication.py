from django.contrib.auth import get_user_model
from rest_framework.test import APIClient, APITestCase

from accounts.tests import ID_CLAIMS

User = get_user_model()


class CognitoProxyAuthentication(APITestCase):
    def setUp(self):
        self.user = User.objects.get_or_create_for_cognito(ID_CLAIMS)

    def me(self, **changed):
        headers = {
            "x-user-id": str(self.user.pk),
            "x-cognito-sub": ID_CLAIMS["sub"],
            "x-cognito-groups": "readers",
            "x-cognito-token-use": "id",
        }
        headers |= {name.replace("_", "-"): value for name, value in changed.items()}
        return APIClient(headers={name: value for name, value in headers.items() if value is not None}).get(
            "/api/me", headers={"host": "localhost"}
        )

    def test_the_headers_become_the_user(self):
        answer = self.me()
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.json()["id"], self.user.pk)
        self.assertEqual(answer.json()["username"], "alice")
        self.assertEqual(answer.json()["groups"], ["readers"])

    def test_without_a_user_id_there_is_nobody(self):
        answer = self.me(x_user_id=None)
        self.assertEqual(answer.status_code, 401)
        self.assertEqual(answer.headers["www-authenticate"], 'Bearer realm="cognito"')

    def test_ids_that_are_nobodys_are_refused(self):
        for user_id in ("", "0", "999999", "-1", "1.0", "1 ", "alice", "\u0661", "9" * 30, f"{self.user.pk},{self.user.pk}"):
            with self.subTest(user_id=user_id):
                self.assertEqual(self.me(x_user_id=user_id).status_code, 401)

    def test_another_sub_than_the_users_is_refused(self):
        for sub in (None, "", "bbbbbbbb-bbbb-4ccc-8ddd-eeeeeeeeeeee", ID_CLAIMS["sub"].upper()):
            with self.subTest(sub=sub):
                self.assertEqual(self.me(x_cognito_sub=sub).status_code, 401)

    def test_an_account_that_is_not_of_cognito_is_refused(self):
        root = User.objects.create_superuser("root")
        for sub in (None, "", ID_CLAIMS["sub"]):
            with self.subTest(sub=sub):
                self.assertEqual(self.me(x_user_id=str(root.pk), x_cognito_sub=sub).status_code, 401)

    def test_an_account_that_is_switched_off_is_refused_at_once(self):
        User.objects.update(is_active=False)
        self.assertEqual(self.me().status_code, 401)

    def test_lists_and_escapes_are_decoded(self):
        answer = self.me(x_cognito_groups="readers,a%2Cb,Zo%C3%AB")
        self.assertEqual(answer.json()["groups"], ["Zoë", "a,b", "readers"])
        self.assertEqual(self.me(x_cognito_groups=None).json()["groups"], [])
