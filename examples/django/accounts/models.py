"""The application's own user, found or created from the verified claims of a Cognito token."""

from django.contrib.auth.models import AbstractUser, UserManager
from django.db import IntegrityError, models, transaction


class UsernameTaken(Exception):
    """Another account has this user name. It is not handed to the newcomer: a name or an address proves nothing."""


class CognitoUserManager(UserManager):
    """Keeps the methods of a manager written for django-cognito-jwt; their `payload` is the verified claims.

    A user is known by issuer and `sub` alone. Everything else in a token can be changed or reused.
    """

    def get_or_create_for_cognito(self, payload):
        """What django-cognito-jwt 0.0.4 calls, on each request; with the proxy the user lookup calls it."""
        return self.get_user(payload) or self.create_for_cognito(payload)

    def get_user(self, payload):
        """The user of these claims, or `None`."""
        return self.filter(cognito_issuer=payload["iss"], cognito_id=payload["sub"]).first()

    def create_for_cognito(self, payload):
        """A new user for these claims. Of two requests at once one creates, the other finds."""
        user = self.model(
            cognito_issuer=payload["iss"],
            cognito_id=payload["sub"],
            # ID tokens have `cognito:username`, access tokens `username`.
            username=payload.get("cognito:username") or payload.get("username") or payload["sub"],
            email=verified_email(payload),
        )
        user.set_unusable_password()
        try:
            with transaction.atomic():
                user.save(force_insert=True)
        except IntegrityError:
            existing = self.get_user(payload)
            if existing is None:
                raise UsernameTaken(user.username) from None
            return existing
        return user


def verified_email(payload):
    """Return the address if Cognito verified it, otherwise nothing: users can set an unverified one themselves."""
    # UserInfo has the string. Compared by identity first, since 1 == True.
    verified = payload.get("email_verified")
    if (verified is True or verified == "true") and isinstance(payload.get("email"), str):
        return payload["email"]
    return ""


class User(AbstractUser):
    """A user of a Cognito pool."""

    # NULL for accounts that are not Cognito's, such as the first superuser.
    cognito_issuer = models.CharField(max_length=255, null=True, editable=False)
    cognito_id = models.CharField(max_length=255, null=True, editable=False)

    objects = CognitoUserManager()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["cognito_issuer", "cognito_id"], name="one_user_per_cognito_identity")]
