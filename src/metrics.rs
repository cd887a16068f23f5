//! Every metric and its name.

use crate::code::Code;

/// A counter that operators see. Its name is passed to the host once, at configuration.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Counter {
    /// Requests passed on with a verified token.
    Allowed,
    /// Requests passed on without a token, by a rule.
    Bypassed,
    /// CORS preflights passed on without a token.
    CorsPreflightBypassed,
    /// Requests rejected, by code.
    Denied(Code),
    /// Requests that would have been rejected, by code (`mode: shadow`). Istio's own stats tags mangle names that end in
    /// `denied`, as those of its RBAC filter's shadow rules do, so that is not its name.
    WouldDeny(Code),
    /// Key fetches that returned a usable set.
    JwksFetchSuccess,
    /// Key fetches that returned no usable set.
    JwksFetchFailed,
    /// Fetches that an unknown `kid` caused.
    JwksRefetchUnknownKid,
    /// Requests with an unknown `kid` for which the cooldown allowed no fetch.
    JwksRefetchThrottled,
    /// Requests decided with keys past their TTL.
    JwksServedStale,
    /// Requests whose token was cached.
    JwtCacheHit,
    /// Requests whose token was not cached.
    JwtCacheMiss,
    /// Signatures verified by the host.
    VerifyHost,
    /// Signatures verified in the module.
    VerifyModule,
    /// Calls to UserInfo that returned claims, or that the token is revoked.
    UserInfoSuccess,
    /// Calls to UserInfo that failed.
    UserInfoFailed,
    /// Requests served with a cached response of UserInfo.
    UserInfoCached,
    /// User lookups that returned a user or a rejection.
    UserLookupSuccess,
    /// User lookups that failed.
    UserLookupFailed,
    /// Requests served with a cached response of the user lookup.
    UserLookupCached,
}

/// The only gauge: how many keys all pools have. Workers overwrite each other's values, which become equal when all have the same keys.
pub const JWKS_KEYS_GAUGE: &str = "cognito_jwt.jwks_keys";

const PLAIN: [(Counter, &str); 18] = [
    (Counter::Allowed, "allowed"),
    (Counter::Bypassed, "bypassed"),
    (Counter::CorsPreflightBypassed, "cors_preflight_bypassed"),
    (Counter::JwksFetchSuccess, "jwks_fetch_success"),
    (Counter::JwksFetchFailed, "jwks_fetch_failed"),
    (Counter::JwksRefetchUnknownKid, "jwks_refetch_unknown_kid"),
    (Counter::JwksRefetchThrottled, "jwks_refetch_throttled"),
    (Counter::JwksServedStale, "jwks_served_stale"),
    (Counter::JwtCacheHit, "jwt_cache_hit"),
    (Counter::JwtCacheMiss, "jwt_cache_miss"),
    (Counter::VerifyHost, "verify_host"),
    (Counter::VerifyModule, "verify_module"),
    (Counter::UserInfoSuccess, "user_info_success"),
    (Counter::UserInfoFailed, "user_info_failed"),
    (Counter::UserInfoCached, "user_info_cached"),
    (Counter::UserLookupSuccess, "user_lookup_success"),
    (Counter::UserLookupFailed, "user_lookup_failed"),
    (Counter::UserLookupCached, "user_lookup_cached"),
];

impl Counter {
    /// How many counters there are.
    pub const COUNT: usize = PLAIN.len() + 2 * Code::ALL.len();

    /// Returns all counters, each at its [`index`](Counter::index).
    pub fn all() -> impl Iterator<Item = Counter> {
        let plain = PLAIN.iter().map(|(counter, _)| *counter);
        let denied = Code::ALL.iter().map(|code| Counter::Denied(*code));
        let shadow = Code::ALL.iter().map(|code| Counter::WouldDeny(*code));
        plain.chain(denied).chain(shadow)
    }

    /// Returns its place in the table of host ids; below [`Counter::COUNT`].
    pub const fn index(self) -> usize {
        match self {
            Counter::Allowed => 0,
            Counter::Bypassed => 1,
            Counter::CorsPreflightBypassed => 2,
            Counter::JwksFetchSuccess => 3,
            Counter::JwksFetchFailed => 4,
            Counter::JwksRefetchUnknownKid => 5,
            Counter::JwksRefetchThrottled => 6,
            Counter::JwksServedStale => 7,
            Counter::JwtCacheHit => 8,
            Counter::JwtCacheMiss => 9,
            Counter::VerifyHost => 10,
            Counter::VerifyModule => 11,
            Counter::UserInfoSuccess => 12,
            Counter::UserInfoFailed => 13,
            Counter::UserInfoCached => 14,
            Counter::UserLookupSuccess => 15,
            Counter::UserLookupFailed => 16,
            Counter::UserLookupCached => 17,
            Counter::Denied(code) => PLAIN.len().saturating_add(code.index()),
            Counter::WouldDeny(code) => PLAIN.len().saturating_add(Code::ALL.len()).saturating_add(code.index()),
        }
    }

    /// Returns the name in the host; Envoy shows it under `wasmcustom.`.
    pub fn name(self) -> String {
        match self {
            Counter::Denied(code) => format!("cognito_jwt.denied.{}", code.as_str()),
            Counter::WouldDeny(code) => format!("cognito_jwt.would_deny.{}", code.as_str()),
            plain => {
                let name = PLAIN
                    .iter()
                    .find(|(counter, _)| *counter == plain)
                    .map_or("", |(_, name)| *name);
                format!("cognito_jwt.{name}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_counter_has_its_own_name_and_stands_at_its_index() {
        let mut names: Vec<String> = Vec::new();
        for (index, counter) in Counter::all().enumerate() {
            assert_eq!(counter.index(), index, "{counter:?}");
            assert!(counter.name().len() > "cognito_jwt.".len());
            assert!(!names.contains(&counter.name()));
            names.push(counter.name());
        }
        assert_eq!(names.len(), Counter::COUNT);
    }
}
