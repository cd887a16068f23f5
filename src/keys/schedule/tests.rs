use super::*;
use crate::call::{Body, CallId, HttpAnswer, HttpCall, NotSent, SendCall};
use crate::keys::refresh::FetchPolicy;
use crate::keys::shared::{Conflict, SharedStore, Stored, Version};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// A store, and a way out that counts.
#[derive(Default)]
struct World {
    entries: RefCell<BTreeMap<String, (Vec<u8>, u32)>>,
    loads: Cell<usize>,
    sent: RefCell<Vec<String>>,
}

impl SharedStore for World {
    fn load(&self, name: &str) -> Option<Stored> {
        self.loads.set(self.loads.get() + 1);
        let entries = self.entries.borrow();
        let (bytes, version) = entries.get(name)?;
        Some(Stored {
            bytes: bytes.clone(),
            version: Version(*version),
        })
    }

    fn swap(&self, name: &str, bytes: &[u8], seen: Option<Version>) -> Result<(), Conflict> {
        let mut entries = self.entries.borrow_mut();
        let version = entries.get(name).map(|(_, version)| Version(*version));
        if version != seen {
            return Err(Conflict);
        }
        let next = version.map_or(1, |Version(version)| version + 1);
        entries.insert(name.to_owned(), (bytes.to_vec(), next));
        Ok(())
    }
}

impl SendCall for World {
    fn send(&self, call: &HttpCall) -> Result<CallId, NotSent> {
        let mut sent = self.sent.borrow_mut();
        sent.push(call.path.clone());
        Ok(CallId(u32::try_from(sent.len()).unwrap()))
    }
}

fn pools(count: usize) -> Vec<PoolKeys> {
    let pool = |number: usize| {
        let policy = FetchPolicy {
            cluster: "cognito".into(),
            uri: format!("https://keys.example/{number}"),
            authority: "keys.example".into(),
            path: format!("/{number}"),
            ttl: Duration::from_secs(300),
            max_stale: Duration::from_secs(86_400),
            timeout: Duration::from_secs(5),
            refetch_cooldown: Duration::from_secs(30),
        };
        PoolKeys::Fetched(Box::new(JwksCache::new(
            &number.to_string(),
            &[number.to_string()],
            policy,
        )))
    };
    (0..count).map(pool).collect()
}

/// What became of a start with so many pools.
struct Worker {
    pools: Vec<PoolKeys>,
    schedule: FetchSchedule,
    now: UnixTime,
    random: u64,
}

impl Worker {
    fn new(count: usize, random: u64) -> Worker {
        Worker {
            pools: pools(count),
            schedule: FetchSchedule::default(),
            now: UnixTime::from_secs(1_700_000_000),
            random,
        }
    }

    fn tick(&mut self, world: &World, waited_for: &[usize]) {
        let waited_for = waited_for.iter().map(|place| PoolId(*place)).collect();
        let surroundings = Surroundings {
            now: self.now,
            random: self.random,
            shared: world,
            calls: world,
        };
        self.random = self.random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        self.schedule
            .on_tick(&mut self.pools, &waited_for, &surroundings, &mut Vec::new());
    }

    /// Answers all calls in progress. Returns how many there were.
    fn answer_all(&mut self, world: &World, body: &str) -> usize {
        let mut answered = 0;
        for jwks in self.pools.iter_mut().filter_map(PoolKeys::jwks_mut) {
            if !jwks.is_fetching() {
                continue;
            }
            answered += 1;
            let surroundings = Surroundings {
                now: self.now,
                random: self.random,
                shared: world,
                calls: world,
            };
            let answer = HttpAnswer {
                status: 200,
                body: Body::Whole(body.as_bytes().to_vec()),
            };
            jwks.on_answer(Some(answer), &surroundings, &mut Vec::new());
        }
        self.schedule.plan(&self.pools);
        answered
    }

    fn pass(&mut self, millis: u64) {
        self.now = self.now.after(Duration::from_millis(millis));
    }

    fn usable(&self) -> usize {
        let usable = |pool: &&PoolKeys| pool.usable(self.now).is_some();
        self.pools.iter().filter(usable).count()
    }
}

