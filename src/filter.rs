//! The filter of one worker: it handles requests, ticks and answers to calls.
//!
//! A stream's own callback never resolves another stream: the host would stop the wrong one. Requests that wait are resolved
//! from ticks and answers (`resolve`), and calls are sent from ticks (`calls`).

mod calls;
mod resolve;

pub use crate::pending::{MAX_WAITING, MAX_WAITING_FOR_ONE_CALL, MAX_WAITING_FOR_UNKNOWN_KIDS};
pub use calls::{MAX_SENT_AT_ONCE, not_sent_line};
pub use resolve::MAX_RESOLVED_AT_ONCE;

use crate::auth_context::{AuthContext, Progress, Wait};
use crate::authenticator::{self, Authenticator};
use crate::cache::TokenCache;
use crate::call::{CallId, HttpAnswer};
use crate::command::{Action, Command, HeaderEdit, Reply};
use crate::config::{Config, KeySource};
use crate::enrich::in_flight::InFlightCalls;
use crate::enrich::response_cache::ResponseCache;
use crate::env::{DescribeRoute, Env};
use crate::identity::reserved::ReservedHeaders;
use crate::keys::PoolId;
use crate::keys::pool::PoolKeys;
use crate::keys::refresh::JwksCache;
use crate::keys::schedule::FetchSchedule;
use crate::load::LoadDetector;
use crate::pending::{PendingRequest, PendingRequests};
use crate::reject::{Rejection, Wording};
use crate::request::{RequestHead, RequestId};
use crate::responder::Responder;
use crate::rules::RuleSet;
use crate::time::UnixTime;
use crate::token::jwt::LastHeader;
use crate::token::source::websocket;
use crate::trace::{Check, Trace, listed};
use std::collections::BTreeSet;
use std::rc::Rc;
use std::time::Duration;

/// The tick if something must be done at once: a call to send, more requests to resolve.
const TICK_AT_ONCE: Duration = Duration::from_millis(1);
/// The tick while requests wait: how exactly their time limits are kept.
const TICK_WHILE_WAITING: Duration = Duration::from_millis(20);
/// The tick under load: how soon operators see what was counted.
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
    fetches: FetchSchedule,
    tokens: TokenCache,
    last_header: LastHeader,
    responses: ResponseCache,
    in_flight: InFlightCalls,
    pending: PendingRequests,
    tick: Duration,
    ticked_at: UnixTime,
    /// The last tick that did more than report counts.
    looked_at: UnixTime,
    load: LoadDetector,
    /// How many keys of all pools this worker recorded in the gauge last. Workers overwrite each other's gauges, but all of them end
    /// up with the same keys; each records its own change, and so does the one that fetched.
    last_reported_key_count: Option<u64>,
    is_debug_seen: bool,
    explains: bool,
}

/// A request's headers without those that only the filter may set: [`Filter::sanitize`] alone makes it.
#[derive(Debug)]
pub struct SanitizedHead<'a>(RequestHead<'a>);

impl Filter {
    /// Returns the filter with these settings. It does nothing before its first tick, which is to come [`Filter::first_tick`]
    /// later.
    pub fn new(mut config: Config) -> Filter {
        let rules = RuleSet::new(std::mem::take(&mut config.rules));
        let lookup_headers = config
            .user_lookup
            .iter()
            .flat_map(|lookup| lookup.headers.iter().map(|(name, _)| &**name));
        let reserved = ReservedHeaders::new(config.identity.header_names().chain(lookup_headers));
        Filter {
            wording: Wording {
                realm: config.realm.clone(),
                disclose_reason: config.disclose_reason,
            },
            rules,
            reserved,
            keys: config.pools.iter().map(keys_of).collect(),
            fetches: FetchSchedule::default(),
            tokens: TokenCache::new(config.token_cache.max_entries, config.token_cache.max_bytes()),
            last_header: LastHeader::default(),
            responses: ResponseCache::default(),
            in_flight: InFlightCalls::default(),
            pending: PendingRequests::default(),
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

    /// Returns the tick period that a new filter counts on.
    pub const fn first_tick() -> Duration {
        TICK_AT_ONCE
    }

    /// Sets whether debug lines are visible; otherwise they are not created.
    pub fn show_debug(&mut self, is_seen: bool) {
        self.is_debug_seen = is_seen;
    }

    /// Sets whether a [`Command::Explain`] follows each decision.
    pub fn explain(&mut self, explains: bool) {
        self.explains = explains;
    }

    /// Returns the response to a request whose headers could not be read or changed. It must not pass in any mode.
    pub fn internal_error(&self) -> Reply {
        Rejection::Internal.reply(&self.wording)
    }

    /// Reports whether requests arrive so fast that counts may wait for the next tick, which then comes soon.
    pub fn is_under_load(&self) -> bool {
        self.load.is_on()
    }

    /// Returns how many requests wait.
    pub fn waiting(&self) -> usize {
        self.pending.len()
    }

    /// Returns the request without what only the filter may set, and appends the edits that remove it. A host that can carries
    /// these out before it hands the request over: the route may depend on such a header, and a client must not choose the
    /// route whose name or metadata decides.
    pub fn sanitize<'a>(&self, head: RequestHead<'a>, edits: &mut Vec<Command>) -> SanitizedHead<'a> {
        SanitizedHead(self.reserved.strip(head, edits))
    }

