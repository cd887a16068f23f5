//! Authentication, top to bottom: rule, credential, token, requirement, enrichment.
//!
//! Reserved headers are not visible here: the filter passes a head without them.
//!
//! `inline(never)`, here and in other modules, keeps code that few requests need out of the functions that all of them execute. That
//! code is cold in the CPU's caches for each request, so its size matters more than the number of instructions.

mod enrichment;
mod key_sets;

use crate::auth_context::{AuthContext, Progress, Wait};
use crate::cache::{TokenCache, Verified};
use crate::command::{Command, Severity};
use crate::config::Config;
use crate::enrich::in_flight::InFlightCalls;
use crate::enrich::response_cache::ResponseCache;
use crate::env::{DescribeRoute, Env};
use crate::identity::ValueTooLong;
use crate::keys::PoolId;
use crate::keys::jwks::{Key, kid_for_log};
use crate::keys::pool::PoolKeys;
use crate::metrics::Counter;
use crate::pending::PendingRequests;
use crate::reject::Rejection;
use crate::request::RequestHead;
use crate::request_policy;
use crate::responder::{Allowance, AuthDecision, Denial, Identified};
use crate::rules::access::Permit;
use crate::rules::{Auth, RuleSet};
use crate::signature::Verifier;
use crate::token::Identity;
use crate::token::jwt::{LastHeader, UntrustedJwt};
use crate::token::malformed::Malformed;
use crate::token::removal;
use crate::token::source;
use crate::trace::{Check, Trace, listed, shortened};
use std::rc::Rc;

/// What authentication needs beyond the request.
pub struct Authenticator<'f> {
    /// All settings.
    pub config: &'f Config,
    /// Every pool's keys.
    pub keys: &'f mut [PoolKeys],
    /// The cached tokens.
    pub tokens: &'f mut TokenCache,
    /// The header of the last token that was not cached.
    pub last_header: &'f mut LastHeader,
    /// The cached answers of calls.
    pub responses: &'f mut ResponseCache,
    /// The calls in progress.
    pub in_flight: &'f mut InFlightCalls,
    /// The requests that wait.
    pub pending: &'f PendingRequests,
    /// Where each check is recorded.
    pub trace: &'f mut Trace,
    /// The host.
    pub env: &'f Env<'f>,
    /// Where counts and log lines go.
    pub out: &'f mut Vec<Command>,
}

/// Returns the context to authenticate, or the decision if no token is needed for it.
pub fn open<'a>(
    config: &Config,
    rules: &RuleSet,
    head: &RequestHead<'a>,
    route: &dyn DescribeRoute,
    trace: &mut Trace,
    out: &mut Vec<Command>,
) -> Result<AuthContext<'a>, AuthDecision> {
    if config.bypass_cors_preflight && request_policy::is_cors_preflight(head) {
        trace.note(Check::Preflight, || {
            "a CORS preflight, which passes without a token".to_owned()
        });
        return Err(AuthDecision::Allow(Allowance::Preflight));
    }
    let decision = request_policy::decide(rules, head, route, trace, out).map_err(denied)?;
    if decision.auth == Auth::None {
        return Err(AuthDecision::Allow(Allowance::Bypassed));
    }
    let is_required = decision.auth == Auth::Required;
    let credential =
        find_credential(config, head, is_required, trace).map_err(|reason| denied(Rejection::Malformed(reason)))?;
    let Some(credential) = credential else {
        return Err(match decision.auth {
            Auth::Required => denied(Rejection::TokenMissing),
            Auth::Optional | Auth::None => AuthDecision::Allow(Allowance::Bypassed),
        });
    };
    let removal = if config.identity.remove_token {
        removal::remove(&credential, head)
    } else {
        Vec::new()
    };
    Ok(AuthContext::new(decision, credential.into_token(), removal))
}

