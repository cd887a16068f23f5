//! Paths: one spelling for all that mean the same, none for those whose meaning servers disagree on.

/// The paths that a rule is for, compiled from their configuration and compared with a normalized path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathPattern {
    /// This path.
    Exact(String),
    /// This path and all below it, by whole segments; kept without a slash at its end (`/` is the empty string).
    Prefix(String),
    /// Segment by segment.
    Template(Vec<Segment>),
}

/// One segment of a template.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Segment {
    /// This text, normalized.
    Literal(String),
    /// Any one segment, remembered under this name.
    Name(String),
    /// Any one segment.
    Any,
    /// No, one or more segments; the last of a template only.
    Rest,
}