    /// Handles a new request. Reserved headers are removed from it in any case.
    pub fn on_request(
        &mut self,
        id: RequestId,
        head: RequestHead<'_>,
        route: &dyn DescribeRoute,
        env: &Env<'_>,
        out: &mut Vec<Command>,
    ) -> Action {
        let head = self.sanitize(head, out);
        self.on_sanitized_request(id, head, route, env, out)
    }

    /// The same for a request that [`Filter::sanitize`] returned. The edits in `out` are those that remove its reserved headers.
    pub fn on_sanitized_request(
        &mut self,
        id: RequestId,
        SanitizedHead(head): SanitizedHead<'_>,
        route: &dyn DescribeRoute,
        env: &Env<'_>,
        out: &mut Vec<Command>,
    ) -> Action {
        let mut trace = Trace::new(self.is_debug_seen || self.explains);
        note_removed(out, &mut trace);
        if self.load.record_request() {
            self.set_tick(env.now, false, out);
        }
        websocket::take_out(&self.config.token_sources, &head, out);
        let request_id = || head.first("x-request-id").unwrap_or_default();
        let context = match authenticator::open(&self.config, &self.rules, &head, route, &mut trace, out) {
            Ok(context) => context,
            Err(decision) => return self.responder().apply(decision, trace, request_id, out),
        };
        match self.authenticator(env, &mut trace, out).authenticate(context) {
            Progress::Complete(decision) => self.responder().apply(decision, trace, request_id, out),
            Progress::Pending(context, wait) => self.pause(id, (context, trace), wait, request_id(), env, out),
        }
    }

    /// Keeps a request until what it waits for is available, unless that cannot happen in time.
    #[inline(never)]
    fn pause(
        &mut self,
        id: RequestId,
        (context, trace): (AuthContext<'_>, Trace),
        wait: Wait,
        request_id: &[u8],
        env: &Env<'_>,
        out: &mut Vec<Command>,
    ) -> Action {
        let deadline = self.deadline(wait, env.now);
        if self.is_unsatisfiable(wait, deadline, env.now) {
            let decision = context.denied(wait.unavailable(), Some(wait.pool()));
            return self.responder().apply(decision, trace, || request_id, out);
        }
        let request = PendingRequest {
            context: context.into_owned(),
            trace,
            wait,
            since: env.now,
            deadline,
            request_id: request_id.to_vec(),
        };
        self.pending.insert(id, request);
        if let Some(keys) = self.keys.get(wait.pool().0) {
            self.fetches.on_request(keys);
        }
        self.set_tick(env.now, false, out);
        Action::Pause
    }

    /// Returns the pools whose keys requests wait for.
    fn pools_waited_for(&self) -> BTreeSet<PoolId> {
        let waits = self.pending.iter().map(|(_, request)| request.wait);
        waits
            .filter(|wait| matches!(wait, Wait::Keys(_) | Wait::Kid(..)))
            .map(Wait::pool)
            .collect()
    }

    /// Handles a tick.
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
        let waited_for = self.pools_waited_for();
        self.fetches
            .on_tick(&mut self.keys, &waited_for, &env.surroundings(), out);
        self.send_queued(env, out);
        for key in self.in_flight.lost(env.now) {
            self.complete(key, None, env.now, env, out);
        }
        self.resolve(env, out);
    }

    /// Under load, ticks are more frequent than changes of keys, and a look at the keys of all pools costs more than the counts
    /// save. Nothing urgent is missed, since that changes the tick.
    fn is_for_counts_only(&self, now: UnixTime) -> bool {
        self.load.is_on()
            && self.tick == TICK_UNDER_LOAD
            && self.pending.is_empty()
            && now >= self.looked_at
            && now < self.looked_at.after(TICK_AT_REST)
    }

    /// Handles the answer to a call, or its failure (`None`).
    pub fn on_answer(&mut self, call: CallId, answer: Option<HttpAnswer>, env: &Env<'_>, out: &mut Vec<Command>) {
        self.on_earlier_answer(call, answer, env.now, env, out);
    }