fn set(keys: usize) -> String {
    const N: &str = "ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ";
    let keys: Vec<String> = (0..keys)
        .map(|kid| format!(r#"{{"kty": "RSA", "kid": "{kid}", "n": "{N}", "e": "AQAB"}}"#))
        .collect();
    format!(r#"{{"keys": [{}]}}"#, keys.join(","))
}

#[test]
fn a_thousand_pools_start_in_portions_and_pools_that_are_waited_for_go_first() {
    let world = World::default();
    let mut worker = Worker::new(1000, 7);
    worker.tick(&world, &[999, 3]);
    let sent = world.sent.borrow().clone();
    assert_eq!(&sent[..2], ["/3", "/999"]);
    assert_eq!(sent.len(), MAX_BACKGROUND_FETCHES);
    // Nothing more until one is answered, but for what somebody waits for.
    worker.pass(250);
    worker.tick(&world, &[]);
    assert_eq!(world.sent.borrow().len(), MAX_BACKGROUND_FETCHES);
    assert!(!worker.schedule.wants_tick(worker.now));
    let many: Vec<usize> = (100..200).collect();
    worker.tick(&world, &many);
    assert_eq!(world.sent.borrow().len(), MAX_FETCHES);
    worker.answer_all(&world, &set(1));
    let mut ticks = 0;
    while worker.usable() < 1000 {
        worker.pass(250);
        worker.tick(&world, &[]);
        assert!(world.sent.borrow().len() - worker.usable() <= MAX_FETCHES);
        worker.answer_all(&world, &set(1));
        ticks += 1;
        assert!(ticks < 60, "{} usable", worker.usable());
    }
    assert_eq!(world.sent.borrow().len(), 1000, "each was fetched once");
}

#[test]
fn two_workers_share_the_work_and_each_sees_all_within_a_second() {
    let world = World::default();
    let mut workers = [Worker::new(300, 1), Worker::new(300, 1 << 40)];
    for _ in 0..20 {
        for worker in &mut workers {
            worker.pass(250);
            worker.tick(&world, &[]);
            worker.answer_all(&world, &set(1));
        }
    }
    assert_eq!(world.sent.borrow().len(), 300);
    assert_eq!(workers.map(|worker| worker.usable()), [300, 300]);
}

#[test]
fn a_tick_at_rest_looks_at_a_part_of_the_entries() {
    let world = World::default();
    let mut worker = Worker::new(1000, 7);
    while worker.usable() < 1000 {
        worker.pass(250);
        worker.tick(&world, &[]);
        worker.answer_all(&world, &set(1));
    }
    for (millis, most) in [(250, 501), (20, 41)] {
        worker.pass(millis);
        world.loads.set(0);
        worker.tick(&world, &[]);
        assert!((1..=most).contains(&world.loads.get()), "{} loads", world.loads.get());
    }
}

#[test]
fn the_least_used_sets_are_read_again_from_the_store() {
    let world = World::default();
    let mut worker = Worker::new(10, 7);
    worker.tick(&world, &[]);
    worker.answer_all(&world, &set(2));
    let one = worker.pools[0].jwks().unwrap().bytes();
    assert!(one > 2 * 256 && one < 8 * 1024, "{one}");
    let keys = |worker: &Worker| worker.pools.iter().map(PoolKeys::len).sum::<usize>();
    assert_eq!((worker.usable(), keys(&worker)), (10, 20));
    // There is room for four sets, and the first four are used last.
    worker.pass(250);
    assert!(worker.pools[..4].iter().all(|pool| pool.usable(worker.now).is_some()));
    worker.schedule.max_set_bytes = 4 * one;
    worker.tick(&world, &[]);
    let held = |worker: &Worker| -> Vec<usize> {
        let bytes = |place: &usize| worker.pools[*place].jwks().unwrap().bytes() > 0;
        (0..10).filter(bytes).collect()
    };
    assert_eq!(held(&worker), [0, 1, 2, 3]);
    assert_eq!(keys(&worker), 20, "they are there all the same");
    // A request waits for one: it is there at the next tick, without a fetch.
    worker.pass(20);
    assert!(worker.pools[9].usable(worker.now).is_none());
    assert!(
        worker.schedule.wants_tick(worker.now)
            || worker.pools[9].jwks().unwrap().outlook(worker.now) == crate::keys::refresh::Outlook::UnderWay
    );
    worker.tick(&world, &[9]);
    assert!(worker.pools[9].usable(worker.now).is_some());
    assert_eq!(held(&worker).len(), 4);
    assert_eq!(world.sent.borrow().len(), 10);
    // A refresh of one that is in the store alone keeps the entry whole.
    worker.pass(301_000);
    worker.tick(&world, &[]);
    assert_eq!(worker.answer_all(&world, &set(2)), 10);
    worker.tick(&world, &[]);
    assert_eq!((held(&worker).len(), keys(&worker)), (4, 20));
}
