//! The host's functions beyond the ABI, for signatures.

use crate::abi;
use cognito_jwt::signature::host::{CallForeign, ForeignError};

/// Calls the host's foreign functions.
pub struct HostFunctions;

impl CallForeign for HostFunctions {
    fn call(&self, name: &str, argument: &[u8]) -> Result<Option<Vec<u8>>, ForeignError> {
        abi::call_foreign_function(name, argument)
            .map(Some)
            .map_err(|status| match status {
                abi::NOT_FOUND => ForeignError::NotFound,
                abi::HostStatus(other) => ForeignError::Other(other),
            })
    }
}
