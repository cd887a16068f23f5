//! What the core asks of the world: the narrow traits and plain values, in one place.

use crate::call::SendCall;
use crate::keys::refresh::Surroundings;
use crate::keys::shared::SharedStore;
pub use crate::rules::route::{MetadataValue, RouteMetadata};
use crate::signature::VerifySignature;
use crate::time::UnixTime;

/// The world at the moment of one callback.
pub struct Env<'a> {
    /// The time.
    pub now: UnixTime,
    /// A random number, new for each callback.
    pub random: u64,
    /// Who verifies signatures.
    pub crypto: &'a dyn VerifySignature,
    /// What all workers see.
    pub shared: &'a dyn SharedStore,
    /// The way out.
    pub calls: &'a dyn SendCall,
}

impl<'a> Env<'a> {
    /// Returns what a key ring sees of the world.
    pub fn surroundings(&self) -> Surroundings<'a> {
        Surroundings {
            now: self.now,
            random: self.random,
            shared: self.shared,
            calls: self.calls,
        }
    }
}

/// What Envoy knows of the route that a request takes. Lookup only when it decides: each answer costs a host call.
pub trait DescribeRoute {
    /// Returns the route's name; empty if it has none.
    fn name(&self) -> Vec<u8>;

    /// Returns all that the route has in `filter_metadata: {cognito: {…}}`, unknown members included.
    fn metadata(&self) -> RouteMetadata;
}
