import json

from django.contrib.auth import get_user_model
from django.test import Client, SimpleTestCase, TestCase, override_settings

from accounts.tests import ID_CLAIMS
from shop import internal_settings

User = get_user_model()
INTERNAL = override_settings(
    ROOT_URLCONF=internal_settings.ROOT_URLCONF,
    ALLOWED_HOSTS=internal_settings.ALLOWED_HOSTS,
    DATA_UPLOAD_MAX_MEMORY_SIZE=internal_settings.DATA_UPLOAD_MAX_MEMORY_SIZE,
)


def look_up(claims, host="users.internal", content_type="application/json"):
    body = claims if isinstance(claims, (str, bytes)) else json.dumps(claims)
    return Client(headers={"host": host}).post("/cognito/users", body, content_type=content_type)


@INTERNAL
class UserLookup(TestCase):
    def test_201_for_a_new_user_and_200_ever_after(self):
        first, again = look_up(ID_CLAIMS), look_up(ID_CLAIMS)
        self.assertEqual((first.status_code, again.status_code), (201, 200))
        user = User.objects.get()
        self.assertEqual(first.json(), {"id": user.pk, "username": "alice"})
        self.assertEqual(first.json(), again.json())
        self.assertEqual(first.headers["content-type"], "application/json")

    def test_403_for_an_account_that_is_switched_off(self):
        look_up(ID_CLAIMS)
        User.objects.update(is_active=False)
        self.assertEqual(look_up(ID_CLAIMS).status_code, 403)

    def test_403_for_a_user_name_of_another_account(self):
        User.objects.create_superuser("alice")
        self.assertEqual(look_up(ID_CLAIMS).status_code, 403)
        self.assertEqual(User.objects.count(), 1)

    def test_400_for_what_are_no_claims(self):
        for claims in ("", "{", "[]", "null", "1", {}, {"sub": "a"}, {"iss": "a"}, {"iss": "a", "sub": 1}, {"iss": None, "sub": "a"}):
            with self.subTest(claims=claims):
                self.assertEqual(look_up(claims).status_code, 400)
        self.assertEqual(User.objects.count(), 0)

    def test_forms_are_not_read(self):
        self.assertEqual(look_up("iss=a&sub=b", content_type="application/x-www-form-urlencoded").status_code, 415)

    def test_more_than_the_filter_sends_is_not_read(self):
        with self.assertLogs("django.security.RequestDataTooBig"):
            self.assertEqual(look_up(ID_CLAIMS | {"x": "x" * 17_000}).status_code, 400)
        self.assertEqual(User.objects.count(), 0)

    def test_only_post(self):
        self.assertEqual(Client(headers={"host": "users.internal"}).get("/cognito/users").status_code, 405)

    def test_another_host_is_refused(self):
        with self.assertLogs("django.security.DisallowedHost"):
            self.assertEqual(look_up(ID_CLAIMS, host="127.0.0.1").status_code, 400)


class TwoListeners(SimpleTestCase):
    def test_the_public_listener_has_no_user_lookup(self):
        for path in ("/cognito/users", "/cognito/users/", "/api/cognito/users", "//cognito/users"):
            with self.subTest(path=path):
                self.assertEqual(Client(headers={"host": "localhost"}).post(path).status_code, 404)

    @INTERNAL
    def test_the_internal_listener_has_nothing_else(self):
        for path in ("/api/me", "/api/notes"):
            with self.subTest(path=path):
                answer = Client(headers={"host": "users.internal", "x-user-id": "1"}).get(path)
                self.assertEqual(answer.status_code, 404)
