//! The key set of a token's pool: its keys, or what to do without the right one.

use super::{Authenticator, Stop};
use crate::auth_context::Wait;
use crate::command::Command;
use crate::keys::PoolId;
use crate::keys::jwks::KeySet;
use crate::keys::refresh::Refetch;
use crate::metrics::Counter;
use crate::reject::Rejection;
use std::rc::Rc;

impl Authenticator<'_> {
    /// Returns the keys of a pool, unless there are none to use at this time.
    pub(super) fn usable_keys(&mut self, pool: PoolId) -> Result<Rc<KeySet>, Stop> {
        let keys = self.keys.get(pool.0).ok_or(Stop::Deny(Rejection::Internal, None))?;
        let Some(set) = keys.usable(self.env.now) else {
            return Err(self.wait_for(Wait::Keys(pool)));
        };
        if keys.is_stale(self.env.now) {
            self.out.push(Command::Count(Counter::JwksServedStale));
        }
        Ok(Rc::clone(set))
    }

    /// Decides about a `kid` that no key has: it may belong to a new key or be an attacker's invention. One fetch per cooldown
    /// shows it for all requests.
    pub(super) fn unknown_kid(&mut self, pool: PoolId, has_looked_again: bool) -> Stop {
        let unknown = Stop::Deny(Rejection::KeyUnknown, Some(pool));
        if has_looked_again {
            return unknown;
        }
        match self
            .keys
            .get_mut(pool.0)
            .map(|keys| keys.ask_for_unknown_kid(self.env.now))
        {
            Some(Some(Refetch::Wait(round))) => self.wait_for(Wait::Kid(pool, round)),
            Some(Some(Refetch::Throttled)) => {
                self.out.push(Command::Count(Counter::JwksRefetchThrottled));
                unknown
            }
            Some(None) | None => unknown,
        }
    }
}
