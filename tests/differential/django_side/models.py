"""A user model whose manager takes any payload: what is compared is the verification, not an application's database."""

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models


class PersonManager(BaseUserManager):
    """Has the method that the library calls."""

    def get_or_create_for_cognito(self, payload):
        return Person(cognito_id=str(payload.get("sub")))


class Person(AbstractBaseUser):
    """Never saved."""

    USERNAME_FIELD = "cognito_id"
    cognito_id = models.TextField(unique=True)
    is_active = True
    objects = PersonManager()
