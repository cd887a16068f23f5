//! The requirements of rules for a verified identity, and the permit for one that meets them.

mod alternative;
mod facts;
mod matcher;
mod path_claim;

pub use alternative::{Alternative, AnyAll, Unmet};
pub use facts::facts;
pub use matcher::{ClaimMatcher, ClaimValue, MAX_EXACT_NUMBER};

use super::pattern::Captures;
use crate::time::UnixTime;
use crate::token::Identity;
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// The requirement of one rule (`require`): one of its alternatives must hold. The default demands nothing.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requirement {
    /// At most 16, each with a demand. Empty: nothing is demanded.
    alternatives: Vec<Alternative>,
}

/// Proof that an identity meets all requirements. Only [`authorize_all`] creates one.
#[derive(Debug)]
pub struct Permit<T> {
    holder: Rc<T>,
}

impl<T> Permit<T> {
    /// Whose it is.
    pub fn holder(&self) -> &Rc<T> {
        &self.holder
    }
}

/// Why an identity gets no permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// `not_permitted`: a new sign-in would change nothing.
    NotPermitted {
        /// The first demand of each alternative that does not hold, without repetitions; never empty.
        unmet: Vec<Unmet>,
        /// The scopes that are demanded, for `scope` of `www-authenticate` (RFC 6750, section 3); empty if none are.
        /// They are included even if another demand failed.
        scopes: Vec<String>,
    },
    /// `reauthentication_required`: everything except the age of the sign-in holds (RFC 9470, section 3).
    ReauthenticationRequired {
        /// How old a sign-in may be.
        max_age: Duration,
    },
}

impl fmt::Display for Forbidden {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Forbidden::NotPermitted { unmet, .. } => {
                for (nth, unmet) in unmet.iter().enumerate() {
                    let separator = if nth > 0 { ", and " } else { "" };
                    write!(out, "{separator}{unmet}")?;
                }
                Ok(())
            }
            Forbidden::ReauthenticationRequired { max_age } => {
                write!(
                    out,
                    "this needs a sign-in within the last {} seconds",
                    max_age.as_secs()
                )
            }
        }
    }
}

impl Requirement {
    /// Returns the requirement that one of `alternatives` holds. One that demands nothing always does, so the others are dropped with it.
    pub fn one_of(alternatives: Vec<Alternative>) -> Requirement {
        if alternatives.iter().any(Alternative::demands_nothing) {
            return Requirement::default();
        }
        Requirement { alternatives }
    }

    /// Returns the alternatives of which one must hold; none if nothing is demanded.
    pub fn alternatives(&self) -> &[Alternative] {
        &self.alternatives
    }

    /// Reports whether any alternative uses segments of the path.
    pub fn uses_captures(&self) -> bool {
        self.alternatives
            .iter()
            .any(|alternative| !alternative.path_claims.is_empty())
    }

    /// Returns a permit for an identity that meets the requirement; [`authorize_all`] for one rule. `captures` are the segments that
    /// `path_claims` name. `clock_skew` is how far `auth_time` may lie in the future; `max_age` itself takes no skew.
    ///
    /// # Errors
    /// No alternative holds. If one of them fails by the age of the sign-in alone, that is the reason, since a new sign-in can fix it.
    pub fn authorize<T: AsRef<Identity>>(
        &self,
        holder: &Rc<T>,
        captures: &Captures,
        now: UnixTime,
        clock_skew: Duration,
    ) -> Result<Permit<T>, Forbidden> {
        authorize_all([(self, captures)], holder, now, clock_skew)
    }

    fn check(&self, identity: &Identity, captures: &Captures, now: UnixTime, clock_skew: Duration) -> Outcome {
        let mut all_unmet = Vec::new();
        let mut too_old = None;
        for alternative in &self.alternatives {
            match (alternative.first_unmet(identity, captures), alternative.max_age) {
                (Some(unmet), _) if all_unmet.contains(&unmet) => {}
                (Some(unmet), _) => all_unmet.push(unmet),
                (None, Some(max_age)) if !signed_in_within(identity, max_age, now, clock_skew) => {
                    too_old = too_old.or(Some(max_age));
                }
                (None, _) => return Outcome::Holds,
            }
        }
        match too_old {
            Some(max_age) => Outcome::TooOld(max_age),
            None if all_unmet.is_empty() => Outcome::Holds,
            None => Outcome::Unmet(all_unmet),
        }
    }

