//! A token in `sec-websocket-protocol`, for browsers: they can set no other header on a WebSocket.
//!
//! The client offers a protocol of the configured name and, next to it, the token as if it were a protocol, or both as one element
//! with a dot between them. The upstream must not select either of them, so they are removed from every request.

use super::{TokenSource, trimmed};
use crate::command::{Command, HeaderEdit, ResponseEdit};
use crate::request::RequestHead;
use crate::token::malformed::Malformed;

/// The header of the protocols that a client offers (RFC 6455, section 11.3.4).
const HEADER: &str = "sec-websocket-protocol";

/// The content of the header.
#[derive(Debug, Default, PartialEq, Eq)]
struct Offer<'s, 'a> {
    credentials: Vec<Offered<'s, 'a>>,
    /// The other elements, in order.
    protocols: Vec<&'a [u8]>,
}

/// A credential in the header.
#[derive(Debug, PartialEq, Eq)]
struct Offered<'s, 'a> {
    /// The name of its source.
    name: &'s str,
    /// Whether name and token are two elements.
    is_pair: bool,
    /// The text in the place of the token; empty if there is none.
    token: &'a [u8],
}

/// Returns the token that is offered with `name`, one of the names among `sources`.
///
/// # Errors
/// The name without a token, or two of them.
#[inline(never)]
pub(super) fn find<'a>(
    name: &str,
    sources: &[TokenSource],
    head: &RequestHead<'a>,
) -> Result<Option<&'a [u8]>, Malformed> {
    let offer = Offer::read(sources, head);
    let mut credentials = offer.credentials.iter().filter(|offered| offered.name == name);
    match (credentials.next(), credentials.next()) {
        (None, _) => Ok(None),
        (Some(_), Some(_)) => Err(Malformed::SeveralCredentials),
        (Some(only), None) if only.token.is_empty() => Err(Malformed::EmptyCredential),
        (Some(only), None) => Ok(Some(only.token)),
    }
}

/// Appends the commands that remove names and tokens from the request, independent of the decision, and that select the name if the
/// upstream selects no protocol: browsers close a connection whose response selects none of the protocols that they offered.
pub fn take_out(sources: &[TokenSource], head: &RequestHead<'_>, out: &mut Vec<Command>) {
    if names(sources).next().is_none() {
        return;
    }
    let offer = Offer::read(sources, head);
    if offer.credentials.is_empty() {
        return;
    }
    out.push(Command::Edit(HeaderEdit::Remove(HEADER.as_bytes().to_vec())));
    if !offer.protocols.is_empty() {
        out.push(Command::Edit(HeaderEdit::Set(HEADER, offer.protocols.join(&b", "[..]))));
    }
    // A token must not be echoed, so a client that sends it in one element with the name must offer another protocol.
    if let Some(pair) = offer.credentials.iter().find(|offered| offered.is_pair) {
        out.push(Command::EditResponse(ResponseEdit::websocket_protocol(pair.name)));
    }
}

fn names(sources: &[TokenSource]) -> impl Iterator<Item = &str> {
    sources.iter().filter_map(|source| match source {
        TokenSource::WebSocketProtocol(name) => Some(name.as_str()),
        _ => None,
    })
}

impl<'s, 'a> Offer<'s, 'a> {
    /// Reads all values of the header as one list (RFC 9110, section 5.6.1: empty elements do not count). Names are compared
    /// exactly.
    fn read(sources: &'s [TokenSource], head: &RequestHead<'a>) -> Offer<'s, 'a> {
        let mut offer = Offer::default();
        let values = head.values(HEADER);
        let mut elements = values
            .flat_map(|value| value.split(|byte| *byte == b','))
            .map(trimmed)
            .filter(|element| !element.is_empty())
            .peekable();
        while let Some(element) = elements.next() {
            if let Some(name) = names(sources).find(|name| name.as_bytes() == element) {
                // A name after it is not a token: that name's own token must be removed, too.
                let token = elements.next_if(|next| !begins_credential(sources, next));
                offer.credentials.push(Offered {
                    name,
                    is_pair: true,
                    token: token.unwrap_or_default(),
                });
            } else if let Some((name, token)) = names(sources).find_map(|name| Some((name, behind_dot(name, element)?)))
            {
                offer.credentials.push(Offered {
                    name,
                    is_pair: false,
                    token,
                });
            } else {
                offer.protocols.push(element);
            }
        }
        offer
    }
}

fn begins_credential(sources: &[TokenSource], element: &[u8]) -> bool {
    names(sources).any(|name| name.as_bytes() == element || behind_dot(name, element).is_some())
}

fn behind_dot<'a>(name: &str, element: &'a [u8]) -> Option<&'a [u8]> {
    element.strip_prefix(name.as_bytes())?.strip_prefix(b".")
}

