//! The decision, top to bottom: preflight, rule, credential, token, requirement, enrichment.
//!
//! What has been stripped from the request before is not seen here: the filter passes a head without it.
//!
//! `inline(never)`, here and in the modules around it, keeps what few requests need out of the functions that all of them run
//! through: each request finds that code in cold caches, so its size counts more than its instructions.

use crate::cache::{TokenCache, Verified};
use crate::call::HttpCall;
use crate::command::{Command, HeaderEdit, Headers, Severity};
use crate::config::Config;
use crate::enrich::in_flight::InFlightCalls;
use crate::enrich::response_cache::{Answer, ResponseCache};
use crate::enrich::{CacheKey, CallPolicy, Enrichment, OnFailure, Outcome, UserLookupPolicy, user_info, user_lookup};
use crate::env::{DescribeRoute, Env};
use crate::identity::ValueTooLong;
use crate::keys::PoolId;
use crate::keys::jwks::{Key, KeySet, kid_for_log};
use crate::keys::pool::PoolKeys;
use crate::keys::refresh::{Refetch, Round};
use crate::metrics::Counter;
use crate::reject::Rejection;
use crate::request::RequestHead;
use crate::request_policy;
use crate::responder::{Allowance, AuthDecision, Denial, Identified};
use crate::rules::access::Permit;
use crate::rules::{Auth, MatchedRule, RuleSet};
use crate::signature::Verifier;
use crate::time::UnixTime;
use crate::token::Identity;
use crate::token::claims::ClaimSet;
use crate::token::jwt::{LastHeader, UntrustedJwt};
use crate::token::malformed::Malformed;
use crate::token::merged::MergedClaims;
use crate::token::removal;
use crate::token::source;
use crate::trace::{Check, Trace, listed, shortened};
use std::borrow::Cow;
use std::rc::Rc;

/// A request whose credential has been found: all that is left to judge of it. Owned, it can wait.
#[derive(Debug)]
pub struct AuthContext<'a> {
    decision: MatchedRule,
    token: Cow<'a, [u8]>,
    removal: Vec<HeaderEdit>,
    /// The memory of tokens has been asked for it, so it is not counted again.
    is_counted: bool,
    /// It has waited for keys that came after it, so an unknown `kid` is unknown for good.
    has_looked_again: bool,
    /// The token, once it has been verified.
    verified: Option<Rc<Verified>>,
    /// The permission to pass, once the requirement holds.
    permit: Option<Permit<Verified>>,
    user_info: Lookup<Rc<ClaimSet>>,
    user_lookup: Lookup<Rc<Headers>>,
}

/// What is known of an enrichment.
#[derive(Debug)]
enum Lookup<T> {
    Pending,
    Found(T),
    /// Not asked for, or failed where that does not matter.
    Skipped,
}

impl<T> Lookup<T> {
    fn given(self) -> Option<T> {
        match self {
            Lookup::Found(value) => Some(value),
            Lookup::Pending | Lookup::Skipped => None,
        }
    }
}

/// What a case comes to for now.
#[derive(Debug)]
pub enum Progress<'a> {
    /// The end.
    Complete(AuthDecision),
    /// It waits.
    Pending(AuthContext<'a>, Wait),
}

/// What a case waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Wait {
    /// The pool has no usable keys.
    Keys(PoolId),
    /// No key of the pool has the token's `kid`; a fetch might bring it.
    Kid(PoolId, Round),
    /// A call.
    Call(Enrichment, CacheKey, PoolId),
}

impl Wait {
    /// The pool of the token, for the log line.
    pub fn pool(self) -> PoolId {
        match self {
            Wait::Keys(pool) | Wait::Kid(pool, _) | Wait::Call(_, _, pool) => pool,
        }
    }

    /// The refusal of those for whom there is no room to wait, or no hope.
    pub fn unavailable(self) -> Rejection {
        match self {
            Wait::Keys(_) | Wait::Kid(..) => Rejection::KeysUnavailable,
            Wait::Call(Enrichment::UserInfo, ..) => Rejection::UserInfoUnavailable,
            Wait::Call(Enrichment::UserLookup, ..) => Rejection::UserLookupUnavailable,
        }
    }
}

