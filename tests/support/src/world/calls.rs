//! Calls that are not sent: they are recorded, refused, or answered when the test says so.

use envoy_cognito_jwt::call::{CallId, HttpCall, NotSent, SendCall};
use envoy_cognito_jwt::time::UnixTime;
use std::cell::{Cell, RefCell};

/// A call that was sent.
#[derive(Clone, Debug)]
pub struct Sent {
    /// Its number.
    pub id: CallId,
    /// Who sent it.
    pub worker: usize,
    /// When.
    pub at: UnixTime,
    /// What.
    pub call: HttpCall,
}

/// All calls of all workers.
#[derive(Default)]
pub struct Calls {
    all: RefCell<Vec<Sent>>,
    unanswered: RefCell<Vec<CallId>>,
    refusal: Cell<Option<NotSent>>,
    refused: Cell<usize>,
    worker: Cell<usize>,
    now: Cell<UnixTime>,
}

impl Calls {
    /// From now on every call is refused so; `None`: sent.
    pub fn refuse(&self, refusal: Option<NotSent>) {
        self.refusal.set(refusal);
    }

    /// How many calls were refused.
    pub fn refused(&self) -> usize {
        self.refused.get()
    }

    /// All calls that were sent.
    pub fn all(&self) -> Vec<Sent> {
        self.all.borrow().clone()
    }

    /// Those that have not been answered.
    pub fn unanswered(&self) -> Vec<Sent> {
        let unanswered = self.unanswered.borrow();
        self.all()
            .into_iter()
            .filter(|sent| unanswered.contains(&sent.id))
            .collect()
    }

    /// The calls under way will never be answered.
    pub fn forget(&self) {
        self.unanswered.borrow_mut().clear();
    }

    /// The host's timers run on when the clock is set.
    pub(super) fn set_clock(&self, from: UnixTime, to: UnixTime) {
        for sent in self.all.borrow_mut().iter_mut() {
            sent.at = to.before(from.since(sent.at));
        }
    }

    /// A callback of this worker begins.
    pub(super) fn begin(&self, worker: usize, now: UnixTime) {
        self.worker.set(worker);
        self.now.set(now);
    }

    /// The call is being answered.
    pub(super) fn take(&self, call: CallId) -> Sent {
        let mut unanswered = self.unanswered.borrow_mut();
        let place = unanswered.iter().position(|id| *id == call).expect("it was answered");
        unanswered.remove(place);
        self.all.borrow().iter().find(|sent| sent.id == call).unwrap().clone()
    }
}

impl SendCall for Calls {
    fn send(&self, call: &HttpCall) -> Result<CallId, NotSent> {
        if let Some(refusal) = self.refusal.get() {
            self.refused.set(self.refused.get() + 1);
            return Err(refusal);
        }
        let id = CallId(u32::try_from(self.all.borrow().len()).unwrap() + 1);
        self.unanswered.borrow_mut().push(id);
        self.all.borrow_mut().push(Sent {
            id,
            worker: self.worker.get(),
            at: self.now.get(),
            call: call.clone(),
        });
        Ok(id)
    }
}
