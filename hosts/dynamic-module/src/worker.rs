//! One worker's part of one configuration: the core's filter, and the streams that wait.
//!
//! Nothing of Envoy's that may end a stream, an answer or going on, is called while the filter is borrowed: Envoy may come
//! back with the end of that stream before it returns.

use crate::crypto::Verifier;
use crate::envoy::EnvoyStream;
use crate::executor;
use crate::instance::{CallEnd, Instance, Mail, ToMain, WorkerId};
use crate::logging;
use crate::process;
use crate::route::Route;
use crate::stream::{Stream, StreamState};
use cognito_jwt::call::{CallId, HttpCall, NotSent, SendCall};
use cognito_jwt::command::{Action, Command, Reply};
use cognito_jwt::config::Config;
use cognito_jwt::env::Env;
use cognito_jwt::filter::{Filter, SanitizedHead};
use cognito_jwt::keys::shared::{Conflict, SharedStore, Stored, Version, is_key_entry};
use cognito_jwt::metrics::Counter;
use cognito_jwt::request::{RequestHead, RequestId};
use cognito_jwt::time::UnixTime;
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// The numbers of workers that were given.
static LAST_ID: AtomicU64 = AtomicU64::new(0);

thread_local! {
    /// This thread's part of each configuration that it has had a stream of, the newest last.
    static WORKERS: RefCell<Vec<Rc<Worker>>> = const { RefCell::new(Vec::new()) };
    /// How many configurations had ended when this thread last dropped its parts of them.
    static SEEN_ENDS: Cell<u64> = const { Cell::new(0) };
}

/// One worker's part of one configuration.
#[derive(Debug)]
pub struct Worker {
    instance: Arc<Instance>,
    id: WorkerId,
    core: RefCell<Core>,
    waiting: RefCell<BTreeMap<RequestId, Rc<Stream>>>,
    last_stream: Cell<u32>,
    /// The room of the list of commands, which every request needs.
    list: RefCell<Vec<Command>>,
}

/// The most commands that room is kept for; a request seldom has more than ten.
const KEPT_COMMANDS: usize = 64;

/// The core's filter and its host.
#[derive(Debug)]
struct Core {
    filter: Filter,
    crypto: Verifier,
    outbox: Outbox,
    period: Duration,
    ticked_at: UnixTime,
}

impl Worker {
    /// This thread's part of the configuration, made at its first stream; `None` if that cannot be.
    pub fn of(instance: &Arc<Instance>) -> Option<Rc<Worker>> {
        forget_ended();
        let found = WORKERS.with_borrow(|workers| {
            let of_instance = |worker: &&Rc<Worker>| worker.instance.generation == instance.generation;
            workers.iter().rev().find(of_instance).map(Rc::clone)
        });
        if found.is_some() {
            return found;
        }
        let worker = Rc::new(Worker::new(Arc::clone(instance))?);
        WORKERS.with_borrow_mut(|workers| workers.push(Rc::clone(&worker)));
        Some(worker)
    }

    fn new(instance: Arc<Instance>) -> Option<Worker> {
        Some(Worker {
            core: RefCell::new(Core::new(&instance)?),
            instance,
            id: WorkerId(LAST_ID.fetch_add(1, Ordering::Relaxed)),
            waiting: RefCell::default(),
            last_stream: Cell::new(0),
            list: RefCell::default(),
        })
    }

    /// Returns a number for a new stream that no waiting one has.
    pub fn next_id(&self) -> RequestId {
        loop {
            let id = self.last_stream.get().wrapping_add(1);
            self.last_stream.set(id);
            if !self.waiting.borrow().contains_key(&RequestId(id)) {
                return RequestId(id);
            }
        }
    }

    /// An empty list for commands, with the room of an earlier one.
    pub fn empty_list(&self) -> Vec<Command> {
        self.list.take()
    }

    /// Keeps the list's room for the next request.
    pub fn keep_list(&self, mut commands: Vec<Command>) {
        commands.clear();
        if commands.capacity() <= KEPT_COMMANDS {
            self.list.replace(commands);
        }
    }

    /// Appends what the filter commands for a new request, and returns whether the request goes on when that is carried out; otherwise
    /// it waits, or the commands answer it. `None` if the filter cannot be asked. If the request is to wait, it does so when this
    /// returns. All commands so far are edits that remove reserved headers.
    pub fn on_request(
        &self,
        stream: &Rc<Stream>,
        envoy: &EnvoyStream<'_>,
        head: SanitizedHead<'_>,
        commands: &mut Vec<Command>,
    ) -> Option<bool> {
        let now = process::now();
        self.tick_if_due(now)?;
        let (action, waits) = {
            let mut core = self.core.try_borrow_mut().ok()?;
            let action = core.on_request(stream.id, envoy, head, now, commands);
            (action, action == Action::Pause && core.filter.is_waiting(stream.id))
        };
        if waits {
            self.enter_waiting(stream, envoy)?;
        }
        self.post();
        Some(action == Action::Continue)
    }

