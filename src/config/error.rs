//! What is wrong with a configuration: the place and the mend, for a person to read.

use std::fmt;

/// One fault. Nothing decides on its kind, so the reason is prose: it says how to mend it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    /// The JSON path of the fault (`pools[0].client_ids`); empty for the whole configuration.
    pub path: String,
    /// What is wrong and how to mend it.
    pub reason: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("config: ")?;
        if !self.path.is_empty() {
            f.write_str(&self.path)?;
            f.write_str(": ")?;
        }
        f.write_str(&self.reason)
    }
}

/// Everything that is wrong with a configuration; shown as one line, of which the first [`SHOWN_ERRORS`] are told. Never empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigErrors(Vec<ConfigError>);

impl ConfigErrors {
    /// The first fault and those that follow.
    pub(in crate::config) fn new(mut errors: Vec<ConfigError>) -> ConfigErrors {
        if errors.is_empty() {
            // Not reachable while every reader reports what it refuses; a line that says little is better than none.
            errors.push(ConfigError {
                path: String::new(),
                reason: "is refused".into(),
            });
        }
        ConfigErrors(errors)
    }

    /// A fault of the configuration as a whole.
    pub(in crate::config) fn whole(reason: String) -> ConfigErrors {
        ConfigErrors(vec![ConfigError {
            path: String::new(),
            reason,
        }])
    }

    /// The faults, in the order in which they were found.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, error) in self.0.iter().take(SHOWN_ERRORS).enumerate() {
            if nth > 0 {
                f.write_str("; ")?;
            }
            error.fmt(f)?;
        }
        match self.0.len().saturating_sub(SHOWN_ERRORS) {
            0 => Ok(()),
            more => write!(f, "; and {more} more"),
        }
    }
}

impl std::error::Error for ConfigErrors {}

/// `text` in double quotes, on one line and no longer than [`SHOWN_CHARS`]: for names and values in messages.
pub(in crate::config) fn quoted(text: &str) -> String {
    let mut out = String::from("\"");
    for (nth, char) in text.chars().enumerate() {
        if nth >= SHOWN_CHARS {
            out.push('…');
            break;
        }
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            _ if char.is_control() => out.push('\u{fffd}'),
            _ => out.push(char),
        }
    }
    out.push('"');
    out
}

/// How many faults a line tells: more than a person mends at one go.
pub const SHOWN_ERRORS: usize = 20;

/// How many characters of a name or value a message shows: enough for every name that Cognito gives.
const SHOWN_CHARS: usize = 128;
