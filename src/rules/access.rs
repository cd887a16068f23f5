//! What a rule demands of a verified identity, and the permit that one gets who holds it.

use super::pattern::Captures;
use crate::time::UnixTime;
use crate::token::claims::{ClaimView, Claims};
use crate::token::merged::MergedClaims;
use crate::token::{Identity, TokenUse};
use std::fmt;
use std::rc::Rc;
use std::time::Duration;

/// What a rule demands; every given field must hold.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Requirement {
    /// Over `cognito:groups`.
    pub groups: AnyAll,
    /// Over the words of `scope`.
    pub scopes: AnyAll,
    /// The kind of token.
    pub token_use: Option<TokenUse>,
    /// One of these app clients; empty: no demand.
    pub client_ids: Vec<String>,
    /// Claims and the values of which each must equal (a list claim: contain) one.
    pub claims: Vec<(String, Vec<ClaimValue>)>,
    /// Names of the rule's template and the claim that the segment must equal.
    pub path_claims: Vec<(String, String)>,
    /// `auth_time` is present and no older; 1 to 31,536,000 s.
    pub max_age: Option<Duration>,
}

/// A demand on a list of words: one of `any` (if given) and each of `all`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct AnyAll {
    /// At least one of these; empty: no demand.
    pub any: Vec<String>,
    /// Each of these.
    pub all: Vec<String>,
}

/// A value that a claim is compared with: a JSON string, number or boolean.
#[derive(Clone, Debug, PartialEq)]
pub enum ClaimValue {
    /// A string.
    Text(String),
    /// A number. Beyond [`MAX_EXACT_NUMBER`] none equals any.
    Number(f64),
    /// A boolean.
    Bool(bool),
}

/// 2^53: up to here a double holds every integer, beyond it two different numbers of JSON become one (RFC 8259, section 6).
pub const MAX_EXACT_NUMBER: f64 = 9_007_199_254_740_992.0;

/// Somebody whose identity holds all that was demanded. Only [`Requirement::authorize`] makes one.
#[derive(Debug)]
pub struct Permit<T> {
    holder: Rc<T>,
}

impl<T> Permit<T> {
    /// Who it is for.
    pub fn holder(&self) -> &Rc<T> {
        &self.holder
    }
}

/// Why an identity gets no permit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Forbidden {
    /// `not_permitted`: a new sign-in would change nothing.
    NotPermitted {
        /// The first demand that does not hold.
        unmet: Unmet,
        /// All scopes that are demanded, for `scope` of `www-authenticate` (RFC 6750, section 3); empty if none are,
        /// and whether or not it was they that were missing.
        scopes: Vec<String>,
    },
    /// `reauthentication_required`: all but the age of the sign-in holds (RFC 9470, section 3).
    ReauthenticationRequired {
        /// How old a sign-in may be.
        max_age: Duration,
    },
}

/// A demand that does not hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unmet {
    /// `groups`.
    Groups,
    /// `scopes`.
    Scopes,
    /// `token_use`.
    TokenUse,
    /// `client_ids`.
    ClientIds,
    /// `claims`.
    Claims,
    /// `path_claims`.
    PathClaims,
}

impl fmt::Display for Unmet {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            Unmet::Groups => "the user is not in a group that may do this",
            Unmet::Scopes => "the token lacks a scope that this needs",
            Unmet::TokenUse => "this needs the other kind of token",
            Unmet::ClientIds => "the token's app client may not do this",
            Unmet::Claims => "a claim of the token does not have a value that this needs",
            Unmet::PathClaims => "the path belongs to somebody else",
        })
    }
}

impl fmt::Display for Forbidden {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Forbidden::NotPermitted { unmet, .. } => unmet.fmt(out),
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
    /// Gives whoever has an identity a permit if that holds all that is demanded. `captures` are the segments that
    /// `path_claims` name. `clock_skew` is how far `auth_time` may lie in the future; `max_age` itself takes no skew.
    ///
    /// # Errors
    /// A demand does not hold; the age of the sign-in is looked at last.
    pub fn authorize<T: AsRef<Identity>>(
        &self,
        holder: &Rc<T>,
        captures: &Captures,
        now: UnixTime,
        clock_skew: Duration,
    ) -> Result<Permit<T>, Forbidden> {
        let identity = (**holder).as_ref();
        if !self.demands_no_claim()
            && let Some(unmet) = self.first_unmet(identity, captures)
        {
            return Err(Forbidden::NotPermitted {
                unmet,
                scopes: self.scopes.demanded(),
            });
        }
        if let Some(max_age) = self.max_age
            && !signed_in_within(identity.claims().auth_time(), max_age, now, clock_skew)
        {
            return Err(Forbidden::ReauthenticationRequired { max_age });
        }
        Ok(Permit {
            holder: Rc::clone(holder),
        })
    }

