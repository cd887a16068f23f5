//! Selects the pools, of up to 1,000, whose keys a tick handles: fetches are sent in portions, those that requests wait for
//! first, and the key sets together are bounded in bytes.

use crate::command::Command;
use crate::keys::PoolId;
use crate::keys::pool::PoolKeys;
use crate::keys::refresh::{JwksCache, Surroundings};
use crate::time::UnixTime;
use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap};
use std::time::Duration;

/// How many key fetches may be in progress in a worker.
pub const MAX_FETCHES: usize = 32;
/// How many of them may be for pools that no request waits for: a slow key server must not delay the others.
const MAX_BACKGROUND_FETCHES: usize = 24;
/// How many fetches that no request waits for begin within one [`WINDOW`], so that a start with many pools causes no flood.
const FETCHES_PER_WINDOW: usize = 32;
/// See [`FETCHES_PER_WINDOW`]. A little less than the usual tick.
const WINDOW: Duration = Duration::from_millis(200);
/// The time within which every pool's shared entry is read once: workers adopt a new set within a second.
const SWEEP: Duration = Duration::from_millis(500);
/// With at most this many pools, all entries are read at each tick.
const FEW_POOLS: usize = 64;
/// How many bytes the key sets of a worker may use; beyond that, the least recently used are only in the shared store.
pub const MAX_SET_BYTES: usize = 64 * 1024 * 1024;

/// When and for which pools the next fetches are.
#[derive(Debug)]
pub struct FetchSchedule {
    /// The earliest time at which a pool is due; `None`: only an answer can make a pool due.
    next_due: Option<UnixTime>,
    under_way: usize,
    /// The pool whose entry is read next.
    cursor: usize,
    swept_at: UnixTime,
    window_began: UnixTime,
    begun_in_window: usize,
    /// Pools that requests of other filters wait for, since the last tick.
    wanted: BTreeSet<PoolId>,
    max_set_bytes: usize,
}

impl Default for FetchSchedule {
    fn default() -> FetchSchedule {
        FetchSchedule {
            next_due: Some(UnixTime::default()),
            under_way: 0,
            cursor: 0,
            swept_at: UnixTime::default(),
            window_began: UnixTime::default(),
            begun_in_window: 0,
            wanted: BTreeSet::new(),
            max_set_bytes: MAX_SET_BYTES,
        }
    }
}

impl FetchSchedule {
    /// Handles a tick. `waited_for` are the pools whose keys requests wait for.
    pub fn on_tick(
        &mut self,
        pools: &mut [PoolKeys],
        waited_for: &BTreeSet<PoolId>,
        world: &Surroundings<'_>,
        out: &mut Vec<Command>,
    ) {
        for jwks in pools.iter_mut().filter_map(PoolKeys::jwks_mut) {
            jwks.on_tick(world, out);
        }
        self.under_way = pools
            .iter()
            .filter_map(PoolKeys::jwks)
            .filter(|jwks| jwks.is_fetching())
            .count();
        let wanted = std::mem::take(&mut self.wanted);
        for pool in waited_for.union(&wanted) {
            if let Some(jwks) = pools.get_mut(pool.0).and_then(PoolKeys::jwks_mut) {
                jwks.restore(world);
                jwks.read(world);
                self.fetch(jwks, MAX_FETCHES, world, out);
            }
        }
        self.sweep(pools, world);
        self.fetch_in_background(pools, world, out);
        self.bound_memory(pools);
        self.plan(pools);
    }

    /// Records that a request of another filter waits for this pool's keys: the pool is first at the next tick.
    pub fn want(&mut self, pool: PoolId) {
        self.wanted.insert(pool);
    }

    /// Computes when the next pool is due, after an answer.
    pub fn plan(&mut self, pools: &[PoolKeys]) {
        let caches = || pools.iter().filter_map(PoolKeys::jwks);
        self.under_way = caches().filter(|jwks| jwks.is_fetching()).count();
        self.next_due = caches().filter_map(JwksCache::due_at).min();
    }

    /// Records that a request needs keys of this pool.
    pub fn on_request(&mut self, pool: &PoolKeys) {
        let due_at = pool.jwks().and_then(JwksCache::due_at);
        self.next_due = match (self.next_due, due_at) {
            (Some(known), Some(due_at)) => Some(known.min(due_at)),
            (known, due_at) => known.or(due_at),
        };
    }

