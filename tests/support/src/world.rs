//! A fake host: workers, a clock that the test moves, one shared store, calls that are recorded.
//!
//! [`World`] carries out what each worker's filter commands, as Envoy would, and is as strict: commands about a request
//! that is not there, header edits after a resume, a second answer, more than 100 settled at once fail the test. So does a
//! token in a log line or an answer.

pub mod ask;
pub mod calls;
pub mod settings;
pub mod store;

use crate::tokens::BelieveAll;
use ask::Ask;
use calls::{Calls, Sent};
use envoy_cognito_jwt::call::{Body, CallId, HttpAnswer};
use envoy_cognito_jwt::command::{Action, Command, FilterState, HeaderEdit, Reply, ResponseEdit, Severity};
use envoy_cognito_jwt::config::Config;
use envoy_cognito_jwt::env::Env;
use envoy_cognito_jwt::filter::{Filter, MAX_RESOLVED_AT_ONCE};
use envoy_cognito_jwt::metrics::Counter;
use envoy_cognito_jwt::request::{RequestHead, RequestId};
use envoy_cognito_jwt::signature::software::SoftwareVerifier;
use envoy_cognito_jwt::time::UnixTime;
use serde_json::Value;
use std::collections::BTreeMap;
use std::time::Duration;
use store::Store;

/// The moment at which every world begins, in UNIX seconds.
pub const START: u64 = 1_800_000_000;

/// Where all happens.
pub struct World {
    /// The clock.
    pub now: UnixTime,
    /// The random number of every callback; `None`: another one each time.
    pub random: Option<u64>,
    /// What all workers see.
    pub store: Store,
    /// What was sent.
    pub calls: Calls,
    /// All log lines: worker, severity, text.
    pub log: Vec<(usize, Severity, String)>,
    /// Whether the host answers calls with 504 at their time limit, as Envoy does.
    pub has_timeouts: bool,
    /// Whether every signature is good: see [`made_up`](crate::tokens::made_up).
    pub believes_all: bool,
    /// The gauge of the pools' keys.
    pub keys_gauge: Option<u64>,
    config: Value,
    workers: Vec<Worker>,
    requests: BTreeMap<RequestId, Request>,
    counters: BTreeMap<String, u64>,
    rolls: u64,
    secrets: Vec<String>,
    most_resolved_at_once: usize,
}

struct Worker {
    filter: Filter,
    tick: Duration,
    next_tick: UnixTime,
    periods: Vec<Duration>,
    is_alive: bool,
}

struct Request {
    worker: usize,
    headers: Vec<(String, Vec<u8>)>,
    state: State,
    decision: Option<&'static str>,
    subject: Option<String>,
    client: Option<String>,
    response_edit: Option<ResponseEdit>,
    annotations: Vec<(String, String)>,
    arrived: UnixTime,
    settled: Option<UnixTime>,
}

#[derive(PartialEq)]
enum State {
    Arriving,
    Waiting,
    Passed,
    Answered(Reply),
    Gone,
}

/// What became of a request.
#[derive(Clone, Debug, PartialEq)]
pub enum Fate {
    /// It waits.
    Waits,
    /// It went on to the upstream.
    Passed,
    /// It was answered with this code.
    Refused(&'static str),
}

/// Whose callback it is.
#[derive(Clone, Copy, PartialEq)]
enum Callback {
    Request(RequestId),
    Root(usize),
}

impl World {
    /// Workers with this configuration, started but not yet ticked.
    pub fn start(config: &Value, workers: usize) -> World {
        let mut world = World {
            now: UnixTime::from_secs(START),
            random: None,
            store: Store::default(),
            calls: Calls::default(),
            log: Vec::new(),
            has_timeouts: true,
            believes_all: false,
            keys_gauge: None,
            config: config.clone(),
            workers: Vec::new(),
            requests: BTreeMap::new(),
            counters: BTreeMap::new(),
            rolls: 0,
            secrets: Vec::new(),
            most_resolved_at_once: 0,
        };
        for _ in 0..workers {
            world.start_worker();
        }
        world
    }

    /// One worker more; its number.
    pub fn start_worker(&mut self) -> usize {
        let config = self.config.clone();
        self.start_worker_with(&config)
    }