/// What judging needs beyond the request.
pub struct Authenticator<'j> {
    /// All settings.
    pub config: &'j Config,
    /// Every pool's keys.
    pub keys: &'j mut [PoolKeys],
    /// The remembered tokens.
    pub tokens: &'j mut TokenCache,
    /// The header of the last token that was not remembered.
    pub last_header: &'j mut LastHeader,
    /// The remembered answers of UserInfo, a pool each.
    pub user_info: &'j mut [Option<ResponseCache>],
    /// The remembered answers of the user lookup.
    pub user_lookup: &'j mut Option<ResponseCache>,
    /// The calls under way.
    pub in_flight: &'j mut InFlightCalls,
    /// Whether one more request may wait.
    pub has_room: bool,
    /// Where each check is recorded.
    pub trace: &'j mut Trace,
    /// The world.
    pub env: &'j Env<'j>,
    /// Where counts go.
    pub out: &'j mut Vec<Command>,
}

/// A case, or the end of it where no token decides.
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
    let decision = request_policy::decide(rules, head, route, trace, out).map_err(refuse)?;
    if decision.auth == Auth::None {
        return Err(AuthDecision::Allow(Allowance::Bypassed));
    }
    let credential = find_credential(config, head, trace).map_err(|reason| refuse(Rejection::Malformed(reason)))?;
    let Some(credential) = credential else {
        return Err(match decision.auth {
            Auth::Required => refuse(Rejection::TokenMissing),
            Auth::Optional | Auth::None => AuthDecision::Allow(Allowance::Bypassed),
        });
    };
    let removal = if config.identity.remove_token {
        removal::remove(&credential, head)
    } else {
        Vec::new()
    };
    Ok(AuthContext {
        decision,
        token: credential.into_token(),
        removal,
        is_counted: false,
        has_looked_again: false,
        verified: None,
        permit: None,
        user_info: Lookup::Pending,
        user_lookup: Lookup::Pending,
    })
}

/// Looks for a credential, source by source.
fn find_credential<'c, 'a>(
    config: &'c Config,
    head: &RequestHead<'a>,
    trace: &mut Trace,
) -> Result<Option<source::Credential<'c, 'a>>, Malformed> {
    for (index, one) in config.token_sources.iter().enumerate() {
        let found = source::find(std::slice::from_ref(one), head);
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
    trace.note(Check::Credential, || "none in any of token_sources".to_owned());
    Ok(None)
}

fn refuse(rejection: Rejection) -> AuthDecision {
    AuthDecision::Deny(Denial {
        rejection,
        pool: None,
        verified: None,
        removal: Vec::new(),
    })
}

impl AuthContext<'_> {
    /// The case on its own, apart from the host's memory.
    pub fn into_owned(self) -> AuthContext<'static> {
        AuthContext {
            token: Cow::Owned(self.token.into_owned()),
            decision: self.decision,
            removal: self.removal,
            is_counted: self.is_counted,
            has_looked_again: self.has_looked_again,
            verified: self.verified,
            permit: self.permit,
            user_info: self.user_info,
            user_lookup: self.user_lookup,
        }
    }

    /// The fetch that it waited for has ended.
    pub fn look_again(&mut self) {
        self.has_looked_again = true;
    }

    /// It ends here, with this refusal.
    pub fn refused(self, rejection: Rejection, pool: Option<PoolId>) -> AuthDecision {
        AuthDecision::Deny(Denial {
            rejection,
            pool,
            verified: self.verified,
            removal: self.removal,
        })
    }

    fn go_without(&mut self, kind: Enrichment) {
        match kind {
            Enrichment::UserInfo => self.user_info = Lookup::Skipped,
            Enrichment::UserLookup => self.user_lookup = Lookup::Skipped,
        }
    }
}

/// How many issuers a step of a trace names.
const SHOWN_ISSUERS: usize = 4;

/// A refusal, or a wait.
enum Stop {
    Refuse(Rejection, Option<PoolId>),
    Wait(Wait),
}

