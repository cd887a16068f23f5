//! The filter of one worker: requests, ticks, answers, and those who wait.
//!
//! A request's own callback settles no other request: the host would stop the wrong one. Those who wait are settled from
//! ticks and answers, at most [`MAX_SETTLED_AT_ONCE`] a callback, since a host nests the callbacks that each one causes.

use crate::authenticator::{self, AuthContext, Authenticator, Progress, Wait};
use crate::cache::TokenCache;
use crate::call::{Body, CallId, HttpAnswer, NotSent};
use crate::command::{Command, Flow, HeaderEdit, Reply, Severity};
use crate::config::{Config, KeySource};
use crate::enrich::in_flight::{InFlightCall, InFlightCalls};
use crate::enrich::response_cache::{Answer, ResponseCache};
use crate::enrich::{CacheKey, Enrichment, Outcome, user_info, user_lookup};
use crate::env::{DescribeRoute, Env};
use crate::identity::reserved::ReservedHeaders;
use crate::keys::PoolId;
use crate::keys::pool::PoolKeys;
use crate::keys::refresh::{JwksCache, Outlook};
use crate::load::LoadDetector;
use crate::metrics::Counter;
use crate::reject::{Rejection, Wording};
use crate::request::{RequestHead, RequestId};
use crate::responder::{AuthDecision, Passage, Responder};
use crate::rules::RuleSet;
use crate::time::UnixTime;
use crate::token::jwt::LastHeader;
use crate::trace::{Check, Trace, listed};
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;
use std::time::Duration;

/// How many requests of all kinds may wait in a worker.
pub const MAX_WAITING: usize = 1000;
/// How many of those who wait are settled in one callback. Envoy's stack overflows somewhere below 300.
pub const MAX_SETTLED_AT_ONCE: usize = 100;

/// How many calls are sent in one callback. The host answers a call that leads nowhere (no healthy endpoint) at once, inside the
/// callback that sent it, and nests those answers as it does what they settle.
pub const MAX_SENT_AT_ONCE: usize = 32;

/// The tick when there is something to do at once: a call to send, more requests to settle.
const TICK_AT_ONCE: Duration = Duration::from_millis(1);
/// The tick while requests wait: how exactly their time limits are kept.
const TICK_WHILE_WAITING: Duration = Duration::from_millis(20);
/// The tick in a load: how soon operators see what was counted.
const TICK_UNDER_LOAD: Duration = Duration::from_millis(10);
/// The tick otherwise: how soon a new set of keys is noticed, well within the second that is promised.
const TICK_AT_REST: Duration = Duration::from_millis(250);

/// One worker's filter.
#[derive(Debug)]
pub struct Filter {
    config: Config,
    wording: Wording,
    rules: RuleSet,
    reserved: ReservedHeaders,
    keys: Vec<PoolKeys>,
    tokens: TokenCache,
    last_header: LastHeader,
    user_info: Vec<Option<ResponseCache>>,
    user_lookup: Option<ResponseCache>,
    in_flight: InFlightCalls,
    waiting: BTreeMap<RequestId, Waiting>,
    tick: Duration,
    ticked_at: UnixTime,
    /// The last tick that was for more than handing counts over.
    looked_at: UnixTime,
    load: LoadDetector,
    /// How many keys of all pools this worker told the gauge of last. Workers overwrite each other's gauges, but they all come to hold
    /// the same keys, each tells of its own change, and so does whoever fetched.
    last_reported_key_count: Option<u64>,
    is_debug_seen: bool,
    explains: bool,
}

#[derive(Debug)]
struct Waiting {
    case: AuthContext<'static>,
    trace: Trace,
    wait: Wait,
    /// When it came.
    since: UnixTime,
    /// When it has waited long enough.
    deadline: UnixTime,
    request_id: Vec<u8>,
}

/// What has become of what a request waits for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum WaitStatus {
    /// It goes on waiting.
    Pending,
    /// It can be judged.
    Ready,
    /// It waits in vain.
    Unsatisfiable,
}

