//! What the command-line tool and the playground have in common: configurations are found in files, checked, and decisions are
//! explained, all with the filter's own code. Nothing here opens a connection.

pub mod documents;
pub mod explain;
