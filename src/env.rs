//! What the core asks of the world: the narrow traits, in one place.