impl Filter {
    /// The filter with these settings. It does nothing before its first tick, which is to come [`Filter::first_tick`] later.
    pub fn new(mut config: Config) -> Filter {
        let rules = RuleSet::new(std::mem::take(&mut config.rules));
        let lookup_headers = config
            .user_lookup
            .iter()
            .flat_map(|lookup| lookup.headers.iter().map(|(name, _)| &**name));
        let reserved = ReservedHeaders::new(config.identity.header_names().chain(lookup_headers));
        let memory_of_user_info = |pool: &crate::config::Pool| {
            let policy = pool.user_info.as_ref()?;
            Some(ResponseCache::new("user-info", user_info::scope(policy), policy.ttl))
        };
        let memory_of_lookup = |policy| ResponseCache::new("user-lookup", user_lookup::scope(policy), policy.call.ttl);
        Filter {
            wording: Wording {
                realm: config.realm.clone(),
                disclose_reason: config.disclose_reason,
            },
            rules,
            reserved,
            keys: config.pools.iter().map(keys_of).collect(),
            tokens: TokenCache::new(config.token_cache.max_entries, config.token_cache.max_bytes()),
            last_header: LastHeader::default(),
            user_info: config.pools.iter().map(memory_of_user_info).collect(),
            user_lookup: config.user_lookup.as_ref().map(memory_of_lookup),
            in_flight: InFlightCalls::default(),
            waiting: BTreeMap::default(),
            tick: TICK_AT_ONCE,
            ticked_at: UnixTime::default(),
            looked_at: UnixTime::default(),
            load: LoadDetector::default(),
            last_reported_key_count: None,
            is_debug_seen: false,
            explains: false,
            config,
        }
    }

    /// The tick period that a new filter counts on.
    pub const fn first_tick() -> Duration {
        TICK_AT_ONCE
    }

    /// Whether anybody sees debug lines: they are not even made otherwise.
    pub fn show_debug(&mut self, is_seen: bool) {
        self.is_debug_seen = is_seen;
    }

    /// Whether each decision is followed by a [`Command::Explain`].
    pub fn explain(&mut self, explains: bool) {
        self.explains = explains;
    }

    /// The answer to a request whose headers could not be read or changed. It must not pass, in no mode.
    pub fn internal_error(&self) -> Reply {
        Rejection::Internal.reply(&self.wording)
    }

    /// Whether requests come so fast that counts may wait for the next tick, which is near then.
    pub fn is_under_load(&self) -> bool {
        self.load.is_on()
    }

    /// How many requests wait.
    pub fn waiting(&self) -> usize {
        self.waiting.len()
    }

    /// A request has come.
    pub fn on_request(
        &mut self,
        id: RequestId,
        head: RequestHead<'_>,
        route: &dyn DescribeRoute,
        env: &Env<'_>,
        out: &mut Vec<Command>,
    ) -> Flow {
        if self.load.record_request() {
            self.set_tick(env.now, false, out);
        }
        let mut trace = Trace::new(self.is_debug_seen || self.explains);
        let before = out.len();
        let head = self.reserved.strip(head, out);
        note_removed(out.get(before..).unwrap_or_default(), &mut trace);
        let request_id = || head.first("x-request-id").unwrap_or_default();
        let case = match authenticator::open(&self.config, &self.rules, &head, route, &mut trace, out) {
            Ok(case) => case,
            Err(verdict) => return flow(self.responder().settle(verdict, trace, request_id, out)),
        };
        let (case, wait) = match self.judge(env, &mut trace, out).judge(case) {
            Progress::Complete(verdict) => return flow(self.responder().settle(verdict, trace, request_id, out)),
            Progress::Pending(case, wait) => (case, wait),
        };
        self.let_wait(id, (case, trace), wait, request_id(), env, out)
    }

