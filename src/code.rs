//! The codes of rejections, which clients, logs and metrics contain.

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $variant:ident = $name:literal, $status:literal, $coarse:literal;)+) => {
        /// The reason for a rejection. One table defines its name, HTTP status and coarse name.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Code {
            $($(#[doc = $doc])+ $variant,)+
        }

        impl Code {
            /// All codes, in the order of the table.
            pub const ALL: &'static [Code] = &[$(Code::$variant),+];

            /// Returns the name in responses, logs and metrics.
            pub const fn as_str(self) -> &'static str {
                match self { $(Code::$variant => $name),+ }
            }

            /// Envoy's response code details: `cognito_jwt.<code>`.
            pub const fn response_code_details(self) -> &'static str {
                match self { $(Code::$variant => concat!("cognito_jwt.", $name)),+ }
            }

            /// Returns the HTTP status of the response.
            pub const fn status(self) -> u16 {
                match self { $(Code::$variant => $status),+ }
            }

            /// Returns the only name that clients see if `disclose_reason` is false.
            pub const fn coarse(self) -> &'static str {
                match self { $(Code::$variant => $coarse),+ }
            }
        }
    };
}

codes! {
    /// No source contains a credential.
    TokenMissing = "token_missing", 401, "unauthorized";
    /// The credential is not a well-formed JWT, or has claims of the wrong type.
    TokenMalformed = "token_malformed", 401, "unauthorized";
    /// `alg` is not `RS256`.
    AlgorithmNotAllowed = "algorithm_not_allowed", 401, "unauthorized";
    /// `iss` is no pool's issuer.
    IssuerUnknown = "issuer_unknown", 401, "unauthorized";
    /// No `kid`, or none of the pool's keys has it.
    KeyUnknown = "key_unknown", 401, "unauthorized";
    /// The signature does not verify.
    SignatureInvalid = "signature_invalid", 401, "unauthorized";
    /// `exp` has passed.
    TokenExpired = "token_expired", 401, "unauthorized";
    /// `nbf` or `iat` lies in the future.
    TokenNotYetValid = "token_not_yet_valid", 401, "unauthorized";
    /// `token_use` is absent or not what the pool accepts.
    TokenUseMismatch = "token_use_mismatch", 401, "unauthorized";
    /// The app client is absent or not accepted.
    ClientMismatch = "client_mismatch", 401, "unauthorized";
    /// UserInfo responded with 401: Cognito has revoked the token.
    TokenRevoked = "token_revoked", 401, "unauthorized";
    /// The sign-in is too long ago for this request.
    ReauthenticationRequired = "reauthentication_required", 401, "unauthorized";
    /// Servers disagree on what the path means.
    PathAmbiguous = "path_ambiguous", 400, "bad_request";
    /// Servers disagree on what the host or the method is.
    RequestAmbiguous = "request_ambiguous", 400, "bad_request";
    /// A requirement of the rule does not hold.
    NotPermitted = "not_permitted", 403, "forbidden";
    /// The user lookup responded with 403 or 404.
    UserRejected = "user_rejected", 403, "forbidden";
    /// There are no usable keys, and none arrived in time.
    KeysUnavailable = "keys_unavailable", 503, "unavailable";
    /// The call to UserInfo failed.
    UserInfoUnavailable = "user_info_unavailable", 503, "unavailable";
    /// The user lookup failed.
    UserLookupUnavailable = "user_lookup_unavailable", 503, "unavailable";
    /// A host call failed.
    InternalError = "internal_error", 503, "unavailable";
}

impl Code {
    /// Returns its place in [`Code::ALL`].
    pub const fn index(self) -> usize {
        self as usize
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_stands_at_its_index() {
        for (index, code) in Code::ALL.iter().enumerate() {
            assert_eq!(code.index(), index, "{}", code.as_str());
            assert!(code.response_code_details().ends_with(code.as_str()));
        }
    }
}
