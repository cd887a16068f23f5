//! Tokens: found in a request, parsed, verified, checked. Each step consumes the one before.
//!
//! [`jwt::UntrustedJwt`] → (signature) → [`jwt::SignedJwt`] → (claims) → [`Identity`].

pub mod check;
pub mod claims;
pub mod jwt;
pub mod source;

/// `token_use` of a token: which of the two kinds that Cognito signs it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenUse {
    /// An ID token: who the user is, for the app client in `aud`.
    Id,
    /// An access token: what the app client in `client_id` may do for the user.
    Access,
}

impl TokenUse {
    /// The claim's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            TokenUse::Id => "id",
            TokenUse::Access => "access",
        }
    }
}

/// Who sent the request: the claims of a token whose signature, times, use and client have been checked.
/// Only [`jwt::SignedJwt::check`] makes one.
#[derive(Debug)]
pub struct Identity {
    pub(in crate::token) claims: claims::Claims,
    pub(in crate::token) token_use: TokenUse,
    pub(in crate::token) client: String,
}

impl Identity {
    /// The verified claims.
    pub fn claims(&self) -> &claims::Claims {
        &self.claims
    }

    /// Which kind of token it was.
    pub fn token_use(&self) -> TokenUse {
        self.token_use
    }

    /// The accepted app client: the accepted one of `aud` of an ID token, `client_id` of an access token.
    pub fn client(&self) -> &str {
        &self.client
    }
}
