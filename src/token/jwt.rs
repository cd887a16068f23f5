//! JWTs (RFC 7519) in the compact serialization of RFC 7515, parsed strictly.

use super::Identity;
use super::check::{self, ClaimError, ClaimPolicy};
use super::claims::Claims;
use super::json::{self, Text};
use super::malformed::{HeaderParameter, Malformed};
use crate::keys::rsa::PublicKey;
use crate::signature::{BadSignature, VerifySignature};
use crate::time::UnixTime;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use core::fmt;

/// The longest token that is read, in bytes. Cognito's are 1 to 2 KiB; 16 KiB is more than most servers take in a header.
pub const MAX_TOKEN_BYTES: usize = 16 * 1024;

/// A token of which nothing is known but its form: anyone may have written it.
/// Its claims can be used to refuse it or to find the key that it must be signed with, and for nothing else.
pub struct UntrustedJwt<'t> {
    signing_input: &'t [u8],
    signature: Vec<u8>,
    algorithm: Algorithm,
    kid: Option<Box<str>>,
    claims: Claims,
}

/// A token that the holder of a pool's key has signed. Whether it is good now and here is not checked yet.
pub struct SignedJwt {
    claims: Claims,
}

/// `alg` is not `RS256`, the only algorithm that Cognito signs with (RFC 8725, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AlgorithmNotAllowed;

impl fmt::Display for AlgorithmNotAllowed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the token's alg is not RS256")
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Algorithm {
    Rs256,
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
        if token.len() > MAX_TOKEN_BYTES {
            return Err(Malformed::TooLong);
        }
        let [header, claims, signature] = three_parts(token)?;
        // The two parts and the dot between them, as they were sent: RFC 7515, section 5.2, step 8.
        let signing_input_bytes = header.len().saturating_add(1).saturating_add(claims.len());
        let signing_input = token.get(..signing_input_bytes).ok_or(Malformed::NotThreeParts)?;

        let header = Header::parse(&text(header)?)?;
        let signature = decode(signature)?;
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
        check::all(&self.claims, policy, now).map(|_| ())
    }

    /// Checks the signature.
    ///
    /// # Errors
    /// It is not the key's, or the algorithm is not allowed.
    pub fn verify(self, key: &PublicKey, crypto: &dyn VerifySignature) -> Result<SignedJwt, BadSignature> {
        // Asked for already, but nothing here shall depend on who calls in which order.
        self.check_algorithm().map_err(|_| BadSignature)?;
        crypto.verify_rs256(key, self.signing_input, &self.signature).outcome?;
        Ok(SignedJwt { claims: self.claims })
    }
}

impl SignedJwt {
    /// Checks the claims.
    ///
    /// # Errors
    /// A claim does not hold.
    pub fn check(self, policy: &ClaimPolicy, now: UnixTime) -> Result<Identity, ClaimError> {
        let (token_use, client) = check::all(&self.claims, policy, now)?;
        let client = client.to_owned();
        Ok(Identity {
            token_use,
            client,
            claims: self.claims,
        })
    }
}

/// Exactly three parts, none of them empty.
fn three_parts(token: &[u8]) -> Result<[&[u8]; 3], Malformed> {
    let mut parts = token.split(|byte| *byte == b'.');
    match (parts.next(), parts.next(), parts.next(), parts.next()) {
        (Some(header @ [_, ..]), Some(claims @ [_, ..]), Some(signature @ [_, ..]), None) => {
            Ok([header, claims, signature])
        }
        _ => Err(Malformed::NotThreeParts),
    }
}

/// Strict: no padding, no line breaks, the last bits zero, so that no token has two spellings.
fn decode(part: &[u8]) -> Result<Vec<u8>, Malformed> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Malformed::NotBase64Url)
}

fn text(part: &[u8]) -> Result<String, Malformed> {
    String::from_utf8(decode(part)?).map_err(|_| Malformed::NotUtf8)
}

/// The JOSE header, as far as it is looked at.
struct Header {
    algorithm: Algorithm,
    kid: Option<Box<str>>,
}

impl Header {
    fn parse(json: &str) -> Result<Header, Malformed> {
        let mut header = Header {
            algorithm: Algorithm::Other,
            kid: None,
        };
        for member in json::members(json)? {
            let raw = member.value.text(json);
            let text = |parameter| Text::of_value(raw, json).ok_or(Malformed::HeaderType(parameter));
            match member.name.as_str(json) {
                "alg" => header.algorithm = Algorithm::named(text(HeaderParameter::Algorithm)?.as_str(json)),
                "kid" => header.kid = Some(text(HeaderParameter::KeyId)?.as_str(json).into()),
                "crit" => return Err(Malformed::CriticalExtension),
                "b64" => return Err(Malformed::UnencodedPayload),
                _ => {}
            }
        }
        header.kid = header.kid.filter(|kid| !kid.is_empty());
        Ok(header)
    }
}
