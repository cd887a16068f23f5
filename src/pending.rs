//! The requests of a worker that wait. Each cause has a limited share of the room: a client that makes requests wait, by a slow call or
//! an unknown `kid`, must not take the room of all others.

use crate::auth_context::{AuthContext, Wait};
use crate::enrich::CacheKey;
use crate::request::RequestId;
use crate::time::UnixTime;
use crate::trace::Trace;
use std::collections::BTreeMap;

/// How many requests of all kinds may wait in a worker.
pub const MAX_WAITING: usize = 1000;
/// How many of them may wait for one call: for one token at UserInfo, for one user at the lookup.
pub const MAX_WAITING_FOR_ONE_CALL: usize = 100;
/// How many of them may wait for the key of their `kid` while the pool has usable keys: their signature is not verified.
pub const MAX_WAITING_FOR_UNKNOWN_KIDS: usize = 300;

/// A request that waits.
#[derive(Debug)]
pub struct PendingRequest {
    /// Everything that is known about it.
    pub context: AuthContext<'static>,
    /// The steps of its decision so far.
    pub trace: Trace,
    /// What it waits for.
    pub wait: Wait,
    /// When it arrived.
    pub since: UnixTime,
    /// Its time limit.
    pub deadline: UnixTime,
    /// Its `x-request-id`, for the log line.
    pub request_id: Vec<u8>,
}

/// All requests of a worker that wait.
#[derive(Debug, Default)]
pub struct PendingRequests {
    requests: BTreeMap<RequestId, PendingRequest>,
    by_call: BTreeMap<CacheKey, usize>,
    for_unknown_kids: usize,
}

impl PendingRequests {
    /// Reports whether another request may wait for this.
    pub fn has_room_for(&self, wait: Wait) -> bool {
        let has_share = match wait {
            Wait::Keys(_) => true,
            Wait::Kid(..) => self.for_unknown_kids < MAX_WAITING_FOR_UNKNOWN_KIDS,
            Wait::Call(_, key, _) => self
                .by_call
                .get(&key)
                .is_none_or(|count| *count < MAX_WAITING_FOR_ONE_CALL),
        };
        has_share && self.requests.len() < MAX_WAITING
    }

    /// Adds a request that waits.
    pub fn insert(&mut self, id: RequestId, request: PendingRequest) {
        self.remove(id);
        match request.wait {
            Wait::Keys(_) => {}
            Wait::Kid(..) => self.for_unknown_kids = self.for_unknown_kids.saturating_add(1),
            Wait::Call(_, key, _) => {
                let count = self.by_call.entry(key).or_default();
                *count = count.saturating_add(1);
            }
        }
        self.requests.insert(id, request);
    }

    /// Removes a request that no longer waits.
    pub fn remove(&mut self, id: RequestId) -> Option<PendingRequest> {
        let request = self.requests.remove(&id)?;
        match request.wait {
            Wait::Keys(_) => {}
            Wait::Kid(..) => self.for_unknown_kids = self.for_unknown_kids.saturating_sub(1),
            Wait::Call(_, key, _) => {
                if let Some(count) = self.by_call.get_mut(&key) {
                    *count = count.saturating_sub(1);
                    if *count == 0 {
                        self.by_call.remove(&key);
                    }
                }
            }
        }
        Some(request)
    }

    /// Reports whether this request waits.
    pub fn contains(&self, id: RequestId) -> bool {
        self.requests.contains_key(&id)
    }

    /// Reports whether a request waits for this call.
    pub fn awaits(&self, call: CacheKey) -> bool {
        self.by_call.contains_key(&call)
    }

    /// Returns all requests, in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = (RequestId, &PendingRequest)> {
        self.requests.iter().map(|(id, request)| (*id, request))
    }

    /// Returns all requests, to change their time limits.
    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut PendingRequest> {
        self.requests.values_mut()
    }

    /// Returns how many there are.
    pub fn len(&self) -> usize {
        self.requests.len()
    }

    /// Reports whether there are none.
    pub fn is_empty(&self) -> bool {
        self.requests.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enrich::EnrichmentKind;
    use crate::keys::PoolId;
    use crate::keys::refresh::Round;
    use crate::rules::{Auth, MatchedRule};

    const KEYS: Wait = Wait::Keys(PoolId(0));

    fn call(name: &str) -> Wait {
        Wait::Call(EnrichmentKind::UserInfo, CacheKey::of([name.as_bytes()]), PoolId(0))
    }

    fn kid(pool: usize) -> Wait {
        Wait::Kid(PoolId(pool), Round::default())
    }

    fn request(wait: Wait) -> PendingRequest {
        let rule = MatchedRule {
            auth: Auth::Required,
            demands: Vec::new(),
            rule: None,
            collected: Vec::new(),
            is_by_route: false,
        };
        PendingRequest {
            context: AuthContext::new(rule, Vec::new().into(), Vec::new()),
            trace: Trace::off(),
            wait,
            since: UnixTime::default(),
            deadline: UnixTime::default(),
            request_id: Vec::new(),
        }
    }

    /// Adds up to `count` requests. Returns how many found room.
    fn fill(pending: &mut PendingRequests, wait: Wait, count: usize) -> usize {
        let first = pending.requests.last_key_value().map_or(0, |(id, _)| id.0 + 1);
        let ids = first..first + u32::try_from(count).unwrap();
        ids.filter(|id| {
            let has_room = pending.has_room_for(wait);
            if has_room {
                pending.insert(RequestId(*id), request(wait));
            }
            has_room
        })
        .count()
    }

    #[test]
    fn each_cause_has_its_share() {
        let mut pending = PendingRequests::default();
        assert_eq!(fill(&mut pending, call("alice"), 150), 100);
        assert_eq!(fill(&mut pending, call("bob"), 150), 100);
        // The share of unknown key ids is that of all pools together.
        assert_eq!(fill(&mut pending, kid(0), 200), 200);
        assert_eq!(fill(&mut pending, kid(1), 200), 100);
        assert_eq!(fill(&mut pending, KEYS, 1000), 500, "the room is full");
        assert_eq!(fill(&mut pending, call("carol"), 1), 0);
        assert_eq!(pending.len(), 1000);
    }

    #[test]
    fn who_leaves_makes_room() {
        let mut pending = PendingRequests::default();
        fill(&mut pending, call("alice"), 100);
        fill(&mut pending, kid(0), 300);
        for (id, wait) in [(0, call("alice")), (100, kid(0))] {
            assert!(!pending.has_room_for(wait));
            assert!(pending.remove(RequestId(id)).is_some());
            assert!(pending.remove(RequestId(id)).is_none());
            assert_eq!(fill(&mut pending, wait, 2), 1);
        }
        // One that waits for something else from now on.
        pending.insert(RequestId(1), request(KEYS));
        assert!(pending.has_room_for(call("alice")));
        assert_eq!(pending.len(), 400);
    }

    #[test]
    fn a_call_is_awaited_while_one_waits_for_it() {
        let mut pending = PendingRequests::default();
        let key = CacheKey::of([b"alice".as_slice()]);
        assert!(!pending.awaits(key));
        fill(&mut pending, call("alice"), 2);
        for id in 0..2 {
            assert!(pending.awaits(key));
            pending.remove(RequestId(id));
        }
        assert!(!pending.awaits(key) && pending.is_empty() && pending.by_call.is_empty());
    }
}