    /// Lets the filter look at the time, if it is due. While requests wait, the ticker keeps the time: a request's own hook ends no
    /// other one.
    fn tick_if_due(&self, now: UnixTime) -> Option<()> {
        let commands = {
            let mut core = self.core.try_borrow_mut().ok()?;
            if core.filter.waiting() > 0 || !core.is_tick_due(now) {
                return Some(());
            }
            // Answers to calls whose requests are all gone: nobody is woken for them, and they keep their room until they are read.
            core.catch_up(self.instance.take_mail(self.id), now)
        };
        // None of them is about a request, since none waits.
        executor::carry_out(self, None, &commands);
        Some(())
    }

    /// Runs on this worker after the main thread woke it: answers have arrived, or a tick is due.
    pub fn on_wake(self: &Rc<Worker>) {
        let mail = self.instance.take_mail(self.id);
        let commands = match self.core.try_borrow_mut() {
            Ok(mut core) => core.catch_up(mail, process::now()),
            Err(_) => return,
        };
        self.post();
        executor::carry_out(self, None, &commands);
        self.refuse_forgotten();
    }

    /// A stream that waits, but not for anything that the filter knows, would wait forever.
    fn refuse_forgotten(self: &Rc<Worker>) {
        let forgotten: Vec<Rc<Stream>> = {
            let Ok(core) = self.core.try_borrow() else { return };
            let waiting = self.waiting.borrow();
            let is_forgotten = |stream: &&Rc<Stream>| !core.filter.is_waiting(stream.id);
            waiting.values().filter(is_forgotten).map(Rc::clone).collect()
        };
        for stream in forgotten {
            executor::refuse(self, &stream);
        }
    }

    /// The request without what only the filter may set, with the edits that remove it; `None` if the filter cannot be asked.
    pub fn sanitize<'a>(&self, head: RequestHead<'a>, edits: &mut Vec<Command>) -> Option<SanitizedHead<'a>> {
        Some(self.core.try_borrow().ok()?.filter.sanitize(head, edits))
    }

    /// Returns the names of the reserved trailers; `None` if the filter cannot be used.
    pub fn reserved_trailers(&self, trailers: &RequestHead<'_>) -> Option<Vec<Vec<u8>>> {
        let core = self.core.try_borrow().ok()?;
        Some(core.filter.forged(trailers).into_iter().map(<[u8]>::to_vec).collect())
    }

    /// Returns the response to a request that could not be checked.
    pub fn internal_error(&self) -> Reply {
        match self.core.try_borrow() {
            Ok(core) => core.filter.internal_error(),
            Err(_) => executor::internal_error(),
        }
    }

    /// Counts one.
    pub fn count(&self, counter: Counter) {
        self.instance.metrics.count(counter);
    }

    /// Sets the filter's tick period.
    pub fn set_period(&self, period: Duration) {
        if let Ok(mut core) = self.core.try_borrow_mut() {
            core.period = period;
        }
        if !self.waiting.borrow().is_empty() {
            self.instance.set_waiting_period(self.id, period);
        }
    }

    /// Returns the stream of this number, if it waits.
    pub fn waiting_stream(&self, id: RequestId) -> Option<Rc<Stream>> {
        self.waiting.borrow().get(&id).map(Rc::clone)
    }

    /// Registers a stream that waits; `None` if nothing could wake it.
    fn enter_waiting(&self, stream: &Rc<Stream>, envoy: &EnvoyStream<'_>) -> Option<()> {
        let scheduler = envoy.scheduler()?;
        let period = self.core.try_borrow().ok()?.period;
        stream.set_state(StreamState::Paused);
        self.waiting.borrow_mut().insert(stream.id, Rc::clone(stream));
        self.instance.enter_waiting(self.id, stream.id, scheduler, period);
        Some(())
    }

    /// Removes a stream that no longer waits.
    pub fn leave_waiting(&self, stream: &Stream) {
        if self.waiting.borrow_mut().remove(&stream.id).is_some() {
            self.instance.leave_waiting(self.id, stream.id);
        }
    }

    /// Removes a stream that has ended or was rejected from the filter.
    pub fn forget(&self, stream: &Stream) {
        self.leave_waiting(stream);
        if let Ok(mut core) = self.core.try_borrow_mut() {
            core.filter.on_gone(stream.id);
        }
    }

    /// Replaces the filter, since it may be half-changed. The streams that waited are rejected when they are resumed.
    pub fn start_over(&self) {
        if let Ok(mut core) = self.core.try_borrow_mut()
            && let Some(new) = Core::new(&self.instance)
        {
            // The answer to a call of the old filter must not be taken for one of the new filter's.
            new.outbox.last_call.set(core.outbox.last_call.get());
            *core = new;
        }
    }

    /// Passes on what the filter requested from the main thread.
    fn post(&self) {
        let (calls, fetches) = match self.core.try_borrow() {
            Ok(core) => (core.outbox.calls.take(), core.outbox.fetches.take()),
            Err(_) => return,
        };
        if calls.is_empty() && fetches.is_empty() {
            return;
        }
        let calls = calls.into_iter().map(|(id, call)| ToMain::Call(self.id, id, call));
        self.instance
            .post_to_main(calls.chain(fetches.into_iter().map(ToMain::Fetch)));
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        self.instance.clear_desk(self.id);
    }
}