/// Looks for a credential, source by source.
fn find_credential<'c, 'a>(
    config: &'c Config,
    head: &RequestHead<'a>,
    is_required: bool,
    trace: &mut Trace,
) -> Result<Option<source::Credential<'c, 'a>>, Malformed> {
    for (index, one) in config.token_sources.iter().enumerate() {
        let found = source::find_in(one, &config.token_sources, head);
        match &found {
            Ok(None) => continue,
            Ok(Some(credential)) => trace.note(Check::Credential, || {
                format!("{} bytes in token_sources[{index}]", credential.token().len())
            }),
            Err(reason) => trace.check(Check::Credential, &found, || {
                (
                    Some(format!("in token_sources[{index}]: {reason}")),
                    Some("one credential".to_owned()),
                )
            }),
        }
        return found;
    }
    let none = || "none".to_owned();
    if is_required {
        trace.check(Check::Credential, &Err::<(), ()>(()), || {
            let sources: Vec<String> = config.token_sources.iter().map(ToString::to_string).collect();
            let sources = listed(sources.iter().map(String::as_str));
            (
                Some(none()),
                Some(format!("a token in one of token_sources: {sources}")),
            )
        });
    } else {
        trace.note(Check::Credential, none);
    }
    Ok(None)
}

fn denied(rejection: Rejection) -> AuthDecision {
    AuthDecision::Deny(Denial {
        rejection,
        pool: None,
        verified: None,
        removal: Vec::new(),
    })
}

/// How many issuers a step of a trace names.
const SHOWN_ISSUERS: usize = 4;

/// Why authentication stops.
enum Stop {
    Deny(Rejection, Option<PoolId>),
    Wait(Wait),
}