impl Authenticator<'_> {
    /// Judges a case as far as it can be judged now: to the end, or to what it must wait for.
    pub fn judge<'a>(&mut self, mut case: AuthContext<'a>) -> Progress<'a> {
        match self.advance(&mut case) {
            Ok(permit) => Progress::Complete(self.admit(case, permit)),
            Err(Stop::Refuse(rejection, pool)) => Progress::Complete(case.refused(rejection, pool)),
            Err(Stop::Wait(wait)) if self.has_room => Progress::Pending(case, wait),
            Err(Stop::Wait(wait)) => Progress::Complete(case.refused(wait.unavailable(), Some(wait.pool()))),
        }
    }

    /// The call that a case waited for did not end in time: as if it had failed.
    pub fn call_timed_out<'a>(&mut self, mut case: AuthContext<'a>, kind: Enrichment, pool: PoolId) -> Progress<'a> {
        match self.failed(&mut case, kind, pool) {
            Ok(()) => self.judge(case),
            Err(Stop::Refuse(rejection, pool)) => Progress::Complete(case.refused(rejection, pool)),
            Err(Stop::Wait(wait)) => Progress::Pending(case, wait),
        }
    }

    fn advance(&mut self, case: &mut AuthContext<'_>) -> Result<Permit<Verified>, Stop> {
        let verified = match &case.verified {
            Some(verified) => {
                let verified = Rc::clone(verified);
                if let Err(rejection) = self.check_after_waiting(&verified) {
                    case.verified = None;
                    return Err(Stop::Refuse(rejection, Some(verified.pool)));
                }
                verified
            }
            None => {
                let verified = self.verify(case)?;
                case.verified = Some(Rc::clone(&verified));
                verified
            }
        };
        let permit = match case.permit.take() {
            Some(permit) => permit,
            None => self.authorize(case, &verified)?,
        };
        let enriched = self.enrich(case, &verified);
        match enriched {
            Ok(()) => Ok(permit),
            Err(stop) => {
                case.permit = Some(permit);
                Err(stop)
            }
        }
    }

    fn verify(&mut self, case: &mut AuthContext<'_>) -> Result<Rc<Verified>, Stop> {
        match self.remembered(&case.token) {
            Some(verified) => {
                self.count_once(case, Counter::JwtCacheHit);
                self.trace
                    .note(Check::Cache, || "verified before by this worker".to_owned());
                self.check_again(&verified)?;
                Ok(verified)
            }
            None => {
                self.count_once(case, Counter::JwtCacheMiss);
                self.verify_unseen(&case.token, case.has_looked_again)
            }
        }
    }

    fn remembered(&mut self, token: &[u8]) -> Option<Rc<Verified>> {
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

    /// What a remembered token does not skip: time, and that there are keys at all. That its own key is still there is seen
    /// when it is found.
    fn check_again(&mut self, verified: &Verified) -> Result<(), Stop> {
        self.check_time(verified)
            .map_err(|rejection| Stop::Refuse(rejection, Some(verified.pool)))?;
        self.usable_keys(verified.pool)?;
        Ok(())
    }

    /// A call may take as long as a minute: meanwhile the token may have expired, or its key have been withdrawn.
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
    fn verify_unseen(&mut self, token: &[u8], has_looked_again: bool) -> Result<Rc<Verified>, Stop> {
        let now = self.env.now;
        let config = self.config;
        let stop = |rejection| Stop::Refuse(rejection, None);
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
            let found = if algorithm.is_ok() { "RS256" } else { "another" };
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
        let stop = |rejection| Stop::Refuse(rejection, Some(id));
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
            return Err(self.unknown_kid(id, has_looked_again));
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
        let verified = Rc::new(self.prepare(identity, id, key));
        let generation = self.keys.get(id.0).map_or(0, PoolKeys::generation);
        let expires_at = end_of(&verified).after(pool.claims.clock_skew);
        self.tokens
            .insert(token, Rc::clone(&verified), generation, expires_at, now);
        Ok(verified)
    }

    /// All that each later request with the token needs, made once.
    fn prepare(&mut self, mut identity: Identity, pool: PoolId, key: Rc<Key>) -> Verified {
        let (headers, warnings) = self.config.identity.headers_for(&identity, None);
        self.warn(&warnings);
        // A rule that asks for claims by name, or a lookup, has them read once more, and kept then.
        identity.slim();
        Verified {
            pool,
            key,
            headers,
            subject: identity.claims().subject().into(),
            identity,
        }
    }

    fn usable_keys(&mut self, pool: PoolId) -> Result<Rc<KeySet>, Stop> {
        let keys = self.keys.get(pool.0).ok_or(Stop::Refuse(Rejection::Internal, None))?;
        let Some(set) = keys.usable(self.env.now) else {
            return Err(Stop::Wait(Wait::Keys(pool)));
        };
        if keys.is_stale(self.env.now) {
            self.out.push(Command::Count(Counter::JwksServedStale));
        }
        Ok(Rc::clone(set))
    }

    /// A `kid` that no key has may be that of a new key, or an attacker's invention: one fetch per cooldown finds out for all.
    fn unknown_kid(&mut self, pool: PoolId, has_looked_again: bool) -> Stop {
        let unknown = Stop::Refuse(Rejection::KeyUnknown, Some(pool));
        if has_looked_again {
            return unknown;
        }
        match self
            .keys
            .get_mut(pool.0)
            .map(|keys| keys.ask_for_unknown_kid(self.env.now))
        {
            Some(Some(Refetch::Wait(round))) => Stop::Wait(Wait::Kid(pool, round)),
            Some(Some(Refetch::Throttled)) => {
                self.out.push(Command::Count(Counter::JwksRefetchThrottled));
                unknown
            }
            Some(None) | None => unknown,
        }
    }

    fn authorize(&mut self, case: &AuthContext<'_>, verified: &Rc<Verified>) -> Result<Permit<Verified>, Stop> {
        let stop = |rejection| Stop::Refuse(rejection, Some(verified.pool));
        let pool = self
            .config
            .pools
            .get(verified.pool.0)
            .ok_or_else(|| stop(Rejection::Internal))?;
        let permit = case.decision.authorize(verified, self.env.now, pool.claims.clock_skew);
        self.trace.check(Check::Requirement, &permit, || match &permit {
            Ok(_) if case.decision.demands.is_empty() => {
                (Some("nothing but a valid token is required".to_owned()), None)
            }
            Ok(_) => (Some("all that is required holds".to_owned()), None),
            Err(forbidden) => (Some(forbidden.to_string()), None),
        });
        permit.map_err(|forbidden| stop(Rejection::Forbidden(forbidden)))
    }

    /// UserInfo first, for the lookup is told what it adds.
    fn enrich(&mut self, case: &mut AuthContext<'_>, verified: &Rc<Verified>) -> Result<(), Stop> {
        if matches!(case.user_info, Lookup::Pending) {
            self.ask_user_info(case, verified)?;
        }
        if matches!(case.user_lookup, Lookup::Pending) {
            self.ask_user_lookup(case, verified)?;
        }
        Ok(())
    }

    fn ask_user_info(&mut self, case: &mut AuthContext<'_>, verified: &Rc<Verified>) -> Result<(), Stop> {
        let config = self.config;
        let policy = config
            .pools
            .get(verified.pool.0)
            .and_then(|pool| pool.user_info.as_ref());
        let Some(policy) = policy.filter(|_| user_info::applies_to(&verified.identity)) else {
            case.user_info = Lookup::Skipped;
            return Ok(());
        };
        self.ask_user_info_of(policy, case, verified)
    }

    #[inline(never)]
    fn ask_user_info_of(
        &mut self,
        policy: &CallPolicy,
        case: &mut AuthContext<'_>,
        verified: &Rc<Verified>,
    ) -> Result<(), Stop> {
        let subject = user_info::subject(&case.token);
        let outcome = match (
            self.in_flight.completed(subject),
            self.user_info.get_mut(verified.pool.0),
        ) {
            // The call that this very request waited for.
            (Some(completed), _) => Some(completed.clone()),
            (None, Some(Some(memory))) => {
                let judge = |answer: &Answer| user_info::interpret_response(answer, &verified.subject);
                let remembered = memory.find(subject, self.env.now, self.env.shared, judge);
                self.out
                    .extend(remembered.is_some().then_some(Command::Count(Counter::UserInfoCached)));
                remembered
            }
            (None, Some(None) | None) => None,
        };
        match outcome {
            Some(Outcome::Claims(claims)) => case.user_info = Lookup::Found(claims),
            Some(Outcome::Refused) => return Err(Stop::Refuse(Rejection::TokenRevoked, Some(verified.pool))),
            Some(Outcome::Failed | Outcome::Headers(_)) => self.failed(case, Enrichment::UserInfo, verified.pool)?,
            None => {
                // A token that has been parsed is ASCII.
                let token = std::str::from_utf8(&case.token)
                    .map_err(|_| Stop::Refuse(Rejection::Internal, Some(verified.pool)))?;
                return Err(self.call(Enrichment::UserInfo, subject, verified, || {
                    user_info::call(policy, token)
                }));
            }
        }
        Ok(())
    }

    fn ask_user_lookup(&mut self, case: &mut AuthContext<'_>, verified: &Rc<Verified>) -> Result<(), Stop> {
        let Some(policy) = &self.config.user_lookup else {
            case.user_lookup = Lookup::Skipped;
            return Ok(());
        };
        self.ask_user_lookup_of(policy, case, verified)
    }

    #[inline(never)]
    fn ask_user_lookup_of(
        &mut self,
        policy: &UserLookupPolicy,
        case: &mut AuthContext<'_>,
        verified: &Rc<Verified>,
    ) -> Result<(), Stop> {
        let user_info = match &case.user_info {
            Lookup::Found(claims) => Some(Rc::clone(claims)),
            Lookup::Pending | Lookup::Skipped => None,
        };
        let claims = MergedClaims::new(verified.identity.claims().set(), user_info.as_deref());
        let subject = user_lookup::subject(&claims);
        let mut left_out = Vec::new();
        let outcome = match (self.in_flight.completed(subject), &mut *self.user_lookup) {
            (Some(completed), _) => Some(completed.clone()),
            (None, Some(memory)) => {
                let judge = |answer: &Answer| {
                    let (outcome, too_long) = user_lookup::interpret_response(answer, policy);
                    left_out = too_long;
                    outcome
                };
                let remembered = memory.find(subject, self.env.now, self.env.shared, judge);
                self.out.extend(
                    remembered
                        .is_some()
                        .then_some(Command::Count(Counter::UserLookupCached)),
                );
                remembered
            }
            (None, None) => None,
        };
        self.warn(&left_out);
        match outcome {
            Some(Outcome::Headers(headers)) => case.user_lookup = Lookup::Found(headers),
            Some(Outcome::Refused) => return Err(Stop::Refuse(Rejection::UserRejected, Some(verified.pool))),
            Some(Outcome::Failed | Outcome::Claims(_)) => self.failed(case, Enrichment::UserLookup, verified.pool)?,
            None => {
                return Err(self.call(Enrichment::UserLookup, subject, verified, || {
                    user_lookup::call(policy, &claims)
                }));
            }
        }
        Ok(())
    }

    /// Joins the call for this subject, or queues it.
    fn call(
        &mut self,
        kind: Enrichment,
        subject: CacheKey,
        verified: &Verified,
        call: impl FnOnce() -> HttpCall,
    ) -> Stop {
        if self.has_room && !self.in_flight.contains(subject) {
            self.in_flight.queue(
                subject,
                kind,
                verified.pool,
                Rc::clone(&verified.subject),
                end_of(verified),
                call(),
            );
        }
        Stop::Wait(Wait::Call(kind, subject, verified.pool))
    }

    fn failed(&self, case: &mut AuthContext<'_>, kind: Enrichment, pool: PoolId) -> Result<(), Stop> {
        let policy = match kind {
            Enrichment::UserInfo => self.config.pools.get(pool.0).and_then(|pool| pool.user_info.as_ref()),
            Enrichment::UserLookup => self.config.user_lookup.as_ref().map(|lookup| &lookup.call),
        };
        match policy.map(|policy| policy.on_failure) {
            Some(OnFailure::Continue) => {
                case.go_without(kind);
                Ok(())
            }
            Some(OnFailure::Reject) | None => {
                let rejection = match kind {
                    Enrichment::UserInfo => Rejection::UserInfoUnavailable,
                    Enrichment::UserLookup => Rejection::UserLookupUnavailable,
                };
                Err(Stop::Refuse(rejection, Some(pool)))
            }
        }
    }

    fn admit(&mut self, case: AuthContext<'_>, permit: Permit<Verified>) -> AuthDecision {
        let verified = permit.holder();
        let headers = match case.user_info.given() {
            None => Rc::clone(&verified.headers),
            Some(more) => {
                let (headers, warnings) = self.config.identity.headers_for(&verified.identity, Some(&more));
                self.warn(&warnings);
                headers
            }
        };
        let lookup = case.user_lookup.given();
        AuthDecision::Allow(Allowance::Identified(Identified {
            permit,
            headers,
            lookup,
            removal: case.removal,
        }))
    }

    fn count_once(&mut self, case: &mut AuthContext<'_>, counter: Counter) {
        if !case.is_counted {
            case.is_counted = true;
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

/// `exp`, rounded down to milliseconds.
fn end_of(verified: &Verified) -> UnixTime {
    // A float turns into the nearest integer that there is: negative to zero, too large to the largest.
    UnixTime::from_millis((verified.identity.claims().expires_at() * 1000.0) as u64)
}
