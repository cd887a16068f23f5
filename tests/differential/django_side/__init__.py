"""An API behind django-cognito-jwt 0.0.4, as its README sets it up."""