    /// Whether all but `max_age` is left open, as it is by default.
    fn demands_no_claim(&self) -> bool {
        // Taken apart whole: a field more must be thought of here.
        let Requirement {
            groups,
            scopes,
            token_use,
            client_ids,
            claims,
            path_claims,
            max_age: _,
        } = self;
        groups.is_empty()
            && scopes.is_empty()
            && token_use.is_none()
            && client_ids.is_empty()
            && claims.is_empty()
            && path_claims.is_empty()
    }

    #[inline(never)]
    fn first_unmet(&self, identity: &Identity, captures: &Captures) -> Option<Unmet> {
        let claims = identity.claims();
        let scopes = claims.scope().unwrap_or_default();
        let demands = [
            (Unmet::Groups, self.groups.hold(|| claims.groups())),
            (Unmet::Scopes, self.scopes.hold(|| scopes.split(' '))),
            (
                Unmet::TokenUse,
                self.token_use.is_none_or(|wanted| wanted == identity.token_use()),
            ),
            (Unmet::ClientIds, self.client_holds(identity)),
            (
                Unmet::Claims,
                self.claims
                    .iter()
                    .all(|(name, values)| claim_holds(claims, name, values)),
            ),
            (
                Unmet::PathClaims,
                self.path_claims
                    .iter()
                    .all(|(name, claim)| path_claim_holds(claims, claim, captures.value(name))),
            ),
        ];
        demands.into_iter().find(|(_, holds)| !holds).map(|(unmet, _)| unmet)
    }

    /// Of several audiences of an ID token any may be the one, as for the pool (RFC 7519, section 4.1.3).
    fn client_holds(&self, identity: &Identity) -> bool {
        let is_for = |client: &String| match identity.token_use() {
            TokenUse::Id => identity.claims().audience().any(|audience| audience == client),
            TokenUse::Access => **identity.client() == **client,
        };
        self.client_ids.is_empty() || self.client_ids.iter().any(is_for)
    }
}

impl AnyAll {
    fn is_empty(&self) -> bool {
        let AnyAll { any, all } = self;
        any.is_empty() && all.is_empty()
    }

    /// Whether the words that `found` gives hold what is demanded. It is asked anew for each word: both lists are short.
    fn hold<'w, I: Iterator<Item = &'w str>>(&self, found: impl Fn() -> I) -> bool {
        let has = |wanted: &String| found().any(|word| word == wanted);
        (self.any.is_empty() || self.any.iter().any(has)) && self.all.iter().all(has)
    }

    /// Each word once.
    fn demanded(&self) -> Vec<String> {
        let mut words: Vec<String> = Vec::new();
        for word in self.all.iter().chain(&self.any) {
            if !words.contains(word) {
                words.push(word.clone());
            }
        }
        words
    }
}

/// Whether the claim equals one of `values`, or is a list that contains one.
fn claim_holds(claims: &Claims, name: &str, values: &[ClaimValue]) -> bool {
    match trusted(claims, name) {
        None => false,
        Some(ClaimView::List(elements)) => elements.iter().any(|element| equals_one(element, values)),
        Some(single) => equals_one(&single, values),
    }
}

fn equals_one(found: &ClaimView<'_>, values: &[ClaimValue]) -> bool {
    values.iter().any(|value| match (value, found) {
        (ClaimValue::Text(wanted), ClaimView::Text(found)) => found == wanted,
        (ClaimValue::Number(wanted), ClaimView::Number(found)) => found == wanted && wanted.abs() < MAX_EXACT_NUMBER,
        (ClaimValue::Bool(wanted), ClaimView::Bool(found)) => found == wanted,
        _ => false,
    })
}

/// Whether a path's segment is the claim: a string's text, a number's or boolean's JSON as it stands in the token. `4.2e1` is
/// not `42`: one value has one path. An absent segment or claim equals nothing, nor does a list, an object or `null`.
fn path_claim_holds(claims: &Claims, name: &str, segment: Option<&str>) -> bool {
    let Some(segment) = segment else { return false };
    match trusted(claims, name) {
        Some(ClaimView::Text(text)) => text == segment,
        Some(ClaimView::Number(_) | ClaimView::Bool(_)) => claims.raw(name) == Some(segment),
        None | Some(ClaimView::Null | ClaimView::List(_) | ClaimView::Object(_)) => false,
    }
}

/// The claim, unless the user could have written it: Cognito lets users change their own address and number.
fn trusted<'c>(claims: &'c Claims, name: &str) -> Option<ClaimView<'c>> {
    let is_trustworthy = MergedClaims::new(claims.set(), None).is_trustworthy(name);
    is_trustworthy.then(|| claims.view(name)).flatten()
}

/// Whether the sign-in is at most `max_age` ago, and not from the future (OpenID Connect Core, section 3.1.2.1; RFC 9470).
fn signed_in_within(auth_time: Option<f64>, max_age: Duration, now: UnixTime, clock_skew: Duration) -> bool {
    auth_time.is_some_and(|auth_time| {
        now.as_secs_f64() - auth_time <= max_age.as_secs_f64() && auth_time <= now.after(clock_skew).as_secs_f64()
    })
}

#[cfg(test)]
mod tests;
