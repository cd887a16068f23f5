//! The matcher of one claim in `claims` of a requirement.

use crate::token::claim_ref::{ClaimLookup, ClaimRef};
use crate::token::claims::ClaimView;
use crate::token::merged::MergedClaims;

/// What a claim must be. Each element of a list claim is checked; a list inside it and an object equal nothing.
#[derive(Clone, Debug, PartialEq)]
pub enum ClaimMatcher {
    /// It equals one of these values, or is a list that contains one of them.
    OneOf(Vec<ClaimValue>),
    /// It is present, and [`ClaimMatcher::OneOf`] these does not hold.
    NoneOf(Vec<ClaimValue>),
    /// A string begins with this.
    Prefix(String),
    /// A string ends with this.
    Suffix(String),
    /// A string contains this.
    Contains(String),
    /// One of these is a word of a string that is split at spaces.
    Words(Vec<String>),
    /// Whether it is present: `null`, `""` and `[]` are not.
    Present(bool),
}

/// A value that a claim is compared with: a JSON string, number or boolean.
#[derive(Clone, Debug, PartialEq)]
pub enum ClaimValue {
    /// A string.
    Text(String),
    /// A number. Numbers beyond [`MAX_EXACT_NUMBER`] equal nothing.
    Number(f64),
    /// A boolean.
    Bool(bool),
}

/// 2^53: up to here a double holds every integer, beyond it two different numbers of JSON become one (RFC 8259, section 6).
pub const MAX_EXACT_NUMBER: f64 = 9_007_199_254_740_992.0;

/// Claims that are booleans in ID tokens and strings in UserInfo's answers: `true` and `"true"` are equal for them, as for
/// identity headers.
const FLAGS: [&str; 2] = ["email_verified", "phone_number_verified"];

impl ClaimMatcher {
    /// Reports whether the claim meets the matcher. An unverified attribute never does.
    pub fn holds(&self, claim: &ClaimRef, claims: &MergedClaims<'_>) -> bool {
        let found = match claim.look_up(claims) {
            ClaimLookup::Unverified => return false,
            ClaimLookup::Absent => ClaimView::Null,
            ClaimLookup::Found(raw) => ClaimView::of(raw),
        };
        let is_flag = is_flag(claim);
        match self {
            ClaimMatcher::OneOf(values) => equals_one(&found, values, is_flag),
            ClaimMatcher::NoneOf(values) => is_present(&found) && !equals_one(&found, values, is_flag),
            ClaimMatcher::Prefix(prefix) => any_text(&found, |text| text.starts_with(prefix.as_str())),
            ClaimMatcher::Suffix(suffix) => any_text(&found, |text| text.ends_with(suffix.as_str())),
            ClaimMatcher::Contains(part) => any_text(&found, |text| text.contains(part.as_str())),
            ClaimMatcher::Words(words) => any_text(&found, |text| {
                text.split(' ').any(|word| words.iter().any(|wanted| wanted == word))
            }),
            ClaimMatcher::Present(wanted) => is_present(&found) == *wanted,
        }
    }
}

fn is_flag(claim: &ClaimRef) -> bool {
    let is_whole = match claim {
        ClaimRef::Name(_) => true,
        ClaimRef::Pointer(steps) => steps.len() == 1,
    };
    is_whole && FLAGS.contains(&claim.top_level())
}

fn is_present(found: &ClaimView<'_>) -> bool {
    match found {
        ClaimView::Null => false,
        ClaimView::Text(text) => !text.is_empty(),
        ClaimView::List(elements) => !elements.is_empty(),
        ClaimView::Number(_) | ClaimView::Bool(_) | ClaimView::Object(_) => true,
    }
}

fn equals_one(found: &ClaimView<'_>, values: &[ClaimValue], is_flag: bool) -> bool {
    let equals = |found: &ClaimView<'_>| values.iter().any(|value| value.equals(found, is_flag));
    match found {
        ClaimView::List(elements) => elements.iter().any(equals),
        single => equals(single),
    }
}

/// Reports whether `test` holds for the claim, if it is a string, or for one of its strings, if it is a list.
fn any_text(found: &ClaimView<'_>, test: impl Fn(&str) -> bool) -> bool {
    let is_text = |found: &ClaimView<'_>| matches!(found, ClaimView::Text(text) if test(text));
    match found {
        ClaimView::List(elements) => elements.iter().any(is_text),
        single => is_text(single),
    }
}

impl ClaimValue {
    fn equals(&self, found: &ClaimView<'_>, is_flag: bool) -> bool {
        match (self, found) {
            (ClaimValue::Text(wanted), ClaimView::Text(found)) => found == wanted,
            (ClaimValue::Number(wanted), ClaimView::Number(found)) => {
                found == wanted && wanted.abs() < MAX_EXACT_NUMBER
            }
            (ClaimValue::Bool(wanted), ClaimView::Bool(found)) => found == wanted,
            (ClaimValue::Bool(truth), ClaimView::Text(text)) if is_flag => *text == *word(*truth),
            (ClaimValue::Text(text), ClaimView::Bool(truth)) if is_flag => text == word(*truth),
            _ => false,
        }
    }
}

fn word(truth: bool) -> &'static str {
    if truth { "true" } else { "false" }
}