    /// Returns the scopes of the first alternative that demands some.
    fn demanded_scopes(&self) -> Vec<String> {
        let mut scopes = self.alternatives.iter().map(|alternative| alternative.scopes.words());
        scopes.find(|words| !words.is_empty()).unwrap_or_default()
    }
}

impl From<Alternative> for Requirement {
    fn from(only: Alternative) -> Requirement {
        Requirement::one_of(vec![only])
    }
}

/// Returns a permit for an identity that meets each of `requirements`, which come with the segments that their
/// `path_claims` name: one for each rule that demands something of the request. See [`Requirement::authorize`].
///
/// # Errors
/// A requirement does not hold. `not_permitted` comes first, since a new sign-in would not change it; its scopes are those
/// that all requirements demand together. If only sign-ins are too old, the new one must meet all of them, so the least age is used.
pub fn authorize_all<'r, T: AsRef<Identity>>(
    requirements: impl IntoIterator<Item = (&'r Requirement, &'r Captures), IntoIter: Clone>,
    holder: &Rc<T>,
    now: UnixTime,
    clock_skew: Duration,
) -> Result<Permit<T>, Forbidden> {
    let identity = (**holder).as_ref();
    let requirements = requirements.into_iter();
    let outcomes = requirements
        .clone()
        .map(|(requirement, captures)| requirement.check(identity, captures, now, clock_skew));
    match outcomes.fold(Outcome::Holds, Outcome::and) {
        Outcome::Holds => Ok(Permit {
            holder: Rc::clone(holder),
        }),
        Outcome::TooOld(max_age) => Err(Forbidden::ReauthenticationRequired { max_age }),
        Outcome::Unmet(unmet) => {
            let mut scopes = Vec::new();
            for (requirement, _) in requirements {
                merge_new(&mut scopes, requirement.demanded_scopes());
            }
            Err(Forbidden::NotPermitted { unmet, scopes })
        }
    }
}

/// The outcome of one requirement, or of several.
enum Outcome {
    Holds,
    /// Everything except the age of the sign-in holds, in the first such alternative.
    TooOld(Duration),
    /// See [`Forbidden::NotPermitted`].
    Unmet(Vec<Unmet>),
}

impl Outcome {
    /// Returns the outcome of two requirements that must both hold.
    fn and(self, other: Outcome) -> Outcome {
        match (self, other) {
            (Outcome::Unmet(unmet), _) | (_, Outcome::Unmet(unmet)) => Outcome::Unmet(unmet),
            (Outcome::TooOld(one), Outcome::TooOld(other)) => Outcome::TooOld(one.min(other)),
            (Outcome::TooOld(max_age), Outcome::Holds) | (Outcome::Holds, Outcome::TooOld(max_age)) => {
                Outcome::TooOld(max_age)
            }
            (Outcome::Holds, Outcome::Holds) => Outcome::Holds,
        }
    }
}

/// Reports whether the sign-in is at most `max_age` ago, and not from the future (OpenID Connect Core, section 3.1.2.1; RFC 9470).
fn signed_in_within(identity: &Identity, max_age: Duration, now: UnixTime, clock_skew: Duration) -> bool {
    identity.claims().auth_time().is_some_and(|auth_time| {
        now.as_secs_f64() - auth_time <= max_age.as_secs_f64() && auth_time <= now.after(clock_skew).as_secs_f64()
    })
}

/// Appends the words that are not in `words` yet.
fn merge_new(words: &mut Vec<String>, more: Vec<String>) {
    for word in more {
        if !words.contains(&word) {
            words.push(word);
        }
    }
}

#[cfg(test)]
mod tests;
