//! What the core asks of the world: the narrow traits and plain values, in one place.

use crate::call::SendCall;
use crate::keys::refresh::Surroundings;
use crate::keys::shared::SharedStore;
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
    /// What a key ring sees of the world.
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
    /// The route's name; empty if it has none.
    fn name(&self) -> Vec<u8>;

    /// The route's own decision in `filter_metadata: {cognito: {auth, groups, scopes}}`.
    fn metadata(&self) -> RouteMetadata;
}

/// The metadata that a route may have for this filter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RouteMetadata {
    /// None, or nothing in it that the filter knows.
    Absent,
    /// What it says, as it came: each field is checked by [`crate::rules`].
    Present {
        /// `auth`.
        auth: Option<MetadataValue>,
        /// `groups`.
        groups: Option<MetadataValue>,
        /// `scopes`.
        scopes: Option<MetadataValue>,
    },
    /// The host's answer cannot be read.
    Unreadable,
}

/// A metadata value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MetadataValue {
    /// A string.
    Text(String),
    /// A list of strings.
    List(Vec<String>),
    /// Anything else.
    Other,
}