    /// One worker more, with another configuration than the others'; its number.
    pub fn start_worker_with(&mut self, config: &Value) -> usize {
        let config = Config::parse(config.to_string().as_bytes()).unwrap_or_else(|errors| panic!("{errors}"));
        let mut filter = Filter::new(config);
        filter.show_debug(true);
        self.workers.push(Worker {
            filter,
            tick: Filter::first_tick(),
            next_tick: self.now.after(Filter::first_tick()),
            periods: Vec::new(),
            is_alive: true,
        });
        self.workers.len() - 1
    }

    /// The worker stops without a word; answers to its calls are lost.
    pub fn kill(&mut self, worker: usize) {
        self.workers[worker].is_alive = false;
    }

    /// A request comes to a worker.
    pub fn ask(&mut self, worker: usize, ask: &Ask) -> RequestId {
        let id = RequestId(u32::try_from(self.requests.len()).unwrap() + 1);
        let headers = ask.head();
        self.learn_secrets(&headers);
        self.requests.insert(
            id,
            Request {
                worker,
                headers: headers.clone(),
                state: State::Arriving,
                decision: None,
                subject: None,
                client: None,
                response_edit: None,
                annotations: Vec::new(),
                arrived: self.now,
                settled: None,
            },
        );
        let pairs = headers
            .iter()
            .map(|(name, value)| (name.as_bytes(), value.as_slice()))
            .collect();
        let mut out = Vec::new();
        let action = self.with_filter(worker, |filter, env| {
            let head = RequestHead::new(pairs).with_end_of_stream(ask.ends_stream);
            filter.on_request(id, head, &ask.route, env, &mut out)
        });
        self.carry_out(worker, Callback::Request(id), out);
        let now = self.now;
        let request = self.requests.get_mut(&id).unwrap();
        match (action, &request.state) {
            (Action::Continue, State::Arriving) => {
                request.state = State::Passed;
                request.settled = Some(now);
            }
            (Action::Pause, State::Arriving) => request.state = State::Waiting,
            (Action::Pause, State::Answered(_)) => {}
            (action, _) => panic!("{action:?} after an answer"),
        }
        id
    }

    /// The same request so many times.
    pub fn ask_many(&mut self, worker: usize, ask: &Ask, count: usize) -> Vec<RequestId> {
        (0..count).map(|_| self.ask(worker, ask)).collect()
    }

    /// What the response to a request gets.
    pub fn response_edit(&self, id: RequestId) -> Option<&ResponseEdit> {
        self.requests[&id].response_edit.as_ref()
    }

    /// The client hangs up.
    pub fn hang_up(&mut self, id: RequestId) {
        let request = self.requests.get_mut(&id).unwrap();
        request.state = State::Gone;
        let worker = request.worker;
        self.workers[worker].filter.on_gone(id);
    }

    /// One tick of one worker, now.
    pub fn tick(&mut self, worker: usize) {
        let mut out = Vec::new();
        self.with_filter(worker, |filter, env| filter.on_tick(env, &mut out));
        let next = self.now.after(self.workers[worker].tick);
        self.workers[worker].next_tick = next;
        self.carry_out(worker, Callback::Root(worker), out);
    }

    /// One tick of each worker that is alive, in their order.
    pub fn tick_all(&mut self) {
        for worker in 0..self.workers.len() {
            if self.workers[worker].is_alive {
                self.tick(worker);
            }
        }
    }

    /// Two workers tick at the same time: the second has read the store before the first writes.
    pub fn tick_with_old_view(&mut self, first: usize, second: usize) {
        let before = self.store.snapshot();
        self.tick(first);
        self.store.show_until_a_swap(before);
        self.tick(second);
        self.store.show_as_it_is();
    }

    /// Time passes: every worker ticks when it is to, and calls come to their time limit.
    pub fn pass(&mut self, span: Duration) {
        let end = self.now.after(span);
        while self.pass_to_next_event(end) {}
        self.now = end;
    }

