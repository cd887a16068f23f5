//! The main thread's part of each configuration: keys are fetched here, one fetch for the whole Envoy, and the calls of all
//! workers are made here.

use crate::abi::ModuleHttpHeader;
use crate::crypto::Verifier;
use crate::envoy::{Callout, CalloutId, CalloutRefused, EnvoyConfig};
use crate::instance::{CallEnd, Generation, Instance, Mail, ToMain, WorkerId};
use crate::logging;
use crate::process;
use cognito_jwt::call::{Body, CallId, HttpAnswer, HttpCall, MAX_BODY_BYTES, NotSent, SendCall};
use cognito_jwt::command::Command;
use cognito_jwt::config::Config;
use cognito_jwt::env::Env;
use cognito_jwt::filter::{self, Filter};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

thread_local! {
    /// The main thread's part of each configuration. Other threads have none.
    static ROOTS: RefCell<BTreeMap<Generation, Root>> = const { RefCell::new(BTreeMap::new()) };
}

/// The main thread's part of one configuration.
#[derive(Debug)]
struct Root {
    instance: Arc<Instance>,
    filter: Filter,
    crypto: Verifier,
    calls: Calls,
}

/// The calls in progress.
#[derive(Debug)]
struct Calls {
    envoy: EnvoyConfig,
    under_way: RefCell<BTreeMap<CalloutId, Caller>>,
    /// Answers that arrived at once.
    answered: RefCell<Vec<(CallId, HttpAnswer)>>,
    last_call: Cell<u32>,
}

/// Whose call it is.
#[derive(Clone, Copy, Debug)]
enum Caller {
    /// The main thread's filter's.
    Root(CallId),
    /// A worker's.
    Worker(WorkerId, CallId),
}

/// Begins the main thread's part of a configuration, whose first tick is due.
pub fn begin(instance: &Arc<Instance>, config: Config, envoy: EnvoyConfig) {
    let root = Root {
        instance: Arc::clone(instance),
        filter: Filter::new(config),
        crypto: Verifier,
        calls: Calls {
            envoy,
            under_way: RefCell::default(),
            answered: RefCell::default(),
            last_call: Cell::new(0),
        },
    };
    forget_ended();
    ROOTS.with_borrow_mut(|roots| roots.insert(instance.generation, root));
}

/// Drops the main thread's part of configurations that have ended. Only the main thread has any: if a configuration ends on another
/// thread, the main thread drops it the next time that it is woken for another one, or that one begins or ends.
pub fn forget_ended() {
    // Dropped outside the borrow.
    let _ended: Vec<Root> = ROOTS.with_borrow_mut(|roots| {
        let ended: Vec<Generation> = roots
            .iter()
            .filter(|(_, root)| root.instance.is_over())
            .map(|(generation, _)| *generation)
            .collect();
        ended.iter().filter_map(|generation| roots.remove(generation)).collect()
    });
}

/// Runs on the main thread after it was woken for this configuration.
pub fn on_scheduled(instance: &Instance) {
    with(instance, |root| {
        let (requests, is_tick_due) = instance.take_for_main();
        root.on_scheduled(requests, is_tick_due);
    });
    forget_ended();
    process::store().sweep(Instant::now());
}

/// A tick at once.
pub fn tick(instance: &Instance) {
    with(instance, |root| root.on_scheduled(Vec::new(), true));
}

/// Handles the end of a call.
pub fn on_callout_done(instance: &Instance, id: CalloutId, callout: &Callout<'_>) {
    with(instance, |root| root.on_callout_done(id, callout));
}

/// Replaces the filter after a panic on the main thread, since its state cannot be relied on.
pub fn on_panic(instance: &Instance) {
    with(instance, Root::start_over);
}

fn with(instance: &Instance, part: impl FnOnce(&mut Root)) {
    ROOTS.with(|roots| {
        if let Ok(mut roots) = roots.try_borrow_mut()
            && let Some(root) = roots.get_mut(&instance.generation)
        {
            part(root);
        }
    });
}

impl Root {
    fn on_scheduled(&mut self, requests: Vec<ToMain>, is_tick_due: bool) {
        let mut is_fetch_wanted = false;
        for request in requests {
            match request {
                ToMain::Call(worker, id, call) => self.call_for(worker, id, &call),
                ToMain::Fetch(entry) => {
                    self.filter.ask_for_keys(&entry, process::now());
                    is_fetch_wanted = true;
                }
            }
        }
        if is_tick_due || is_fetch_wanted {
            self.filter_does(|filter, env, commands| filter.on_tick(env, commands));
        }
        self.instance.wake_workers(is_tick_due || is_fetch_wanted);
    }

    fn on_callout_done(&mut self, id: CalloutId, callout: &Callout<'_>) {
        let caller = self.calls.under_way.borrow_mut().remove(&id);
        let answer = read(callout);
        match caller {
            Some(Caller::Root(call)) => {
                self.filter_does(|filter, env, commands| filter.on_answer(call, answer, env, commands));
                self.instance.wake_workers(true);
            }
            Some(Caller::Worker(worker, call)) => {
                self.deliver(worker, call, answer);
                self.instance.wake_workers(false);
            }
            None => {}
        }
    }