    /// Keeps a request until what it waits for is there, unless that would be in vain.
    #[inline(never)]
    fn let_wait(
        &mut self,
        id: RequestId,
        (case, trace): (AuthContext<'_>, Trace),
        wait: Wait,
        request_id: &[u8],
        env: &Env<'_>,
        out: &mut Vec<Command>,
    ) -> Flow {
        let deadline = self.deadline(wait, env.now);
        if self.is_unsatisfiable(wait, deadline, env.now) {
            let verdict = case.refused(wait.unavailable(), Some(wait.pool()));
            return flow(self.responder().settle(verdict, trace, || request_id, out));
        }
        let request_id = request_id.to_vec();
        self.waiting.insert(
            id,
            Waiting {
                case: case.into_owned(),
                trace,
                wait,
                since: env.now,
                deadline,
                request_id,
            },
        );
        self.set_tick(env.now, false, out);
        Flow::Pause
    }

    /// Time has passed.
    pub fn on_tick(&mut self, env: &Env<'_>, out: &mut Vec<Command>) {
        if env.now < self.ticked_at {
            self.clock_went_back(env.now);
        }
        self.load.on_tick(env.now.since(self.ticked_at));
        self.ticked_at = env.now;
        if self.is_for_counts_only(env.now) {
            return;
        }
        self.looked_at = env.now;
        for keys in &mut self.keys {
            if let Some(ring) = keys.ring_mut() {
                ring.on_tick(&env.surroundings(), out);
            }
        }
        self.send_queued(env, out);
        for subject in self.in_flight.lost(env.now) {
            self.land(subject, None, env, out);
        }
        self.settle_waiting(env, out);
    }

    /// In a rush ticks come more often than there is anything to look at: looking at the keys of all pools costs more than the
    /// counts do. Nothing urgent is missed, since that changes the tick.
    fn is_for_counts_only(&self, now: UnixTime) -> bool {
        self.load.is_on()
            && self.tick == TICK_UNDER_LOAD
            && self.waiting.is_empty()
            && now >= self.looked_at
            && now < self.looked_at.after(TICK_AT_REST)
    }

    /// A call was answered, or failed (`None`).
    pub fn on_answer(&mut self, call: CallId, answer: Option<HttpAnswer>, env: &Env<'_>, out: &mut Vec<Command>) {
        let ring = self
            .keys
            .iter_mut()
            .filter_map(PoolKeys::ring_mut)
            .find(|ring| ring.awaits(call));
        if let Some(ring) = ring {
            if ring.on_answer(answer, &env.surroundings(), out) {
                self.last_reported_key_count = None;
            }
        } else if let Some(subject) = self.in_flight.subject_of(call) {
            self.land(subject, answer, env, out);
        }
        self.settle_waiting(env, out);
    }

    /// A request that another filter of this configuration holds needs the keys of this entry of the shared store, or newer
    /// ones than there are. For a host where one filter fetches for all; a tick is to follow.
    pub fn ask_for_keys(&mut self, entry: &str, now: UnixTime) {
        let rings = self.keys.iter_mut().filter_map(PoolKeys::ring_mut);
        for ring in rings.filter(|ring| ring.entry() == entry) {
            // If the keys are due, that is the cause of the fetch; otherwise an unknown `kid` is.
            let _throttled = ring.ask_for_unknown_kid(now);
        }
    }

    /// Whether the request still waits.
    pub fn is_waiting(&self, id: RequestId) -> bool {
        self.waiting.contains_key(&id)
    }

    /// Returns the names of the trailers that only the filter may set; the host removes them.
    pub fn forged<'a>(&self, trailers: &RequestHead<'a>) -> BTreeSet<&'a [u8]> {
        self.reserved.in_trailers(trailers)
    }

    /// A request is gone, answered or not.
    pub fn on_gone(&mut self, id: RequestId) {
        self.waiting.remove(&id);
    }

    fn responder(&self) -> Responder<'_> {
        Responder {
            config: &self.config,
            wording: &self.wording,
            is_debug_seen: self.is_debug_seen,
            explains: self.explains,
        }
    }

    fn judge<'j>(&'j mut self, env: &'j Env<'j>, trace: &'j mut Trace, out: &'j mut Vec<Command>) -> Authenticator<'j> {
        Authenticator {
            has_room: self.waiting.len() < MAX_WAITING,
            config: &self.config,
            keys: &mut self.keys,
            tokens: &mut self.tokens,
            last_header: &mut self.last_header,
            user_info: &mut self.user_info,
            user_lookup: &mut self.user_lookup,
            in_flight: &mut self.in_flight,
            env,
            trace,
            out,
        }
    }

    fn ring(&self, pool: PoolId) -> Option<&JwksCache> {
        self.keys.get(pool.0).and_then(PoolKeys::ring)
    }

    fn deadline(&self, wait: Wait, now: UnixTime) -> UnixTime {
        let longest = match wait {
            Wait::Keys(pool) | Wait::Kid(pool, _) => self.ring(pool).map(JwksCache::longest_wait),
            Wait::Call(Enrichment::UserInfo, _, pool) => self
                .config
                .pools
                .get(pool.0)
                .and_then(|pool| pool.user_info.as_ref())
                .map(|policy| policy.timeout),
            Wait::Call(Enrichment::UserLookup, ..) => {
                self.config.user_lookup.as_ref().map(|policy| policy.call.timeout)
            }
        };
        now.after(longest.unwrap_or(Duration::ZERO))
    }

    /// Limits that were set by the old clock would be kept for as long as it was ahead.
    fn clock_went_back(&mut self, now: UnixTime) {
        let mut waiting = std::mem::take(&mut self.waiting);
        for waits in waiting.values_mut() {
            waits.deadline = waits.deadline.min(self.deadline(waits.wait, now));
            waits.since = waits.since.min(now);
        }
        self.waiting = waiting;
        self.in_flight.clock_went_back(now);
    }

    /// No fetch will even start before the request has waited long enough.
    fn is_unsatisfiable(&self, wait: Wait, deadline: UnixTime, now: UnixTime) -> bool {
        let Wait::Keys(pool) = wait else { return false };
        match self.ring(pool).map(|ring| ring.outlook(now)) {
            Some(Outlook::UnderWay) => false,
            Some(Outlook::NotBefore(next)) => next >= deadline,
            None => true,
        }
    }

    fn status(&self, waiting: &Waiting, now: UnixTime) -> WaitStatus {
        let fulfilled = match waiting.wait {
            Wait::Keys(pool) => self.keys.get(pool.0).is_some_and(|keys| keys.usable(now).is_some()),
            Wait::Kid(pool, round) => self.ring(pool).is_none_or(|ring| ring.is_settled_since(round, now)),
            Wait::Call(_, subject, _) => {
                self.in_flight.completed(subject).is_some() || !self.in_flight.contains(subject)
            }
        };
        if fulfilled {
            WaitStatus::Ready
        } else if now >= waiting.deadline || self.is_unsatisfiable(waiting.wait, waiting.deadline, now) {
            WaitStatus::Unsatisfiable
        } else {
            WaitStatus::Pending
        }
    }

    /// Settles those whose waiting has an end, up to the bound; the others' turn is the next tick.
    fn settle_waiting(&mut self, env: &Env<'_>, out: &mut Vec<Command>) {
        let mut due: Vec<(RequestId, WaitStatus)> = Vec::new();
        for (id, waiting) in self.waiting.iter() {
            let status = self.status(waiting, env.now);
            if status != WaitStatus::Pending {
                due.push((*id, status));
            }
            if due.len() > MAX_SETTLED_AT_ONCE {
                break;
            }
        }
        let are_more_due = due.len() > MAX_SETTLED_AT_ONCE;
        for (id, status) in due.into_iter().take(MAX_SETTLED_AT_ONCE) {
            if let Some(waiting) = self.waiting.remove(&id) {
                self.settle_one(id, waiting, status, env, out);
            }
        }
        let waiting = &self.waiting;
        self.in_flight.retire(|subject| {
            waiting
                .iter()
                .any(|(_, waiting)| matches!(waiting.wait, Wait::Call(_, awaited, _) if awaited == subject))
        });
        self.record_gauge(out);
        self.set_tick(env.now, are_more_due, out);
    }

    fn settle_one(
        &mut self,
        id: RequestId,
        waiting: Waiting,
        status: WaitStatus,
        env: &Env<'_>,
        out: &mut Vec<Command>,
    ) {
        let Waiting {
            mut case,
            mut trace,
            wait,
            since,
            deadline,
            request_id,
        } = waiting;
        out.push(Command::Of(id));
        let judged = match (status, wait) {
            (WaitStatus::Unsatisfiable, Wait::Keys(_)) => {
                Progress::Complete(case.refused(wait.unavailable(), Some(wait.pool())))
            }
            (WaitStatus::Unsatisfiable, Wait::Call(kind, _, pool)) => {
                self.judge(env, &mut trace, out).call_timed_out(case, kind, pool)
            }
            (_, Wait::Kid(pool, _)) => {
                // Only keys that came after it can be the last word: what this worker knew of others' fetches may be old.
                let is_last_word = self.ring(pool).is_none_or(|ring| ring.has_fetched_since(since));
                if status == WaitStatus::Unsatisfiable || is_last_word {
                    case.look_again();
                }
                self.judge(env, &mut trace, out).judge(case)
            }
            (WaitStatus::Ready | WaitStatus::Pending, Wait::Keys(pool)) => {
                if self.ring(pool).is_some_and(|ring| ring.has_fetched_since(since)) {
                    case.look_again();
                }
                self.judge(env, &mut trace, out).judge(case)
            }
            (WaitStatus::Ready | WaitStatus::Pending, Wait::Call(..)) => self.judge(env, &mut trace, out).judge(case),
        };
        match judged {
            Progress::Complete(verdict) => self.finish(verdict, trace, &request_id, out),
            Progress::Pending(case, next) => {
                // Waiting for the same keys goes on with the same limit; a call has one of its own.
                let deadline = if matches!(next, Wait::Call(..)) {
                    self.deadline(next, env.now)
                } else {
                    deadline
                };
                self.waiting.insert(
                    id,
                    Waiting {
                        case,
                        trace,
                        wait: next,
                        since,
                        deadline,
                        request_id,
                    },
                );
            }
        }
    }

    /// The end of a request that has waited.
    fn finish(&self, verdict: AuthDecision, trace: Trace, request_id: &[u8], out: &mut Vec<Command>) {
        if self.responder().settle(verdict, trace, || request_id, out) == Passage::Through {
            out.push(Command::Resume);
        }
    }

    fn send_queued(&mut self, env: &Env<'_>, out: &mut Vec<Command>) {
        let mut sent = Vec::new();
        for (subject, call) in self.in_flight.queued().take(MAX_SENT_AT_ONCE) {
            sent.push((subject, env.calls.send(call), call.timeout, call.cluster.clone()));
        }
        for (subject, result, timeout, cluster) in sent {
            match result {
                Ok(call) => self.in_flight.sent(subject, call, timeout, env.now),
                Err(not_sent) => {
                    out.push(Command::Log(Severity::Warn, not_sent_line(&cluster, not_sent)));
                    self.land(subject, None, env, out);
                }
            }
        }
    }

    /// A call has ended: what it means is remembered, and given to those who wait for it.
    fn land(&mut self, subject: CacheKey, answer: Option<HttpAnswer>, env: &Env<'_>, out: &mut Vec<Command>) {
        let Some(flight) = self.in_flight.flight(subject) else {
            return;
        };
        let InFlightCall {
            kind, pool, not_after, ..
        } = *flight;
        let sub = Rc::clone(&flight.sub);
        let status = answer.as_ref().map(|answer| answer.status);
        let answer = answer.map(readable);
        let outcome = match (&answer, kind, &self.config.user_lookup) {
            (Some(answer), Enrichment::UserInfo, _) => user_info::interpret_response(answer, &sub),
            (Some(answer), Enrichment::UserLookup, Some(policy)) => {
                let (outcome, left_out) = user_lookup::interpret_response(answer, policy);
                out.extend(
                    left_out
                        .iter()
                        .map(|left_out| Command::Log(Severity::Warn, left_out.to_string())),
                );
                outcome
            }
            (Some(_), Enrichment::UserLookup, None) | (None, ..) => Outcome::Failed,
        };
        out.push(Command::Count(counter(kind, &outcome)));
        match (&outcome, answer) {
            (Outcome::Failed, _) => out.push(Command::Log(Severity::Warn, failed_line(kind, status))),
            (_, Some(answer)) => self.remember(subject, kind, pool, &outcome, &answer, not_after, env),
            (_, None) => {}
        }
        self.in_flight.land(subject, outcome);
    }

    #[allow(
        clippy::too_many_arguments,
        reason = "a flight's fields, taken apart since it is borrowed from the filter"
    )]
    fn remember(
        &mut self,
        subject: CacheKey,
        kind: Enrichment,
        pool: PoolId,
        outcome: &Outcome,
        answer: &Answer,
        not_after: UnixTime,
        env: &Env<'_>,
    ) {
        match (kind, &self.config.user_lookup) {
            (Enrichment::UserInfo, _) => {
                if let Some(Some(memory)) = self.user_info.get_mut(pool.0) {
                    memory.remember(subject, outcome, answer, not_after, env.now, env.shared);
                }
            }
            (Enrichment::UserLookup, Some(policy)) => {
                if let Some(memory) = &mut self.user_lookup {
                    // The next token of the same user finds it, too: it ends with the TTL, not with this token.
                    let never = UnixTime::from_millis(u64::MAX);
                    memory.remember(
                        subject,
                        outcome,
                        &user_lookup::reduced(answer, policy),
                        never,
                        env.now,
                        env.shared,
                    );
                }
            }
            (Enrichment::UserLookup, None) => {}
        }
    }

    fn record_gauge(&mut self, out: &mut Vec<Command>) {
        let keys: usize = self.keys.iter().map(PoolKeys::len).fold(0, usize::saturating_add);
        let keys = u64::try_from(keys).unwrap_or(u64::MAX);
        if self.last_reported_key_count.replace(keys) != Some(keys) {
            out.push(Command::RecordKeys(keys));
        }
    }

    /// The host starts its timer over at each setting, so the period is only set when it changes.
    fn set_tick(&mut self, now: UnixTime, are_more_due: bool, out: &mut Vec<Command>) {
        let is_urgent = are_more_due
            || self.in_flight.has_queued()
            || self
                .keys
                .iter()
                .filter_map(PoolKeys::ring)
                .any(|ring| ring.wants_tick(now));
        let tick = if is_urgent {
            TICK_AT_ONCE
        } else if self.load.is_on() {
            TICK_UNDER_LOAD
        } else if self.waiting.is_empty() {
            TICK_AT_REST
        } else {
            TICK_WHILE_WAITING
        };
        if tick != self.tick {
            self.tick = tick;
            out.push(Command::TickEvery(tick));
        }
    }
}

