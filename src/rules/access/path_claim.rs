//! `path_claims` of a requirement: a segment of the path equals the claim, or an element of it.

use crate::token::claims::ClaimView;
use crate::token::json::elements;

/// Reports whether a path's segment equals the claim whose JSON text is `raw`, or one of its elements if it is a list. A number
/// is compared as its JSON text in the token: `4.2e1` is not `42`, so that one value has one path. A boolean, `null`,
/// an object and a list inside a list equal nothing.
pub(super) fn segment_equals(raw: &str, segment: &str) -> bool {
    match elements(raw) {
        Some(elements) => elements.into_iter().any(|element| is_scalar(element, segment)),
        None => is_scalar(raw, segment),
    }
}

fn is_scalar(raw: &str, segment: &str) -> bool {
    match ClaimView::of(raw) {
        ClaimView::Text(text) => text == segment,
        ClaimView::Number(_) => raw == segment,
        ClaimView::Bool(_) | ClaimView::Null | ClaimView::List(_) | ClaimView::Object(_) => false,
    }
}
