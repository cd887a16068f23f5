//! The core's view of its host: narrow traits and plain values.

use crate::call::SendCall;
use crate::keys::refresh::Surroundings;
use crate::keys::shared::SharedStore;
pub use crate::rules::route::{MetadataValue, RouteMetadata};
use crate::signature::VerifySignature;
use crate::time::UnixTime;

/// The host during one callback.
pub struct Env<'a> {
    /// The time.
    pub now: UnixTime,
    /// A random number, new for each callback.
    pub random: u64,
    /// The verification of signatures.
    pub crypto: &'a dyn VerifySignature,
    /// The store that all workers share.
    pub shared: &'a dyn SharedStore,
    /// HTTP calls.
    pub calls: &'a dyn SendCall,
}

impl<'a> Env<'a> {
    /// Returns the part of the host that the caches of keys use.
    pub fn surroundings(&self) -> Surroundings<'a> {
        Surroundings {
            now: self.now,
            random: self.random,
            shared: self.shared,
            calls: self.calls,
        }
    }
}

/// What Envoy knows about the route of a request. Each function is a host call, so it is used only if it can change the decision.
pub trait DescribeRoute {
    /// Returns the route's name; empty if it has none.
    fn name(&self) -> Vec<u8>;

    /// Returns all that the route has in `filter_metadata: {cognito: {…}}`, unknown members included.
    fn metadata(&self) -> RouteMetadata;
}
