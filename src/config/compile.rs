//! Part of the configuration.