/// Notes which headers were removed because they could speak for the filter.
fn note_removed(commands: &[Command], trace: &mut Trace) {
    let names = || {
        let names = commands.iter().filter_map(|command| match command {
            Command::Edit(HeaderEdit::Remove(name)) => Some(String::from_utf8_lossy(name).into_owned()),
            _ => None,
        });
        let names: Vec<String> = names.collect();
        format!("removed {}", listed(names.iter().map(String::as_str)))
    };
    if !commands.is_empty() {
        trace.note(Check::ReservedHeaders, names);
    }
}

fn flow(passage: Passage) -> Flow {
    match passage {
        Passage::Through => Flow::Continue,
        Passage::Answered => Flow::Pause,
    }
}

fn keys_of(pool: &crate::config::Pool) -> PoolKeys {
    match &pool.keys {
        KeySource::Inline(set) => PoolKeys::Inline(Rc::clone(set)),
        KeySource::Fetched(policy) => PoolKeys::Fetched(Box::new(JwksCache::new(
            &pool.user_pool_id,
            &pool.issuers,
            policy.clone(),
        ))),
    }
}

/// A refusal is told by the status alone, however long its body is; a body that was too long to be read is none that could be
/// used.
fn readable(answer: HttpAnswer) -> Answer {
    let body = match answer.body {
        Body::Whole(body) => body,
        Body::TooLarge => Vec::new(),
    };
    Answer {
        status: answer.status,
        body,
    }
}

fn counter(kind: Enrichment, outcome: &Outcome) -> Counter {
    let has_failed = matches!(outcome, Outcome::Failed);
    match (kind, has_failed) {
        (Enrichment::UserInfo, false) => Counter::UserInfoSuccess,
        (Enrichment::UserInfo, true) => Counter::UserInfoFailed,
        (Enrichment::UserLookup, false) => Counter::UserLookupSuccess,
        (Enrichment::UserLookup, true) => Counter::UserLookupFailed,
    }
}

/// The log line of a call that was not sent.
pub fn not_sent_line(cluster: &str, not_sent: NotSent) -> String {
    format!(
        "no call through cluster \"{cluster}\": {not_sent}: {}",
        not_sent.hint(cluster)
    )
}

fn failed_line(kind: Enrichment, status: Option<u16>) -> String {
    let call = match kind {
        Enrichment::UserInfo => "UserInfo",
        Enrichment::UserLookup => "the user lookup",
    };
    match status {
        Some(200 | 201) => {
            format!("{call} failed: the answer is not usable (no JSON object, another user's, or too large)")
        }
        Some(status) => format!("{call} failed: the answer's status is {status}"),
        None => format!("{call} failed: no answer"),
    }
}
