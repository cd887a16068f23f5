//! Methods: how closely one fits a rule's list, and requests whose method servers read differently.

use super::closeness::Closeness;
use super::request::RequestAmbiguous;
use crate::request::{RequestHead, folds_to, is_token_byte};

/// Headers with which frameworks replace the method (Rails, Symfony, Spring, Express' `method-override`), folded as upstreams may
/// fold them, see [`fold`](crate::request::fold).
const OVERRIDES: [&str; 3] = ["x-http-method-override", "x-http-method", "x-method-override"];

/// Returns how closely the method fits a list of upper-case names; `None` if it does not.
///
/// Methods are case-sensitive (RFC 9110, section 9.1) and Envoy passes `delete` on over HTTP/2, but Django and Flask run it as
/// `DELETE`. In most frameworks, the handler of `GET` also serves `HEAD`.
pub(in crate::rules) fn closeness(names: &[String], method: &[u8]) -> Option<Closeness> {
    if names.iter().any(|name| name.as_bytes() == method) {
        return Some(Closeness::Exact);
    }
    let is_loosely = |name: &String| {
        method.eq_ignore_ascii_case(name.as_bytes()) || (name == "GET" && method.eq_ignore_ascii_case(b"HEAD"))
    };
    names.iter().any(is_loosely).then_some(Closeness::Loose)
}

/// Checks that all servers read the method of this request in the same way.
///
/// # Errors
/// It is not a token, or a header names another method.
pub(in crate::rules) fn check(head: &RequestHead<'_>) -> Result<(), RequestAmbiguous> {
    if !is_token(head.method()) {
        return Err(RequestAmbiguous::Method);
    }
    if is_overridden(head) {
        return Err(RequestAmbiguous::MethodOverride);
    }
    Ok(())
}

/// Reports whether a header names another method than the request's own. The same method in another case and an empty value are not another method.
pub fn is_overridden(head: &RequestHead<'_>) -> bool {
    let method = head.method();
    head.iter()
        .filter(|(name, _)| is_override(name))
        .map(|(_, value)| value.trim_ascii())
        .any(|value| !value.is_empty() && !value.eq_ignore_ascii_case(method))
}

fn is_override(name: &[u8]) -> bool {
    OVERRIDES.iter().any(|known| folds_to(known.as_bytes(), name))
}

fn is_token(text: &[u8]) -> bool {
    !text.is_empty() && text.iter().all(|byte| is_token_byte(*byte))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_case_and_head_for_get_fit_loosely() {
        use Closeness::{Exact, Loose};
        for (names, method, expected) in [
            (&["GET"][..], "GET", Some(Exact)),
            (&["GET"], "get", Some(Loose)),
            (&["GET"], "Get", Some(Loose)),
            (&["GET"], "HEAD", Some(Loose)),
            (&["GET"], "head", Some(Loose)),
            (&["GET", "HEAD"], "HEAD", Some(Exact)),
            (&["GET", "HEAD"], "head", Some(Loose)),
            (&["HEAD"], "GET", None),
            (&["DELETE"], "delete", Some(Loose)),
            (&["DELETE"], "DELETED", None),
            (&["PUT", "DELETE"], "DELETE", Some(Exact)),
            (&["POST"], "HEAD", None),
            (&["POST"], "", None),
        ] {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            assert_eq!(closeness(&names, method.as_bytes()), expected, "{names:?} {method}");
        }
    }

    #[test]
    fn a_method_that_servers_read_in_different_ways_is_ambiguous() {
        use RequestAmbiguous::{Method, MethodOverride};
        let table: &[(&str, &[(&str, &str)], Result<(), RequestAmbiguous>)] = &[
            ("GET", &[], Ok(())),
            ("get", &[], Ok(())),
            ("M-SEARCH", &[], Ok(())),
            ("", &[], Err(Method)),
            ("GET ", &[], Err(Method)),
            ("GET,DELETE", &[], Err(Method)),
            ("G\u{e9}T", &[], Err(Method)),
            ("POST", &[("x-http-method-override", "DELETE")], Err(MethodOverride)),
            ("POST", &[("x-http-method", "DELETE")], Err(MethodOverride)),
            ("POST", &[("x-method-override", "DELETE")], Err(MethodOverride)),
            ("POST", &[("X_HTTP.Method~Override", "DELETE")], Err(MethodOverride)),
            (
                "POST",
                &[("x-http-method-override", "PATCH, POST")],
                Err(MethodOverride),
            ),
            ("POST", &[("x-http-method-override", "\u{0}")], Err(MethodOverride)),
            (
                "POST",
                &[("x-http-method-override", "POST"), ("x-http-method-override", "PUT")],
                Err(MethodOverride),
            ),
            ("POST", &[("x-http-method-override", "POST")], Ok(())),
            ("POST", &[("x-http-method-override", "post")], Ok(())),
            ("post", &[("x-http-method-override", "POST")], Ok(())),
            ("POST", &[("x-http-method-override", "")], Ok(())),
            ("POST", &[("x-http-method-override", " \t")], Ok(())),
            (
                "POST",
                &[("x-http-methods", "DELETE"), ("http-method", "DELETE")],
                Ok(()),
            ),
        ];
        for (method, headers, expected) in table {
            let mut all = vec![(&b":method"[..], method.as_bytes())];
            all.extend(headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes())));
            assert_eq!(check(&RequestHead::new(all)), *expected, "{method:?} {headers:?}");
        }
    }
}
