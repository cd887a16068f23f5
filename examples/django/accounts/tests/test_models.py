from unittest import mock

from django.contrib.auth import get_user_model
from django.test import TestCase

from accounts.models import CognitoUserManager, UsernameTaken
from accounts.tests import ACCESS_CLAIMS, ID_CLAIMS

User = get_user_model()


class GetOrCreateForCognito(TestCase):
    def test_creates_once_and_finds_again(self):
        first = User.objects.get_or_create_for_cognito(ID_CLAIMS)
        again = User.objects.get_or_create_for_cognito(ID_CLAIMS)
        self.assertEqual(first.pk, again.pk)
        self.assertEqual(User.objects.count(), 1)
        self.assertEqual((first.username, first.email), ("alice", "alice@example.com"))
        self.assertFalse(first.has_usable_password())

    def test_id_and_access_token_of_one_user_are_one_user(self):
        first = User.objects.get_or_create_for_cognito(ACCESS_CLAIMS)
        self.assertEqual(first.pk, User.objects.get_or_create_for_cognito(ID_CLAIMS).pk)
        self.assertEqual((first.username, first.email), ("alice", ""))

    def test_the_same_sub_of_another_issuer_is_another_user(self):
        first = User.objects.get_or_create_for_cognito(ID_CLAIMS)
        other = ID_CLAIMS | {"iss": ID_CLAIMS["iss"] + "x", "cognito:username": "alice-of-x"}
        self.assertNotEqual(first.pk, User.objects.get_or_create_for_cognito(other).pk)

    def test_a_changed_name_or_address_is_the_same_user(self):
        first = User.objects.get_or_create_for_cognito(ID_CLAIMS)
        changed = ID_CLAIMS | {"cognito:username": "alicia", "email": "alicia@example.com"}
        self.assertEqual(first.pk, User.objects.get_or_create_for_cognito(changed).pk)

    def test_a_taken_user_name_is_not_taken_over(self):
        for username in ("alice", "root"):
            User.objects.create_user(username, "alice@example.com")
        newcomer = ID_CLAIMS | {"cognito:username": "root"}
        with self.assertRaises(UsernameTaken):
            User.objects.get_or_create_for_cognito(newcomer)
        self.assertIsNone(User.objects.get_user(newcomer))

    def test_an_address_that_was_not_verified_is_not_kept(self):
        for value, kept in ((True, True), ("true", True), (False, False), ("false", False), (1, False), ("yes", False), (None, False)):
            with self.subTest(email_verified=value):
                User.objects.all().delete()
                user = User.objects.get_or_create_for_cognito(ID_CLAIMS | {"email_verified": value})
                self.assertEqual(user.email, "alice@example.com" if kept else "")

    def test_of_two_requests_at_once_the_second_finds_what_the_first_created(self):
        first = User.objects.create_for_cognito(ID_CLAIMS)
        # The second looked before the first had created: it goes on to create, and must not fail.
        with mock.patch.object(CognitoUserManager, "get_user", side_effect=[None, first]) as get_user:
            self.assertEqual(User.objects.get_or_create_for_cognito(ID_CLAIMS).pk, first.pk)
        self.assertEqual(get_user.call_count, 2)
        self.assertEqual(User.objects.count(), 1)

    def test_accounts_that_are_not_of_cognito_are_never_found(self):
        User.objects.create_superuser("root")
        User.objects.create_superuser("root2")
        self.assertIsNone(User.objects.get_user(ID_CLAIMS))
