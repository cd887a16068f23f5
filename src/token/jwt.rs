//! JWTs (RFC 7519) in the compact serialization of RFC 7515, parsed strictly.

use super::Identity;
use super::check::{self, ClaimError, ClaimPolicy};
use super::claims::Claims;
use super::json::{self, Members};
use super::malformed::{HeaderParameter, Malformed};
use crate::keys::rsa::PublicKey;
use crate::signature::{BadSignature, Verifier, VerifySignature};
use crate::time::UnixTime;
use crate::trace::Trace;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use memchr::memchr;
use std::fmt;
use std::rc::Rc;

/// The longest token that is read unless `limits.token_bytes` says otherwise. Cognito's are 1 to 2 KiB; 16 KiB is more than most
/// servers take in a header.
pub const DEFAULT_MAX_TOKEN_BYTES: usize = 16 * 1024;

/// A token of which nothing is known but its form: anyone may have written it.
/// Its claims can be used to refuse it or to find the key that it must be signed with, and for nothing else.
pub struct UntrustedJwt<'t> {
    signing_input: &'t [u8],
    signature: Vec<u8>,
    algorithm: Algorithm,
    kid: Option<Rc<str>>,
    claims: Claims,
}

/// A token that the holder of a pool's key has signed. Whether it is good now and here is not checked yet.
pub struct SignedJwt {
    claims: Claims,
}

/// The answer of [`UntrustedJwt::verify`].
#[must_use]
pub struct SignatureCheck {
    /// Who verified it, for the counters; nobody if the algorithm is not allowed.
    pub by: Option<Verifier>,
    /// The token, if its signature is the key's.
    pub outcome: Result<SignedJwt, BadSignature>,
}

/// `alg` is not `RS256`, the only algorithm that Cognito signs with (RFC 8725, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmNotAllowed;

impl fmt::Display for AlgorithmNotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token's alg is not RS256")
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Algorithm {
    Rs256,
    #[default]
    Other,
}

impl Algorithm {
    /// Names are case-sensitive: RFC 7515, section 4.1.1.
    fn named(name: &str) -> Algorithm {
        if name == "RS256" {
            Algorithm::Rs256
        } else {
            Algorithm::Other
        }
    }
}

impl<'t> UntrustedJwt<'t> {
    /// Reads a token.
    ///
    /// # Errors
    /// Its form is not that of a JWT of Cognito: see [`Malformed`].
    pub fn parse(token: &'t [u8]) -> Result<UntrustedJwt<'t>, Malformed> {
        UntrustedJwt::parse_with(token, DEFAULT_MAX_TOKEN_BYTES, &mut LastHeader::default())
    }

    /// Reads a token of at most `max_bytes`, and its header only if that is another than the last one's.
    ///
    /// # Errors
    /// Its form is not that of a JWT of Cognito: see [`Malformed`].
    pub fn parse_with(
        token: &'t [u8],
        max_bytes: usize,
        last_header: &mut LastHeader,
    ) -> Result<UntrustedJwt<'t>, Malformed> {
        if token.len() > max_bytes {
            return Err(Malformed::TooLong);
        }
        UntrustedJwt::read(token, last_header).map_err(|reason| match reason {
            // What a proxy made of two header lines (RFC 9110, section 5.3).
            Malformed::NotThreeParts | Malformed::NotBase64Url if token.contains(&b',') => {
                Malformed::SeveralCredentials
            }
            other => other,
        })
    }

