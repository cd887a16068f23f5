//! Why a credential is not well-formed.

use std::fmt;

/// A fault of a credential, of a JWT or of its JSON. Plain data, without any part of the token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Malformed {
    /// The header has the scheme with nothing after it.
    EmptyCredential,
    /// The source contains two credentials, or one header value that a proxy joined from two.
    SeveralCredentials,
    /// Over `limits.token_bytes`.
    TooLong,
    /// Not three parts with a dot between them, or one of them is empty (RFC 7515, section 7.1).
    NotThreeParts,
    /// A part is not base64url without padding, with its last bits zero (RFC 7515, section 2; RFC 4648, section 3.5).
    NotBase64Url,
    /// Header or claims are not UTF-8.
    NotUtf8,
    /// Header or claims are not one JSON object.
    NotJsonObject,
    /// A member name is repeated at the top level (RFC 7519, section 4; RFC 7515, section 4).
    DuplicateMember,
    /// Objects and lists are nested deeper than [`MAX_DEPTH`](crate::token::json::MAX_DEPTH).
    TooDeep,
    /// A number that a double cannot hold.
    NumberOutOfRange,
    /// A string with half of a surrogate pair, which is not Unicode text (RFC 8259, section 8.2).
    LoneSurrogate,
    /// The header has `crit`: an extension that must be understood; this filter supports none (RFC 7515, section 4.1.11).
    CriticalExtension,
    /// The header has `b64` (RFC 7797).
    UnencodedPayload,
    /// A header parameter is not a string.
    HeaderType(HeaderParameter),
    /// A claim that every token must have is absent.
    ClaimAbsent(KnownClaim),
    /// A claim has the wrong type, or is empty where it must not be.
    ClaimType(KnownClaim),
}

/// A header parameter that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HeaderParameter {
    /// `alg`
    Algorithm,
    /// `kid`
    KeyId,
}

/// A claim whose type is checked in every token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KnownClaim {
    /// `iss`
    Issuer,
    /// `sub`
    Subject,
    /// `aud`
    Audience,
    /// `exp`
    ExpiresAt,
    /// `nbf`
    NotBefore,
    /// `iat`
    IssuedAt,
    /// `auth_time`
    AuthTime,
    /// `token_use`
    TokenUse,
    /// `client_id`
    ClientId,
    /// `scope`
    Scope,
    /// `username`
    Username,
    /// `cognito:username`
    CognitoUsername,
    /// `cognito:groups`
    Groups,
}

impl KnownClaim {
    /// Returns the member's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            KnownClaim::Issuer => "iss",
            KnownClaim::Subject => "sub",
            KnownClaim::Audience => "aud",
            KnownClaim::ExpiresAt => "exp",
            KnownClaim::NotBefore => "nbf",
            KnownClaim::IssuedAt => "iat",
            KnownClaim::AuthTime => "auth_time",
            KnownClaim::TokenUse => "token_use",
            KnownClaim::ClientId => "client_id",
            KnownClaim::Scope => "scope",
            KnownClaim::Username => "username",
            KnownClaim::CognitoUsername => "cognito:username",
            KnownClaim::Groups => "cognito:groups",
        }
    }

    /// Returns what the claim must be.
    const fn expected(self) -> &'static str {
        match self {
            KnownClaim::Issuer | KnownClaim::Subject => "a string that is not empty",
            KnownClaim::Audience => "a string or a list of strings",
            KnownClaim::ExpiresAt | KnownClaim::NotBefore | KnownClaim::IssuedAt | KnownClaim::AuthTime => "a number",
            KnownClaim::TokenUse
            | KnownClaim::ClientId
            | KnownClaim::Scope
            | KnownClaim::Username
            | KnownClaim::CognitoUsername => "a string",
            KnownClaim::Groups => "a list of strings",
        }
    }
}

impl fmt::Display for Malformed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Malformed::EmptyCredential => "the credential is empty",
            Malformed::SeveralCredentials => "the request holds more than one credential",
            Malformed::TooLong => "the token is longer than this server accepts",
            Malformed::NotThreeParts => "the token is not three parts with a dot between them",
            Malformed::NotBase64Url => "a part of the token is not strict base64url without padding",
            Malformed::NotUtf8 => "the token's header or claims are not UTF-8",
            Malformed::NotJsonObject => "the token's header or claims are not a JSON object",
            Malformed::DuplicateMember => "a member name stands twice in the token's header or claims",
            Malformed::TooDeep => "the token's JSON is nested deeper than 32",
            Malformed::NumberOutOfRange => "the token's JSON holds a number that is out of range",
            Malformed::LoneSurrogate => "the token's JSON holds half of a surrogate pair",
            Malformed::CriticalExtension => "the token's header has crit, and no extension is supported",
            Malformed::UnencodedPayload => "the token's header has b64, which is not supported",
            Malformed::HeaderType(HeaderParameter::Algorithm) => "the header parameter alg is not a string",
            Malformed::HeaderType(HeaderParameter::KeyId) => "the header parameter kid is not a string",
            Malformed::ClaimAbsent(claim) => return write!(f, "the claim {} is absent", claim.as_str()),
            Malformed::ClaimType(claim) => {
                return write!(f, "the claim {} is not {}", claim.as_str(), claim.expected());
            }
        })
    }
}