#[cfg(test)]
mod tests {
    use super::super::test_support::*;
    use super::*;

    #[test]
    fn the_token_is_found_and_taken_out() {
        let source = TokenSource::WebSocketProtocol("cognito".to_owned());
        // The credential, the header that the upstream gets, whether the name is selected.
        type Row = (&'static [&'static str], Found<'static>, Option<&'static str>, bool);
        let table: &[Row] = &[
            (&["cognito, a.b.c"], token("a.b.c"), Some(""), true),
            (&["cognito,a.b.c"], token("a.b.c"), Some(""), true),
            (&["cognito", "a.b.c"], token("a.b.c"), Some(""), true),
            (&["cognito , ,\ta.b.c,"], token("a.b.c"), Some(""), true),
            (
                &["chat, cognito, a.b.c, graphql-ws"],
                token("a.b.c"),
                Some("chat, graphql-ws"),
                true,
            ),
            (
                &["chat", "cognito,a.b.c", "graphql-ws"],
                token("a.b.c"),
                Some("chat, graphql-ws"),
                true,
            ),
            (&["cognito.a.b.c"], token("a.b.c"), Some(""), false),
            (&["cognito.a.b.c, chat"], token("a.b.c"), Some("chat"), false),
            (&["chat,cognito.a.b.c"], token("a.b.c"), Some("chat"), false),
            // Without a token.
            (&["cognito"], EMPTY, Some(""), true),
            (&["chat, cognito"], EMPTY, Some("chat"), true),
            (&["cognito."], EMPTY, Some(""), false),
            // Two.
            (&["cognito, a, cognito, b"], SEVERAL, Some(""), true),
            (&["cognito, a, chat, cognito, a"], SEVERAL, Some("chat"), true),
            (&["cognito.a, chat, cognito.b"], SEVERAL, Some("chat"), false),
            (&["cognito.a, cognito, b, chat"], SEVERAL, Some("chat"), true),
            (&["cognito, cognito, a"], SEVERAL, Some(""), true),
            (&["cognito, cognito.a"], SEVERAL, Some(""), true),
            // None.
            (&[], NONE, None, false),
            (&[""], NONE, None, false),
            (&["chat, a.b.c"], NONE, None, false),
            (&["Cognito, a.b.c"], NONE, None, false),
            (&["cognito2, a.b.c"], NONE, None, false),
            (&["xcognito.a.b.c"], NONE, None, false),
        ];
        for (values, expected, left, is_answered) in table {
            let bytes: Vec<&[u8]> = values.iter().map(|value| value.as_bytes()).collect();
            assert_found_in(&source, HEADER, &bytes, *expected);
            let head = RequestHead::new(bytes.iter().map(|value| (HEADER.as_bytes(), *value)).collect());
            let mut out = Vec::new();
            take_out(std::slice::from_ref(&source), &head, &mut out);
            let mut wanted = Vec::new();
            if let Some(left) = left {
                wanted.push(Command::Edit(HeaderEdit::Remove(HEADER.into())));
                if !left.is_empty() {
                    wanted.push(Command::Edit(HeaderEdit::Set(HEADER, left.as_bytes().to_vec())));
                }
            }
            if *is_answered {
                wanted.push(Command::EditResponse(ResponseEdit::websocket_protocol("cognito")));
            }
            assert_eq!(out, wanted, "{values:?}");
        }
    }

    #[test]
    fn several_names_stand_side_by_side() {
        let sources = ["one", "two", "one.x"].map(|name| TokenSource::WebSocketProtocol(name.to_owned()));
        let offer = |value: &'static str| {
            let head = RequestHead::new(vec![(HEADER.as_bytes(), value.as_bytes())]);
            let offer = Offer::read(&sources, &head);
            let credentials = offer.credentials.iter();
            let credentials: Vec<_> = credentials
                .map(|offered| {
                    (
                        offered.name,
                        offered.is_pair,
                        std::str::from_utf8(offered.token).unwrap(),
                    )
                })
                .collect();
            (credentials, offer.protocols.len())
        };
        assert_eq!(
            offer("two, a, one, b"),
            (vec![("two", true, "a"), ("one", true, "b")], 0)
        );
        assert_eq!(offer("one, two, a"), (vec![("one", true, ""), ("two", true, "a")], 0));
        assert_eq!(offer("one.x, a, chat"), (vec![("one.x", true, "a")], 1));
        assert_eq!(offer("one.y, a"), (vec![("one", false, "y")], 1));
        // The first source that holds a credential is used alone.
        assert_found(&sources, &[(HEADER, b"two, a, one, b")], token("b"));
    }
}
