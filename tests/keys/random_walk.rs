//! Nobody can think of all orders of events: a die does.
//!
//! Whatever happens in whatever order, a key that was withdrawn is never used a second later, one fetch is under way at a
//! time, nobody waits beyond the limit, and once the key server is well again all works.

use super::*;
use envoy_cognito_jwt::request::RequestId;
use envoy_cognito_jwt::time::UnixTime;
use std::time::Duration;

/// Marsaglia's xorshift: the same walk for the same seed.
struct Die(u64);

impl Die {
    fn below(&mut self, sides: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % sides
    }
}

struct Walk {
    world: World,
    die: Die,
    workers: u64,
    /// Whether the first and the second key are published.
    published: [bool; 2],
    /// What was delivered: when, and with which keys.
    delivered: Vec<(UnixTime, [bool; 2])>,
    waiting: Vec<(RequestId, usize)>,
    seed: u64,
}

const TIMEOUT: Duration = Duration::from_millis(2000);

impl Walk {
    fn new(seed: u64) -> Walk {
        let mut die = Die(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
        let workers = 1 + die.below(4);
        let jwks =
            json!({"timeout_ms": 2000, "ttl_seconds": 10, "max_stale_seconds": 20, "refetch_cooldown_seconds": 3});
        Walk {
            world: World::start(&fetched(jwks), usize::try_from(workers).unwrap()),
            die,
            workers,
            published: [true, false],
            delivered: Vec::new(),
            waiting: Vec::new(),
            seed,
        }
    }

    fn step(&mut self) {
        match self.die.below(12) {
            0..4 => self.ask(),
            4..7 => self.answer(),
            7 => {
                self.published =
                    [[true, false], [false, true], [true, true]][usize::try_from(self.die.below(3)).unwrap()]
            }
            8 => {
                let (first, second) = (self.die.below(self.workers), self.die.below(self.workers));
                if first != second {
                    let worker = |number| usize::try_from(number).unwrap();
                    self.world.tick_with_old_view(worker(first), worker(second));
                }
            }
            9 => self
                .world
                .store
                .refuse_swaps(usize::try_from(self.die.below(4)).unwrap()),
            10 => self
                .world
                .pass_millis([1, 5, 20, 300][usize::try_from(self.die.below(4)).unwrap()]),
            _ => self.world.pass_millis(1 + self.die.below(12_000)),
        }
        self.look();
    }

    fn ask(&mut self) {
        let worker = usize::try_from(self.die.below(self.workers)).unwrap();
        let (ask, key) = match self.die.below(5) {
            0 => (with_unknown_kid(worker), 2),
            1 | 2 => (signed_by(second_key()), 1),
            _ => (signed_by(first_key()), 0),
        };
        let id = self.world.ask(worker, &ask);
        self.waiting.push((id, key));
    }

    fn answer(&mut self) {
        let Some(sent) = self.world.calls.unanswered().first().cloned() else {
            return;
        };
        let given = match self.die.below(6) {
            0 => None,
            1 => Some(answer(503, "")),
            2 => Some(answer(200, "<html>")),
            _ => {
                self.delivered.push((self.world.now, self.published));
                Some(publishes(&self.keys()))
            }
        };
        self.world.answer(sent.id, given);
    }

    fn keys(&self) -> Vec<&'static SigningKey> {
        let all = [first_key(), second_key()];
        all.into_iter()
            .zip(self.published)
            .filter(|(_, is_published)| *is_published)
            .map(|(key, _)| key)
            .collect()
    }

    fn look(&mut self) {
        let seed = self.seed;
        assert!(
            self.world.calls.unanswered().len() <= 1,
            "seed {seed}: two fetches at once"
        );
        let waiting = std::mem::take(&mut self.waiting);
        for (id, key) in waiting {
            match self.world.fate(id) {
                Fate::Waits => self.waiting.push((id, key)),
                Fate::Passed => {
                    let at = self.world.settled_at(id);
                    assert!(
                        self.may_serve(key, at),
                        "seed {seed}: {id:?} passed with a withdrawn key"
                    );
                }
                Fate::Refused("keys_unavailable" | "key_unknown") => {}
                Fate::Refused(code) => panic!("seed {seed}: {code}"),
            }
            if self.world.fate(id) != Fate::Waits {
                let took = self.world.took(id);
                assert!(took <= TIMEOUT + Duration::from_millis(25), "seed {seed}: {took:?}");
            }
        }
    }

    /// It stood in the newest set at that time, or in one that was replaced less than a second before.
    fn may_serve(&self, key: usize, at: UnixTime) -> bool {
        let sets: Vec<_> = self.delivered.iter().filter(|(came, _)| *came <= at).collect();
        sets.iter().enumerate().any(|(nth, (_, keys))| {
            let replaced = sets.get(nth + 1).map(|(came, _)| *came);
            let is_in_force = replaced.is_none_or(|replaced| at.since(replaced) < Duration::from_secs(1));
            is_in_force && keys.get(key) == Some(&true)
        })
    }

    fn recover(&mut self) {
        let end = self.world.now.after(Duration::from_secs(90));
        self.published = [true, true];
        self.world.store.refuse_swaps(0);
        while self.world.now < end {
            for sent in self.world.calls.unanswered() {
                self.delivered.push((self.world.now, self.published));
                self.world.answer(sent.id, Some(publishes(&self.keys())));
            }
            self.world.pass_millis(100);
            self.look();
        }
        assert!(self.waiting.is_empty(), "seed {}", self.seed);
        for worker in 0..usize::try_from(self.workers).unwrap() {
            for key in [first_key(), second_key()] {
                assert_eq!(
                    self.world.fate_of(worker, &signed_by(key)),
                    Fate::Passed,
                    "seed {}",
                    self.seed
                );
            }
        }
    }
}

#[test]
fn in_whatever_order_things_happen() {
    for seed in 1..=100 {
        let mut walk = Walk::new(seed);
        for _ in 0..120 {
            walk.step();
        }
        walk.recover();
    }
}