    /// Time passes until a call is under way, at most 400 seconds.
    pub fn pass_until_call(&mut self) {
        let end = self.now.after(Duration::from_secs(400));
        while self.calls.unanswered().is_empty() {
            assert!(self.pass_to_next_event(end), "no call in 400 s");
        }
    }

    fn pass_to_next_event(&mut self, end: UnixTime) -> bool {
        let tick = (0..self.workers.len())
            .filter(|worker| self.workers[*worker].is_alive)
            .map(|worker| (self.workers[worker].next_tick, worker))
            .min();
        let limit = self
            .calls
            .unanswered()
            .iter()
            .map(|sent| (sent.at.after(sent.call.timeout), sent.id))
            .min_by_key(|(at, _)| *at);
        match (tick, limit.filter(|_| self.has_timeouts)) {
            (_, Some((at, call))) if at <= end && tick.is_none_or(|(tick, _)| at <= tick) => {
                self.now = self.now.max(at);
                self.answer(call, Some(answer(504, "upstream request timeout")));
            }
            (Some((at, worker)), _) if at <= end => {
                self.now = self.now.max(at);
                self.tick(worker);
            }
            _ => return false,
        }
        true
    }

    /// So many milliseconds pass.
    pub fn pass_millis(&mut self, millis: u64) {
        self.pass(Duration::from_millis(millis));
    }

    /// So many seconds pass.
    pub fn pass_secs(&mut self, secs: u64) {
        self.pass(Duration::from_secs(secs));
    }

    /// The clock is set; the host's timers run on.
    pub fn set_clock(&mut self, to: UnixTime) {
        for worker in &mut self.workers {
            worker.next_tick = to.after(worker.next_tick.since(self.now));
        }
        self.calls.set_clock(self.now, to);
        self.now = to;
    }

    /// The oldest call that has not been answered gets this answer; `None`: it failed.
    pub fn answer_next(&mut self, answer: Option<HttpAnswer>) {
        self.answer(self.next_call(), answer);
    }

    /// The call gets this answer; `None`: it failed.
    pub fn answer(&mut self, call: CallId, answer: Option<HttpAnswer>) {
        self.end_call(call, |filter, env, out| filter.on_answer(call, answer, env, out));
    }

    /// The oldest call that has not been answered got this answer so long ago, and the host passes it on only now.
    pub fn answer_next_since(&mut self, ago: Duration, answer: Option<HttpAnswer>) {
        let call = self.next_call();
        let arrived_at = self.now.before(ago);
        self.end_call(call, |filter, env, out| {
            filter.on_earlier_answer(call, answer, arrived_at, env, out);
        });
    }

    /// The oldest call that has not been answered got an answer for which the host had no room.
    pub fn drop_next_answer(&mut self) {
        let call = self.next_call();
        self.end_call(call, |filter, env, out| filter.on_dropped_answer(call, env, out));
    }

    fn next_call(&self) -> CallId {
        self.calls.unanswered().first().expect("no call is unanswered").id
    }