    /// The same for one that arrived at that time, where the host could not pass it on at once: it is cached from then on, not from now.
    pub fn on_earlier_answer(
        &mut self,
        call: CallId,
        answer: Option<HttpAnswer>,
        arrived_at: UnixTime,
        env: &Env<'_>,
        out: &mut Vec<Command>,
    ) {
        let jwks = self
            .keys
            .iter_mut()
            .filter_map(PoolKeys::jwks_mut)
            .find(|jwks| jwks.awaits(call));
        if let Some(jwks) = jwks {
            if jwks.on_answer(answer, &env.surroundings(), out) {
                self.last_reported_key_count = None;
            }
            self.fetches.plan(&self.keys);
        } else if let Some(key) = self.in_flight.key_of(call) {
            self.complete(key, answer, arrived_at, env, out);
        }
        self.resolve(env, out);
    }

    /// Handles an answer that the host had no room for while no request waited for it: the call is forgotten. A request that waits for it
    /// since then gets what it gets after a failed call.
    pub fn on_dropped_answer(&mut self, call: CallId, env: &Env<'_>, out: &mut Vec<Command>) {
        match self.in_flight.key_of(call) {
            Some(key) if self.pending.awaits(key) => self.on_answer(call, None, env, out),
            Some(key) => self.in_flight.forget(key),
            None => {}
        }
    }

    /// A request that another filter of this configuration holds needs the keys of this entry of the shared store, or newer
    /// ones than there are. For a host where one filter fetches for all; a tick is to follow.
    pub fn ask_for_keys(&mut self, entry: &str, now: UnixTime) {
        for (place, keys) in self.keys.iter_mut().enumerate() {
            if let Some(jwks) = keys.jwks_mut().filter(|jwks| jwks.entry() == entry) {
                // If the keys are due, that is the cause of the fetch; otherwise an unknown `kid` is.
                let _throttled = jwks.ask_for_unknown_kid(now);
                self.fetches.want(PoolId(place));
            }
        }
    }

    /// Reports whether the request still waits.
    pub fn is_waiting(&self, id: RequestId) -> bool {
        self.pending.contains(id)
    }

    /// Returns the names of the trailers that only the filter may set; the host removes them.
    pub fn forged<'a>(&self, trailers: &RequestHead<'a>) -> BTreeSet<&'a [u8]> {
        self.reserved.in_trailers(trailers)
    }

    /// Removes a request that has ended. A queued call that no other request waits for is not sent.
    pub fn on_gone(&mut self, id: RequestId) {
        if self.pending.remove(id).is_some() {
            self.evict_calls();
        }
    }

    fn responder(&self) -> Responder<'_> {
        Responder {
            config: &self.config,
            wording: &self.wording,
            is_debug_seen: self.is_debug_seen,
            explains: self.explains,
        }
    }

    fn authenticator<'f>(
        &'f mut self,
        env: &'f Env<'f>,
        trace: &'f mut Trace,
        out: &'f mut Vec<Command>,
    ) -> Authenticator<'f> {
        Authenticator {
            config: &self.config,
            keys: &mut self.keys,
            tokens: &mut self.tokens,
            last_header: &mut self.last_header,
            responses: &mut self.responses,
            in_flight: &mut self.in_flight,
            pending: &self.pending,
            env,
            trace,
            out,
        }
    }

    fn record_gauge(&mut self, out: &mut Vec<Command>) {
        let keys: usize = self.keys.iter().map(PoolKeys::len).fold(0, usize::saturating_add);
        let keys = u64::try_from(keys).unwrap_or(u64::MAX);
        if self.last_reported_key_count.replace(keys) != Some(keys) {
            out.push(Command::RecordKeys(keys));
        }
    }

    /// The host restarts its timer whenever the period is set, so it is only set when it changes.
    fn set_tick(&mut self, now: UnixTime, are_more_due: bool, out: &mut Vec<Command>) {
        let is_urgent = are_more_due || self.in_flight.has_queued() || self.fetches.wants_tick(now);
        let tick = if is_urgent {
            TICK_AT_ONCE
        } else if self.load.is_on() {
            TICK_UNDER_LOAD
        } else if self.pending.is_empty() {
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

/// Records which reserved headers were removed.
fn note_removed(commands: &[Command], trace: &mut Trace) {
    let names = || {
        let names = commands.iter().filter_map(|command| match command {
            Command::Edit(HeaderEdit::Remove(name)) => Some(String::from_utf8_lossy(name).into_owned()),
            _ => None,
        });
        let names: Vec<String> = names.collect();
        format!("removed {}", listed(names.iter().map(String::as_str)))
    };
    if commands
        .iter()
        .any(|command| matches!(command, Command::Edit(HeaderEdit::Remove(_))))
    {
        trace.note(Check::ReservedHeaders, names);
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