    fn read(token: &'t [u8], last_header: &mut LastHeader) -> Result<UntrustedJwt<'t>, Malformed> {
        let [header, claims, signature] = three_parts(token).ok_or(Malformed::NotThreeParts)?;
        // The two parts and the dot between them, as they were sent: RFC 7515, section 5.2, step 8.
        let signing_input_bytes = header.len().saturating_add(1).saturating_add(claims.len());
        let signing_input = token.get(..signing_input_bytes).ok_or(Malformed::NotThreeParts)?;

        let header = last_header.read(header)?;
        let signature = decode(signature).map_err(|reason| {
            if signature.contains(&b'.') {
                Malformed::NotThreeParts
            } else {
                reason
            }
        })?;
        let claims = Claims::parse(text(claims)?)?;
        Ok(UntrustedJwt {
            signing_input,
            signature,
            algorithm: header.algorithm,
            kid: header.kid,
            claims,
        })
    }

    /// Checks the algorithm.
    ///
    /// # Errors
    /// `alg` is absent or another than `RS256`.
    pub fn check_algorithm(&self) -> Result<(), AlgorithmNotAllowed> {
        match self.algorithm {
            Algorithm::Rs256 => Ok(()),
            Algorithm::Other => Err(AlgorithmNotAllowed),
        }
    }

    /// `iss`, to find the pool; never empty.
    pub fn issuer(&self) -> &str {
        self.claims.issuer()
    }

    /// `kid`, to find the key; an empty one is none.
    pub fn kid(&self) -> Option<&str> {
        self.kid.as_deref()
    }

    /// Checks the claims before the costly signature. It may refuse, it never admits.
    ///
    /// # Errors
    /// A claim does not hold: the same that [`SignedJwt::check`] would say.
    pub fn refuse_early(&self, policy: &ClaimPolicy, now: UnixTime) -> Result<(), ClaimError> {
        self.refuse_early_with(policy, now, &mut Trace::off())
    }

    /// As [`UntrustedJwt::refuse_early`], and records each check.
    ///
    /// # Errors
    /// As there.
    pub fn refuse_early_with(&self, policy: &ClaimPolicy, now: UnixTime, trace: &mut Trace) -> Result<(), ClaimError> {
        check::all(&self.claims, policy, now, trace).map(|_| ())
    }

    /// Checks the signature. The outcome is an error if it is not the key's, or if the algorithm is not allowed.
    pub fn verify(self, key: &PublicKey, crypto: &dyn VerifySignature) -> SignatureCheck {
        // Lookup for already, but nothing here shall depend on who calls in which order.
        if self.check_algorithm().is_err() {
            return SignatureCheck {
                by: None,
                outcome: Err(BadSignature),
            };
        }
        let verification = crypto.verify_rs256(key, self.signing_input, &self.signature);
        let claims = self.claims;
        SignatureCheck {
            by: Some(verification.by),
            outcome: verification.outcome.map(|()| SignedJwt { claims }),
        }
    }
}

impl SignedJwt {
    /// Checks the claims.
    ///
    /// # Errors
    /// A claim does not hold.
    pub fn check(self, policy: &ClaimPolicy, now: UnixTime) -> Result<Identity, ClaimError> {
        let (token_use, client) = check::all(&self.claims, policy, now, &mut Trace::off())?;
        let client = client.into();
        Ok(Identity {
            token_use,
            client,
            claims: self.claims,
        })
    }
}

/// Returns the JSON text of a token's claims.
///
/// # Errors
/// It is no token, or its claims are no text.
pub(in crate::token) fn claims_text(token: &[u8]) -> Result<String, Malformed> {
    let [_, claims, _] = three_parts(token).ok_or(Malformed::NotThreeParts)?;
    text(claims)
}

/// What stands before the first dot, before the second one and behind it, none of them empty.
fn three_parts(token: &[u8]) -> Option<[&[u8]; 3]> {
    let (header, rest) = at_dot(token)?;
    let (claims, signature) = at_dot(rest)?;
    let parts = [header, claims, signature];
    parts.iter().all(|part| !part.is_empty()).then_some(parts)
}

fn at_dot(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let (before, dot_and_rest) = text.split_at_checked(memchr(b'.', text)?)?;
    Some((before, dot_and_rest.split_first()?.1))
}

/// Strict: no padding, no line breaks, the last bits zero, so that no token has two spellings.
fn decode(part: &[u8]) -> Result<Vec<u8>, Malformed> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Malformed::NotBase64Url)
}

fn text(part: &[u8]) -> Result<String, Malformed> {
    String::from_utf8(decode(part)?).map_err(|_| Malformed::NotUtf8)
}

/// The header that was read last. All tokens that one key of a pool signs have the same, to the byte, so most need not be
/// decoded at all.
#[derive(Debug, Default)]
pub struct LastHeader {
    /// As it was sent; empty at first, which no part of a token is.
    part: Box<[u8]>,
    header: Header,
}

impl LastHeader {
    fn read(&mut self, part: &[u8]) -> Result<Header, Malformed> {
        if part != &*self.part {
            self.header = Header::parse(text(part)?)?;
            self.part = part.into();
        }
        Ok(self.header.clone())
    }
}

/// The JOSE header, as far as it is looked at.
#[derive(Clone, Debug, Default)]
struct Header {
    algorithm: Algorithm,
    kid: Option<Rc<str>>,
}

impl Header {
    fn parse(json: String) -> Result<Header, Malformed> {
        let mut header = Header {
            algorithm: Algorithm::Other,
            kid: None,
        };
        for (name, value) in Members::parse(json)?.iter() {
            let text = |parameter| json::text(value).ok_or(Malformed::HeaderType(parameter));
            match name {
                "alg" => header.algorithm = Algorithm::named(&text(HeaderParameter::Algorithm)?),
                "kid" => header.kid = Some(text(HeaderParameter::KeyId)?.into()),
                "crit" => return Err(Malformed::CriticalExtension),
                "b64" => return Err(Malformed::UnencodedPayload),
                _ => {}
            }
        }
        header.kid = header.kid.filter(|kid| !kid.is_empty());
        Ok(header)
    }
}

#[cfg(test)]
mod tests;