    fn end_call(&mut self, call: CallId, end: impl FnOnce(&mut Filter, &Env<'_>, &mut Vec<Command>)) {
        let sent = self.calls.take(call);
        if !self.workers[sent.worker].is_alive {
            return;
        }
        let mut out = Vec::new();
        self.with_filter(sent.worker, |filter, env| end(filter, env, &mut out));
        self.carry_out(sent.worker, Callback::Root(sent.worker), out);
    }

    /// All calls that have not been answered get this answer.
    pub fn answer_all(&mut self, answer: &HttpAnswer) {
        for sent in self.calls.unanswered() {
            self.answer(sent.id, Some(answer.clone()));
        }
    }

    /// What became of a request.
    pub fn fate(&self, id: RequestId) -> Fate {
        match &self.requests[&id].state {
            State::Waiting => Fate::Waits,
            State::Passed => Fate::Passed,
            State::Answered(reply) => Fate::Refused(reply.code.as_str()),
            State::Arriving | State::Gone => panic!("{id:?} is not there"),
        }
    }

    /// What became of a request that is asked now.
    pub fn fate_of(&mut self, worker: usize, ask: &Ask) -> Fate {
        let id = self.ask(worker, ask);
        self.fate(id)
    }

    /// How many of the requests came to this.
    pub fn count_of(&self, ids: &[RequestId], fate: &Fate) -> usize {
        ids.iter().filter(|id| self.fate(**id) == *fate).count()
    }

    /// How long a settled request took.
    pub fn took(&self, id: RequestId) -> Duration {
        let request = &self.requests[&id];
        request.settled.expect("it is not settled").since(request.arrived)
    }

    /// When a settled request was.
    pub fn settled_at(&self, id: RequestId) -> UnixTime {
        self.requests[&id].settled.expect("it is not settled")
    }

    /// The answer to a refused request.
    pub fn reply(&self, id: RequestId) -> &Reply {
        match &self.requests[&id].state {
            State::Answered(reply) => reply,
            _ => panic!("{id:?} was not answered"),
        }
    }

    /// What the upstream gets, or would get.
    pub fn upstream(&self, id: RequestId, name: &str) -> Vec<String> {
        let values = self.requests[&id].headers.iter().filter(|(found, _)| found == name);
        values
            .map(|(_, value)| String::from_utf8_lossy(value).into_owned())
            .collect()
    }

    /// Filter state: decision, subject, client.
    pub fn filter_state(&self, id: RequestId) -> (Option<&str>, Option<&str>, Option<&str>) {
        let request = &self.requests[&id];
        (request.decision, request.subject.as_deref(), request.client.as_deref())
    }

    /// The filter state that `identity.filter_state` asks for.
    pub fn annotations(&self, id: RequestId) -> Vec<(&str, &str)> {
        let all = self.requests[&id].annotations.iter();
        all.map(|(name, value)| (name.as_str(), value.as_str())).collect()
    }

    /// A counter, by its name without `cognito_jwt.`.
    pub fn counter(&self, name: &str) -> u64 {
        let known = Counter::all().any(|counter| counter.name() == format!("cognito_jwt.{name}"));
        assert!(known, "no counter is named {name}");
        self.counters.get(name).copied().unwrap_or(0)
    }

    /// The counters that have counted since, which are then forgotten.
    pub fn take_counters(&mut self) -> Vec<(String, u64)> {
        std::mem::take(&mut self.counters).into_iter().collect()
    }

    /// How many requests wait in a worker.
    pub fn waiting(&self, worker: usize) -> usize {
        self.workers[worker].filter.waiting()
    }

    /// The tick periods that a worker has commanded.
    pub fn periods(&self, worker: usize) -> &[Duration] {
        &self.workers[worker].periods
    }

    /// All calls that were ever sent.
    pub fn sent(&self) -> Vec<Sent> {
        self.calls.all()
    }

    /// The most requests that one callback has settled.
    pub fn most_resolved_at_once(&self) -> usize {
        self.most_resolved_at_once
    }

    /// Log lines of at least this severity that hold `text`.
    pub fn lines(&self, severity: Severity, text: &str) -> usize {
        let is_it = |(_, found, line): &&(usize, Severity, String)| *found >= severity && line.contains(text);
        self.log.iter().filter(is_it).count()
    }

    fn with_filter<T>(&mut self, worker: usize, part: impl FnOnce(&mut Filter, &Env<'_>) -> T) -> T {
        assert!(self.workers[worker].is_alive, "worker {worker} is dead");
        self.rolls = self.rolls.wrapping_add(1);
        // Any spread will do: the golden ratio's multiples.
        let random = self
            .random
            .unwrap_or(self.rolls.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 3);
        self.calls.begin(worker, self.now);
        let env = Env {
            now: self.now,
            random,
            crypto: if self.believes_all {
                &BelieveAll
            } else {
                &SoftwareVerifier
            },
            shared: &self.store,
            calls: &self.calls,
        };
        part(&mut self.workers[worker].filter, &env)
    }

    fn carry_out(&mut self, worker: usize, callback: Callback, commands: Vec<Command>) {
        let mut subject = match callback {
            Callback::Request(id) => Some(id),
            Callback::Root(_) => None,
        };
        let mut is_named = subject.is_some();
        let mut settled = 0;
        for command in commands {
            match command {
                Command::Of(id) => {
                    assert!(
                        matches!(callback, Callback::Root(_)),
                        "another request in a request's callback"
                    );
                    assert_eq!(self.requests[&id].worker, worker, "another worker's request");
                    is_named = true;
                    subject = (self.requests[&id].state != State::Gone).then_some(id);
                }
                Command::Count(counter) => {
                    let name = counter.name().replace("cognito_jwt.", "");
                    *self.counters.entry(name).or_default() += 1;
                }
                Command::RecordKeys(keys) => self.keys_gauge = Some(keys),
                Command::Log(severity, line) => {
                    self.look_for_secrets(&line);
                    self.log.push((worker, severity, line));
                }
                Command::Explain(_) => panic!("nobody has asked for an explanation"),
                Command::TickEvery(period) => {
                    let worker = &mut self.workers[worker];
                    assert_ne!(worker.tick, period, "setting the same period starves the timer");
                    worker.tick = period;
                    worker.next_tick = self.now.after(period);
                    worker.periods.push(period);
                }
                about_request => {
                    assert!(is_named, "{about_request:?} is about nobody");
                    if let Some(id) = subject {
                        settled += usize::from(self.about(id, about_request));
                    }
                }
            }
        }
        assert!(settled <= MAX_RESOLVED_AT_ONCE, "{settled} resolved in one callback");
        self.most_resolved_at_once = self.most_resolved_at_once.max(settled);
    }

    /// Carries a command about a request out; whether it was the last.
    fn about(&mut self, id: RequestId, command: Command) -> bool {
        if let Command::Reply(reply) = &command {
            self.look_for_secrets(&reply.body);
            for (_, value) in &reply.headers {
                self.look_for_secrets(value);
            }
        }
        let now = self.now;
        let request = self.requests.get_mut(&id).unwrap();
        let is_open = matches!(request.state, State::Arriving | State::Waiting);
        assert!(is_open, "{command:?} after the end");
        match command {
            Command::Edit(HeaderEdit::Remove(name)) => {
                request.headers.retain(|(found, _)| found.as_bytes() != name);
            }
            Command::Edit(HeaderEdit::Add(headers)) => {
                for (name, value) in headers.iter() {
                    let is_there = request.headers.iter().any(|(found, _)| *found == *name);
                    assert!(!is_there, "{name} is there already");
                    request.headers.push((name.to_owned(), value.as_bytes().to_vec()));
                }
            }
            Command::Edit(HeaderEdit::Set(name, value)) => {
                request.headers.retain(|(found, _)| found != name);
                request.headers.push((name.to_owned(), value));
            }
            Command::EditResponse(edit) => request.response_edit = Some(edit),
            Command::Decide(decision) => request.decision = Some(decision),
            Command::Annotate(FilterState::Subject, subject) => request.subject = Some(subject.to_string()),
            Command::Annotate(FilterState::ClientId, client) => request.client = Some(client.to_string()),
            Command::AnnotateAll(all) => request
                .annotations
                .extend(all.iter().map(|(name, value)| (name.to_owned(), value.to_owned()))),
            Command::Reply(reply) => {
                request.state = State::Answered(*reply);
                request.settled = Some(now);
                return true;
            }
            Command::Resume => {
                assert!(request.state == State::Waiting, "it does not wait");
                request.state = State::Passed;
                request.settled = Some(now);
                return true;
            }
            other => panic!("{other:?} is about no request"),
        }
        false
    }

    fn learn_secrets(&mut self, headers: &[(String, Vec<u8>)]) {
        for (_, value) in headers {
            let text = String::from_utf8_lossy(value);
            for part in text.split(['.', ' ', ';', '=', '&']).filter(|part| part.len() >= 40) {
                if !self.secrets.iter().any(|known| known == part) {
                    self.secrets.push(part.to_owned());
                }
            }
        }
    }

    fn look_for_secrets(&self, text: &str) {
        let found = self.secrets.iter().find(|secret| text.contains(secret.as_str()));
        assert!(found.is_none(), "a token is shown: {text}");
    }
}

/// An answer with this status and body.
pub fn answer(status: u16, body: impl Into<Vec<u8>>) -> HttpAnswer {
    HttpAnswer {
        status,
        body: Body::Whole(body.into()),
    }
}