    /// Reports whether the next tick should come at once: a fetch is due and may begin. The time does not depend on the number of pools.
    pub fn wants_tick(&self, now: UnixTime) -> bool {
        let is_due = self.next_due.is_some_and(|due_at| due_at <= now);
        is_due && self.under_way < MAX_BACKGROUND_FETCHES && self.room_in_window(now) > 0
    }

    fn room_in_window(&self, now: UnixTime) -> usize {
        let is_over = now < self.window_began || now.since(self.window_began) >= WINDOW;
        let begun = if is_over { 0 } else { self.begun_in_window };
        FETCHES_PER_WINDOW.saturating_sub(begun)
    }

    fn fetch(
        &mut self,
        jwks: &mut JwksCache,
        most_under_way: usize,
        world: &Surroundings<'_>,
        out: &mut Vec<Command>,
    ) -> bool {
        let is_due = jwks.due_at().is_some_and(|due_at| due_at <= world.now);
        if !is_due || self.under_way >= most_under_way {
            return false;
        }
        if jwks.fetch_if_due(world, out) {
            self.under_way = self.under_way.saturating_add(1);
        }
        true
    }

    /// Begins with another pool each time, so that several workers do not compete for the same leases.
    fn fetch_in_background(&mut self, pools: &mut [PoolKeys], world: &Surroundings<'_>, out: &mut Vec<Command>) {
        let mut room = self.room_in_window(world.now);
        if room == FETCHES_PER_WINDOW {
            self.window_began = world.now;
            self.begun_in_window = 0;
        }
        let begin =
            usize::try_from(world.random.checked_rem(pools.len() as u64).unwrap_or_default()).unwrap_or_default();
        let (first, second) = pools.split_at_mut_checked(begin).unwrap_or_default();
        for jwks in second.iter_mut().chain(first).filter_map(PoolKeys::jwks_mut) {
            if room == 0 {
                break;
            }
            if self.fetch(jwks, MAX_BACKGROUND_FETCHES, world, out) {
                room = room.saturating_sub(1);
                self.begun_in_window = self.begun_in_window.saturating_add(1);
            }
        }
    }

    /// Adopts what other workers have fetched, for as many pools as [`SWEEP`] requires.
    fn sweep(&mut self, pools: &mut [PoolKeys], world: &Surroundings<'_>) {
        let count = pools.len();
        let elapsed = if world.now < self.swept_at {
            SWEEP
        } else {
            world.now.since(self.swept_at)
        };
        self.swept_at = world.now;
        let share = count
            .saturating_mul(usize::try_from(elapsed.as_millis()).unwrap_or(usize::MAX))
            .div_ceil(500)
            .clamp(1, count.max(1));
        debug_assert_eq!(SWEEP.as_millis(), 500);
        let portion = if count <= FEW_POOLS { count } else { share };
        for _ in 0..portion {
            self.cursor = match self.cursor.saturating_add(1) {
                next if next < count => next,
                _ => 0,
            };
            if let Some(jwks) = pools.get_mut(self.cursor).and_then(PoolKeys::jwks_mut) {
                jwks.read(world);
            }
        }
    }

    fn bound_memory(&self, pools: &mut [PoolKeys]) {
        let mut bytes = pools
            .iter()
            .filter_map(PoolKeys::jwks)
            .map(JwksCache::bytes)
            .fold(0, usize::saturating_add);
        if bytes <= self.max_set_bytes {
            return;
        }
        let used = pools.iter().map(PoolKeys::jwks).enumerate();
        let mut oldest: BinaryHeap<_> = used
            .filter_map(|(place, jwks)| jwks.map(|jwks| Reverse((jwks.used_at(), place))))
            .collect();
        while bytes > self.max_set_bytes
            && let Some(Reverse((_, place))) = oldest.pop()
        {
            if let Some(jwks) = pools.get_mut(place).and_then(PoolKeys::jwks_mut) {
                let before = jwks.bytes();
                jwks.evict();
                bytes = bytes.saturating_sub(before.saturating_sub(jwks.bytes()));
            }
        }
    }
}

#[cfg(test)]
mod tests;
