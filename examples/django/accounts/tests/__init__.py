"""Claims as the filter posts them: those of an ID token and of an access token of one user."""

ISSUER = "https://cognito-idp.us-east-1.amazonaws.com/us-east-1_Example01"

ID_CLAIMS = {
    "iss": ISSUER,
    "sub": "aaaaaaaa-bbbb-4ccc-8ddd-eeeeeeeeeeee",
    "aud": "1example23456789",
    "token_use": "id",
    "cognito:username": "alice",
    "cognito:groups": ["readers"],
    "email": "alice@example.com",
    "email_verified": True,
    "auth_time": 1800000000,
    "iat": 1800000000,
    "exp": 1800003600,
}
ACCESS_CLAIMS = {
    "iss": ISSUER,
    "sub": ID_CLAIMS["sub"],
    "client_id": "1example23456789",
    "token_use": "access",
    "scope": "openid",
    "username": "alice",
    "auth_time": 1800000000,
    "iat": 1800000000,
    "exp": 1800003600,
}