impl Authenticator<'_> {
    /// Authenticates a request as far as possible now: to a decision, or to what it must wait for.
    pub fn authenticate<'a>(&mut self, mut context: AuthContext<'a>) -> Progress<'a> {
        match self.advance(&mut context) {
            Ok(permit) => Progress::Complete(self.allow(context, permit)),
            Err(Stop::Deny(rejection, pool)) => Progress::Complete(context.denied(rejection, pool)),
            Err(Stop::Wait(wait)) => Progress::Pending(context, wait),
        }
    }

    fn advance(&mut self, context: &mut AuthContext<'_>) -> Result<Permit<Verified>, Stop> {
        let verified = match &context.verified {
            Some(verified) => {
                let verified = Rc::clone(verified);
                if let Err(rejection) = self.check_after_waiting(&verified) {
                    context.verified = None;
                    return Err(Stop::Deny(rejection, Some(verified.pool)));
                }
                verified
            }
            None => {
                let verified = self.verify(context)?;
                context.verified = Some(Rc::clone(&verified));
                verified
            }
        };
        let permit = match context.permit.take() {
            Some(permit) => permit,
            None => self.authorize(context, &verified)?,
        };
        let enriched = self.enrich(context, &verified);
        match enriched {
            Ok(()) => Ok(permit),
            Err(stop) => {
                context.permit = Some(permit);
                Err(stop)
            }
        }
    }

    fn verify(&mut self, context: &mut AuthContext<'_>) -> Result<Rc<Verified>, Stop> {
        match self.cached(&context.token) {
            Some(verified) => {
                self.count_once(context, Counter::JwtCacheHit);
                self.trace
                    .note(Check::Cache, || "verified before by this worker".to_owned());
                self.check_again(&verified)?;
                Ok(verified)
            }
            None => {
                self.count_once(context, Counter::JwtCacheMiss);
                self.verify_unseen(context)
            }
        }
    }

    fn cached(&mut self, token: &[u8]) -> Option<Rc<Verified>> {
        let (keys, now) = (&*self.keys, self.env.now);
        self.tokens.find(
            token,
            |pool| keys.get(pool.0).map_or(0, PoolKeys::generation),
            |pool, key| {
                let set = keys.get(pool.0).and_then(|keys| keys.usable(now));
                set.is_some_and(|set| set.holds(key))
            },
        )
    }

    /// Checks what a cached token does not skip: the time, and that there are usable keys. The cache checks that the token's own
    /// key is still current.
    fn check_again(&mut self, verified: &Verified) -> Result<(), Stop> {
        self.check_time(verified)
            .map_err(|rejection| Stop::Deny(rejection, Some(verified.pool)))?;
        self.usable_keys(verified.pool)?;
        Ok(())
    }

    /// Checks again what may have changed during a call, which may take a minute: the token may have expired, or its key been withdrawn.
    #[inline(never)]
    fn check_after_waiting(&mut self, verified: &Verified) -> Result<(), Rejection> {
        self.check_time(verified)?;
        let keys = self.keys.get(verified.pool.0);
        let set = keys
            .and_then(|keys| keys.usable(self.env.now))
            .ok_or(Rejection::KeysUnavailable)?;
        set.holds(&verified.key).then_some(()).ok_or(Rejection::KeyUnknown)
    }

    fn check_time(&mut self, verified: &Verified) -> Result<(), Rejection> {
        let pool = self.config.pools.get(verified.pool.0).ok_or(Rejection::Internal)?;
        let still_valid = verified
            .identity
            .still_valid_with(pool.claims.clock_skew, self.env.now, self.trace);
        still_valid.map_err(Rejection::Claim)
    }

    #[inline(never)]
    fn verify_unseen(&mut self, context: &AuthContext<'_>) -> Result<Rc<Verified>, Stop> {
        let token: &[u8] = &context.token;
        let now = self.env.now;
        let config = self.config;
        let stop = |rejection| Stop::Deny(rejection, None);
        let jwt = UntrustedJwt::parse_with(token, config.limits.token_bytes, self.last_header);
        self.trace.check(Check::Form, &jwt, || match &jwt {
            Ok(_) => (Some("a signed JWT".to_owned()), None),
            Err(reason) => (
                Some(reason.to_string()),
                Some("a strict JWT, as Cognito signs it".to_owned()),
            ),
        });
        let jwt = jwt.map_err(|reason| stop(Rejection::Malformed(reason)))?;
        let algorithm = jwt.check_algorithm();
        self.trace.check(Check::Algorithm, &algorithm, || {
            let found = if algorithm.is_ok() {
                "RS256"
            } else {
                "another algorithm"
            };
            (Some(found.to_owned()), Some("RS256".to_owned()))
        });
        algorithm.map_err(|_| stop(Rejection::AlgorithmNotAllowed))?;
        let pool = config.pool_of(jwt.issuer()).ok_or(());
        self.trace.check(Check::Issuer, &pool, || {
            let known = config.pools.iter().flat_map(|pool| &pool.issuers);
            (
                Some(shortened(jwt.issuer())),
                Some(format!(
                    "one of {}",
                    listed(known.take(SHOWN_ISSUERS).map(String::as_str))
                )),
            )
        });
        let (id, pool) = pool.map_err(|()| stop(Rejection::IssuerUnknown))?;
        let stop = |rejection| Stop::Deny(rejection, Some(id));
        jwt.refuse_early_with(&pool.claims, now, self.trace)
            .map_err(|error| stop(Rejection::Claim(error)))?;
        let keys = match jwt.kid() {
            Some(_) => self.usable_keys(id)?,
            None => {
                self.trace
                    .check(Check::Key, &Err::<(), ()>(()), || (None, Some("a kid".to_owned())));
                return Err(stop(Rejection::KeyUnknown));
            }
        };
        let key = jwt.kid().and_then(|kid| keys.find(kid)).map(Rc::clone).ok_or(());
        self.trace.check(Check::Key, &key, || {
            let known: Vec<String> = keys.kids().map(kid_for_log).collect();
            (
                jwt.kid().map(kid_for_log),
                Some(format!("one of {}", listed(known.iter().map(String::as_str)))),
            )
        });
        let Ok(key) = key else {
            return Err(self.unknown_kid(id, context.has_looked_again));
        };
        let check = jwt.verify(&key.public, self.env.crypto);
        self.out.extend(check.by.map(|by| Command::Count(verified_by(by))));
        self.trace.check(Check::Signature, &check.outcome, || {
            let found = if check.outcome.is_ok() {
                "that of the key"
            } else {
                "not that of the key"
            };
            (
                Some(found.to_owned()),
                Some("that of the key, over the token as it was sent".to_owned()),
            )
        });
        let signed = check.outcome.map_err(|_| stop(Rejection::SignatureInvalid))?;
        let identity = signed
            .check(&pool.claims, now)
            .map_err(|error| stop(Rejection::Claim(error)))?;
        let mut verified = self.prepare(token.into(), identity, id, key);
        // Otherwise they would be read again at once.
        if context.rule.demands.is_empty() && pool.user_info.is_none() && config.user_lookup.is_none() {
            verified.slim();
        }
        let verified = Rc::new(verified);
        let generation = self.keys.get(id.0).map_or(0, PoolKeys::generation);
        let expires_at = verified.identity.expires_at().after(pool.claims.clock_skew);
        self.tokens.insert(Rc::clone(&verified), generation, expires_at, now);
        Ok(verified)
    }

    /// Returns what later requests with the token need, computed once.
    fn prepare(&mut self, token: Rc<[u8]>, identity: Identity, pool: PoolId, key: Rc<Key>) -> Verified {
        let (values, warnings) = self.config.identity.values_for(&identity, None);
        self.warn(&warnings);
        Verified {
            token,
            identity,
            pool,
            key,
            values,
            cache_keys: Default::default(),
        }
    }

    fn authorize(&mut self, context: &AuthContext<'_>, verified: &Rc<Verified>) -> Result<Permit<Verified>, Stop> {
        let stop = |rejection| Stop::Deny(rejection, Some(verified.pool));
        let pool = self
            .config
            .pools
            .get(verified.pool.0)
            .ok_or_else(|| stop(Rejection::Internal))?;
        let permit = context.rule.authorize(verified, self.env.now, pool.claims.clock_skew);
        self.trace.check(Check::Requirement, &permit, || match &permit {
            Ok(_) if context.rule.demands.is_empty() => {
                (Some("nothing but a valid token is required".to_owned()), None)
            }
            Ok(_) => (Some("all that is required holds".to_owned()), None),
            Err(forbidden) => {
                let (found, expected) = context.rule.facts(forbidden, &verified.identity, self.env.now);
                (Some(found), Some(expected))
            }
        });
        permit.map_err(|forbidden| stop(Rejection::Forbidden(forbidden)))
    }

    /// Lets the request wait, if there is room for it.
    #[inline(never)]
    fn wait_for(&self, wait: Wait) -> Stop {
        if self.pending.has_room_for(wait) {
            Stop::Wait(wait)
        } else {
            Stop::Deny(wait.unavailable(), Some(wait.pool()))
        }
    }

    fn allow(&mut self, context: AuthContext<'_>, permit: Permit<Verified>) -> AuthDecision {
        let verified = permit.holder();
        let values = match context.user_info() {
            None => verified.values.clone(),
            Some(more) => {
                let (values, warnings) = self.config.identity.values_for(&verified.identity, Some(&more));
                self.warn(&warnings);
                values
            }
        };
        AuthDecision::Allow(Allowance::Identified(Identified {
            permit,
            values,
            lookup: context.user_headers(),
            removal: context.removal,
        }))
    }

    fn count_once(&mut self, context: &mut AuthContext<'_>, counter: Counter) {
        if !context.is_counted {
            context.is_counted = true;
            self.out.push(Command::Count(counter));
        }
    }

    fn warn(&mut self, warnings: &[ValueTooLong]) {
        for warning in warnings {
            self.out.push(Command::Log(Severity::Warn, warning.to_string()));
        }
    }
}

fn verified_by(verifier: Verifier) -> Counter {
    match verifier {
        Verifier::Host => Counter::VerifyHost,
        Verifier::Module => Counter::VerifyModule,
    }
}