    /// Sends a call of a worker. A failure to send is reported as a failed response.
    fn call_for(&mut self, worker: WorkerId, id: CallId, call: &HttpCall) {
        let answer = match self.calls.start(call) {
            Ok(callout) => {
                self.calls
                    .under_way
                    .borrow_mut()
                    .insert(callout, Caller::Worker(worker, id));
                return;
            }
            Err(CalloutRefused::CannotCreateRequest) => Some(no_healthy_upstream()),
            Err(refused) => {
                let not_sent = not_sent(refused);
                log::warn!("{}", filter::not_sent_line(&call.cluster, not_sent));
                None
            }
        };
        self.deliver(worker, id, answer);
    }

    fn deliver(&self, worker: WorkerId, call: CallId, answer: Option<HttpAnswer>) {
        let mail = Mail {
            call,
            end: CallEnd::Answer(answer),
            arrived_at: process::now(),
        };
        self.instance.deliver(worker, mail);
    }

    fn filter_does(&mut self, part: impl FnOnce(&mut Filter, &Env<'_>, &mut Vec<Command>)) {
        let mut commands = Vec::new();
        self.filter.show_debug(logging::shows_debug());
        let env = Env {
            now: process::now(),
            random: process::random(),
            crypto: &self.crypto,
            shared: process::store(),
            calls: &self.calls,
        };
        part(&mut self.filter, &env, &mut commands);
        // They may cause new calls, but not without end: a fetch that failed is not tried again at once.
        for (call, answer) in self.calls.answered.take() {
            self.filter.on_answer(call, Some(answer), &env, &mut commands);
        }
        self.carry_out(commands);
    }

    /// The main thread's filter has no requests: it fetches, counts and logs.
    fn carry_out(&self, commands: Vec<Command>) {
        for command in commands {
            match command {
                Command::Count(counter) => self.instance.metrics.count(counter),
                Command::RecordKeys(keys) => self.instance.metrics.record_keys(keys),
                Command::Log(severity, line) => logging::write(severity, &line),
                Command::TickEvery(period) => self.instance.set_main_period(period),
                Command::Of(_)
                | Command::Edit(_)
                | Command::EditResponse(_)
                | Command::Decide(_)
                | Command::Annotate(..)
                | Command::AnnotateAll(_)
                | Command::Reply(_)
                | Command::Explain(_)
                | Command::Resume => {}
            }
        }
    }

    fn start_over(&mut self) {
        if let Ok(config) = Config::parse(&self.instance.configuration) {
            self.filter = Filter::new(config);
        }
    }
}

impl Calls {
    fn start(&self, call: &HttpCall) -> Result<CalloutId, CalloutRefused> {
        let mut headers: Vec<ModuleHttpHeader> = call
            .all_headers()
            .map(|(name, value)| ModuleHttpHeader::of(name.as_bytes(), value.as_bytes()))
            .collect();
        self.envoy.call(&call.cluster, &mut headers, &call.body, call.timeout)
    }

    fn next_id(&self) -> CallId {
        let id = self.last_call.get().wrapping_add(1);
        self.last_call.set(id);
        CallId(id)
    }
}

impl SendCall for Calls {
    fn send(&self, call: &HttpCall) -> Result<CallId, NotSent> {
        let id = self.next_id();
        match self.start(call) {
            Ok(callout) => {
                self.under_way.borrow_mut().insert(callout, Caller::Root(id));
                Ok(id)
            }
            Err(CalloutRefused::CannotCreateRequest) => {
                self.answered.borrow_mut().push((id, no_healthy_upstream()));
                Ok(id)
            }
            Err(refused) => Err(not_sent(refused)),
        }
    }
}

fn not_sent(refused: CalloutRefused) -> NotSent {
    match refused {
        CalloutRefused::ClusterNotFound => NotSent::UnknownCluster,
        CalloutRefused::CannotCreateRequest => NotSent::Refused(crate::abi::callout_init::CANNOT_CREATE_REQUEST),
        CalloutRefused::Other(status) => NotSent::Refused(status),
    }
}

/// Envoy's own answer where a cluster has no host that could be asked. The ABI swallows it, since it comes before the call
/// has begun; other hosts pass it on.
fn no_healthy_upstream() -> HttpAnswer {
    HttpAnswer {
        status: 503,
        body: Body::Whole(b"no healthy upstream".to_vec()),
    }
}

/// Returns the answer to a call; `None` if it failed or is none.
fn read(callout: &Callout<'_>) -> Option<HttpAnswer> {
    if !callout.is_answered() {
        return None;
    }
    let status = std::str::from_utf8(callout.header(":status")?).ok()?.parse().ok()?;
    let body = if callout.body_len() > MAX_BODY_BYTES {
        Body::TooLarge
    } else {
        Body::Whole(callout.body())
    };
    Some(HttpAnswer { status, body })
}
