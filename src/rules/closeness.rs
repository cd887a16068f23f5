//! How closely a rule fits a request, and its consequences: the principle of all matching of rules.
//!
//! One request has several readings. `/ADMIN` is `/admin` to a server that ignores case, `//` is `/` to one that merges slashes,
//! `delete` is `DELETE` to Django and Flask, and `www.example.com:8443` is the virtual host `www.example.com` to an Envoy with
//! such domains. The filter cannot know which reading the server behind the proxy has. Therefore
//! **a rule that demands a token matches every reading of a request, a rule that opens only one**: the one with the rule's spelling.
//!
//! As a consequence, a loose match does not end the search. A demanding rule that fits only loosely may not be the intended one, so it
//! must not hide a stricter one that follows: its requirement is collected, and the walk continues to the first rule that fits exactly.
//! All collected requirements must hold.
//!
//! The fields of a match only report how closely they fit. [`Auth::step`] decides what that means.

use super::Auth;

/// How closely a rule, or one field of its match, fits a request. A rule fits as closely as its worst field.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Closeness {
    /// By a reading that some servers have: another case of a path or method, `HEAD` for `GET`, no port for the default one.
    Loose,
    /// By a spelling that differs only where the rule allows it: merged slashes, a port that the rule does not name.
    Equivalent,
    /// With the rule's spelling.
    Exact,
}

/// The effect of a matching rule on the walk through the list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Its requirement is collected, and the walk continues.
    Collect,
    /// It ends the walk; its requirement is collected, too.
    End,
}

impl Auth {
    /// Returns the effect of a rule that fits a request this closely; `None` if it does not match then.
    pub fn step(self, closeness: Closeness) -> Option<Step> {
        match (self, closeness) {
            (Auth::Required, Closeness::Exact | Closeness::Equivalent) => Some(Step::End),
            (Auth::Required, Closeness::Loose) => Some(Step::Collect),
            (Auth::Optional | Auth::None, Closeness::Exact) => Some(Step::End),
            (Auth::Optional | Auth::None, Closeness::Equivalent | Closeness::Loose) => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_rule_that_demands_matches_every_reading_and_a_rule_that_opens_one() {
        use Closeness::{Equivalent, Exact, Loose};
        for (auth, closeness, step) in [
            (Auth::Required, Exact, Some(Step::End)),
            (Auth::Required, Equivalent, Some(Step::End)),
            (Auth::Required, Loose, Some(Step::Collect)),
            (Auth::Optional, Exact, Some(Step::End)),
            (Auth::Optional, Equivalent, None),
            (Auth::Optional, Loose, None),
            (Auth::None, Exact, Some(Step::End)),
            (Auth::None, Equivalent, None),
            (Auth::None, Loose, None),
        ] {
            assert_eq!(auth.step(closeness), step, "{auth:?} {closeness:?}");
        }
        assert!(Loose < Equivalent && Equivalent < Exact);
    }
}