/// Drops this thread's part of configurations that have ended since the last call.
pub fn forget_ended() {
    let ends = process::ended_configurations();
    if SEEN_ENDS.replace(ends) == ends {
        return;
    }
    // Dropped outside the borrow.
    let ended: Vec<Rc<Worker>> = WORKERS.with_borrow_mut(|workers| {
        let (ended, live) = std::mem::take(workers)
            .into_iter()
            .partition(|worker| worker.instance.is_over());
        *workers = live;
        ended
    });
    drop(ended);
}

impl Core {
    fn new(instance: &Instance) -> Option<Core> {
        match Config::parse(&instance.configuration) {
            Ok(config) => Some(Core {
                filter: Filter::new(config),
                crypto: Verifier,
                outbox: Outbox::default(),
                period: Filter::first_tick(),
                ticked_at: UnixTime::default(),
            }),
            Err(errors) => {
                log::error!("failed to load a configuration that loaded before: {errors}");
                None
            }
        }
    }

    fn is_tick_due(&self, now: UnixTime) -> bool {
        now < self.ticked_at || now.since(self.ticked_at) >= self.period
    }

    /// Returns what the filter commands for these ends of calls and for the time.
    fn catch_up(&mut self, mail: impl IntoIterator<Item = Mail>, now: UnixTime) -> Vec<Command> {
        let mut commands = Vec::new();
        for mail in mail {
            self.on_mail(mail, now, &mut commands);
        }
        self.tick(now, &mut commands);
        commands
    }

    fn tick(&mut self, now: UnixTime, commands: &mut Vec<Command>) {
        self.ticked_at = now;
        self.filter.show_debug(logging::shows_debug());
        let (filter, env) = self.split(now, process::random());
        filter.on_tick(&env, commands);
    }

    fn on_mail(&mut self, mail: Mail, now: UnixTime, commands: &mut Vec<Command>) {
        let Mail { call, end, arrived_at } = mail;
        let (filter, env) = self.split(now, process::random());
        match end {
            CallEnd::Answer(answer) => filter.on_earlier_answer(call, answer, arrived_at, &env, commands),
            CallEnd::Dropped => filter.on_dropped_answer(call, &env, commands),
        }
    }

    fn on_request(
        &mut self,
        id: RequestId,
        envoy: &EnvoyStream<'_>,
        head: SanitizedHead<'_>,
        now: UnixTime,
        commands: &mut Vec<Command>,
    ) -> Action {
        // A request needs no random number.
        let (filter, env) = self.split(now, 0);
        filter.on_sanitized_request(id, head, &Route(envoy), &env, commands)
    }

    fn split(&mut self, now: UnixTime, random: u64) -> (&mut Filter, Env<'_>) {
        let env = Env {
            now,
            random,
            crypto: &self.crypto,
            shared: &self.outbox,
            calls: &self.outbox,
        };
        (&mut self.filter, env)
    }
}

/// The filter's messages to the main thread during a hook.
#[derive(Debug, Default)]
struct Outbox {
    calls: RefCell<Vec<(CallId, HttpCall)>>,
    fetches: RefCell<Vec<String>>,
    last_call: Cell<u32>,
}

impl SendCall for Outbox {
    /// Queues the call, which the main thread sends. An unknown cluster is reported later, as a failed call.
    fn send(&self, call: &HttpCall) -> Result<CallId, NotSent> {
        let id = self.last_call.get().wrapping_add(1);
        self.last_call.set(id);
        self.calls.borrow_mut().push((CallId(id), call.clone()));
        Ok(CallId(id))
    }
}

/// The process's store, but for keys: only the main thread's filter fetches them, so that a fetch depends on no worker's next
/// request. A worker that wants the lease does not get it; the main thread hears of it.
impl SharedStore for Outbox {
    fn load(&self, name: &str) -> Option<Stored> {
        process::store().load(name)
    }

    fn swap(&self, name: &str, bytes: &[u8], seen: Option<Version>) -> Result<(), Conflict> {
        if !is_key_entry(name) {
            return process::store().swap(name, bytes, seen);
        }
        if process::store().is_current(name, seen) {
            self.fetches.borrow_mut().push(name.to_owned());
        }
        Err(Conflict)
    }

    fn is_bounded(&self) -> bool {
        process::store().is_bounded()
    }
}
