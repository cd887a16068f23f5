//! Tokens: found in a request, parsed, verified, checked. Each step consumes the previous one.
//!
//! [`jwt::UntrustedJwt`] → (signature) → [`jwt::SignedJwt`] → (claims) → [`Identity`].

pub mod check;
pub mod claim_ref;
pub mod claims;
pub mod json;
pub mod jwt;
pub mod malformed;
pub mod merged;
pub mod removal;
pub mod source;

use crate::memory;
use crate::time::UnixTime;
use crate::trace::Trace;
use check::ClaimError;
use std::rc::Rc;
use std::time::Duration;

/// `token_use` of a token: which of Cognito's two kinds it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TokenUse {
    /// An ID token: who the user is, for the app client in `aud`.
    Id,
    /// An access token: what the app client in `client_id` may do for the user.
    Access,
}

impl TokenUse {
    /// Returns the claim's value.
    pub const fn as_str(self) -> &'static str {
        match self {
            TokenUse::Id => "id",
            TokenUse::Access => "access",
        }
    }
}

/// Who sent the request: the claims of a token whose signature, times, use and client were checked.
/// Only [`jwt::SignedJwt::check`] creates one.
#[derive(Debug)]
pub struct Identity {
    pub(in crate::token) claims: claims::Claims,
    pub(in crate::token) token_use: TokenUse,
    pub(in crate::token) client: Rc<str>,
}

impl AsRef<Identity> for Identity {
    fn as_ref(&self) -> &Identity {
        self
    }
}

impl Identity {
    /// Returns the verified claims.
    pub fn claims(&self) -> &claims::Claims {
        &self.claims
    }

    /// Returns which kind of token it was.
    pub fn token_use(&self) -> TokenUse {
        self.token_use
    }

    /// Checks again what time alone can change, `exp` and `nbf`, for a cached identity.
    ///
    /// # Errors
    /// The token has expired, or the clock was set back to before it became valid.
    pub fn still_valid(&self, clock_skew: Duration, now: UnixTime) -> Result<(), ClaimError> {
        self.still_valid_with(clock_skew, now, &mut Trace::off())
    }

    /// As [`Identity::still_valid`], and records each check.
    ///
    /// # Errors
    /// As there.
    pub fn still_valid_with(&self, clock_skew: Duration, now: UnixTime, trace: &mut Trace) -> Result<(), ClaimError> {
        check::times(&self.claims, clock_skew, now, trace)
    }

    /// `exp`, rounded down to milliseconds.
    pub fn expires_at(&self) -> UnixTime {
        // A float turns into the nearest integer that there is: negative to zero, too large to the largest.
        UnixTime::from_millis((self.claims.expires_at() * 1000.0) as u64)
    }

    /// Returns the accepted app client: the accepted one of `aud` of an ID token, `client_id` of an access token.
    pub fn client(&self) -> &Rc<str> {
        &self.client
    }

    /// Returns how many bytes of memory it owns, with what [`Identity::slim`] frees, and without the token's text.
    pub fn heap_bytes(&self) -> usize {
        let Identity {
            claims,
            token_use: _,
            client,
        } = self;
        claims.heap_bytes().saturating_add(memory::shared(client.len()))
    }

    /// Frees what is not needed for each request. It is read again when it is first asked for, from `token`, which must be the text that
    /// the identity was made of: nothing is verified again.
    pub(crate) fn slim(&mut self, token: Rc<[u8]>) {
        self.claims.slim(token);
    }
}

#[cfg(test)]
impl Identity {
    /// Returns the identity of a good token with these claims, for tests of other modules.
    pub(crate) fn for_test(json: &str) -> Identity {
        let claims = claims::Claims::parse(json.to_owned()).unwrap();
        let policy = check::ClaimPolicy {
            clients: check::Clients::Any,
            token_use: check::AcceptedUse::Any,
            clock_skew: Duration::ZERO,
        };
        let before = UnixTime::default();
        let (token_use, client) = check::all(&claims, &policy, before, &mut Trace::off()).unwrap();
        let client = client.into();
        Identity {
            token_use,
            client,
            claims,
        }
    }
}
