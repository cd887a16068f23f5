//! The headers that only the filter may set: removed from every request before any other step, so that no client can forge an
//! identity.
//!
//! Upstreams fold the names of headers before an application reads them, and not all in the same way. Names are therefore
//! compared as the loosest of them reads them, see [`fold`].

use crate::command::{Command, HeaderEdit};
use crate::request::{RequestHead, fold, folds_to, is_token_byte};
use std::collections::BTreeSet;

/// Every name with this prefix is reserved, whether it is configured or not.
const PREFIX: &[u8] = b"x-cognito-";

/// The headers that are removed from every request, compared by [`fold`].
#[derive(Clone, Debug, Default)]
pub struct ReservedHeaders {
    /// Folded, without those that have the prefix.
    names: Vec<Box<[u8]>>,
    /// Bit n is set if a name has n bytes; bit 63 also represents all longer ones.
    lengths: u64,
}

impl ReservedHeaders {
    /// Returns the list of all headers that the configuration can set.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> ReservedHeaders {
        let mut list = ReservedHeaders::default();
        for name in names {
            let name: Box<[u8]> = fold(name).into_bytes().into();
            if name.starts_with(PREFIX) || list.names.contains(&name) {
                continue;
            }
            list.lengths |= length_bit(&name);
            list.names.push(name);
        }
        list
    }

    /// Returns the request without its reserved headers, and appends the edits that remove them, each by its own spelling.
    /// The time grows with the number of headers, not with its square: a client chooses it.
    pub fn strip<'a>(&self, head: RequestHead<'a>, edits: &mut Vec<Command>) -> RequestHead<'a> {
        let is_looked_at = |name: &[u8]| name == b"connection" || self.is_reserved(name);
        if !head.iter().any(|(name, _)| is_looked_at(name)) {
            return head;
        }
        self.strip_connection(&head, edits);
        self.without_reserved(head, edits)
    }

    /// Returns the names of the reserved trailers: some upstreams read trailers as if they were headers.
    pub fn in_trailers<'a>(&self, trailers: &RequestHead<'a>) -> BTreeSet<&'a [u8]> {
        let names = trailers.iter().map(|(name, _)| name);
        names.filter(|name| self.is_reserved(name)).collect()
    }

    /// Reports whether only the filter may set this header. No pseudo-header is one, although `:path` folds to `-path`.
    pub fn is_reserved(&self, name: &[u8]) -> bool {
        has_prefix(name)
            || (self.lengths & length_bit(name) != 0
                && !name.starts_with(b":")
                && self.names.iter().any(|reserved| folds_to(reserved, name)))
    }

    #[inline(never)]
    fn without_reserved<'a>(&self, head: RequestHead<'a>, edits: &mut Vec<Command>) -> RequestHead<'a> {
        if !head.iter().any(|(name, _)| self.is_reserved(name)) {
            return head;
        }
        let mut removed = BTreeSet::new();
        let mut kept = Vec::new();
        for (name, value) in head.iter() {
            if !self.is_reserved(name) {
                kept.push((name, value));
            } else if removed.insert(name) {
                edits.push(Command::Edit(HeaderEdit::Remove(name.to_vec())));
            }
        }
        RequestHead::new(kept).with_end_of_stream(head.ends_stream())
    }

    /// Removes reserved names from `connection`: a proxy behind removes the headers that are named there (RFC 9110, section
    /// 7.6.1), so a client could have it remove those that the filter sets. The other options keep their order.
    fn strip_connection(&self, head: &RequestHead<'_>, edits: &mut Vec<Command>) {
        let options = || {
            let values = head.values("connection");
            values
                .flat_map(|value| value.split(|byte| *byte == b','))
                .map(<[u8]>::trim_ascii)
        };
        if !options().any(|option| self.names_reserved(option)) {
            return;
        }
        let kept: Vec<&[u8]> = options()
            .filter(|option| !option.is_empty() && !self.names_reserved(option))
            .collect();
        edits.push(Command::Edit(HeaderEdit::Remove(b"connection".to_vec())));
        if !kept.is_empty() {
            edits.push(Command::Edit(HeaderEdit::Set("connection", kept.join(&b", "[..]))));
        }
    }

    /// Reports whether an option of `connection` names a reserved header. Proxies differ in what ends an option (for Apache's
    /// httpd `;` does, too), so each token in it counts.
    fn names_reserved(&self, option: &[u8]) -> bool {
        let mut words = option.split(|byte| !is_token_byte(*byte));
        words.any(|word| self.is_reserved(word))
    }
}

fn has_prefix(name: &[u8]) -> bool {
    matches!(name.first(), Some(b'x' | b'X')) && name.get(..PREFIX.len()).is_some_and(|start| folds_to(PREFIX, start))
}

fn length_bit(name: &[u8]) -> u64 {
    1 << name.len().min(63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_reserved() {
        let long = "x-".to_owned() + &"a".repeat(100);
        let list = ReservedHeaders::new(["x-cognito-sub", "x-user-id", "X_Tenant", "x-user-id", &long]);
        assert_eq!(list.names.len(), 3);
        for (name, is_reserved) in [
            ("x-cognito-sub", true),
            ("x-cognito-", true),
            ("x-cognito-anything", true),
            ("X-Cognito-Sub", true),
            ("x_cognito_sub", true),
            ("x-cognito_sub", true),
            ("X_COGNITO-x", true),
            ("x-cognito", false),
            ("x-cognitos-sub", false),
            ("-x-cognito-sub", false),
            ("x-cognit", false),
            ("x-user-id", true),
            ("X_USER_ID", true),
            ("x-user-ids", false),
            ("x-user-ie", false),
            ("x-tenant", true),
            ("x_tenant", true),
            (&long, true),
            (&long.replace('-', "_"), true),
            (&(long.clone() + "a"), false),
            ("", false),
            ("authorization", false),
        ] {
            assert_eq!(list.is_reserved(name.as_bytes()), is_reserved, "{name}");
        }
        assert!(!list.is_reserved(b"\xff-cognito-sub"));
        assert!(ReservedHeaders::default().is_reserved(b"x-cognito-sub"));
        assert!(!ReservedHeaders::default().is_reserved(b"x-user-id"));
    }

    #[test]
    fn every_byte_that_is_no_letter_and_no_digit_reads_as_a_hyphen() {
        let list = ReservedHeaders::new(["x-user-id", "-path", "x-1"]);
        for byte in 0..=u8::MAX {
            let is_folded = !byte.is_ascii_alphanumeric();
            for (before, after) in [
                (&b"x"[..], &b"cognito-sub"[..]),
                (b"x-cognito", b"sub"),
                (b"X", b"User-Id"),
                (b"x-user", b"id"),
                (b"x", b"1"),
            ] {
                let name = [before, &[byte], after].concat();
                assert_eq!(list.is_reserved(&name), is_folded, "{}", name.escape_ascii());
            }
        }
        assert!(list.is_reserved(b"~path"));
        assert!(!list.is_reserved(b":path"), "a pseudo-header is never removed");
        assert_eq!(fold("X.User~Id_1+!"), "x-user-id-1--");
    }

    fn head<'a>(headers: &[(&'a str, &'a str)]) -> RequestHead<'a> {
        let pairs = headers.iter().map(|(name, value)| (name.as_bytes(), value.as_bytes()));
        RequestHead::new(pairs.collect())
    }

    fn remove(name: &str) -> Command {
        Command::Edit(HeaderEdit::Remove(name.as_bytes().to_vec()))
    }

    #[test]
    fn reserved_headers_are_removed_by_their_own_spelling_and_the_others_stay() {
        let list = ReservedHeaders::new(["x-user-id"]);
        let mut edits = Vec::new();
        let left = list.strip(
            head(&[
                (":path", "/"),
                ("x.cognito~sub", "1"),
                ("x-user", "2"),
                ("x-user+id", "3"),
                ("x.cognito~sub", "4"),
                ("x-cognito-sub", "5"),
                ("accept", "6"),
            ]),
            &mut edits,
        );
        assert_eq!(
            edits,
            [remove("x.cognito~sub"), remove("x-user+id"), remove("x-cognito-sub")]
        );
        let left: Vec<_> = left.iter().map(|(_, value)| value).collect();
        assert_eq!(left, [&b"/"[..], b"2", b"6"]);

        let mut edits = Vec::new();
        list.strip(head(&[(":path", "/"), ("accept", "*")]), &mut edits);
        assert_eq!(edits, []);

        let trailers = head(&[("x_cognito!sub", "1"), ("x-checksum", "2"), ("x-user.id", "3")]);
        let forged: Vec<_> = list.in_trailers(&trailers).into_iter().collect();
        assert_eq!(forged, [&b"x-user.id"[..], b"x_cognito!sub"]);
    }

    #[test]
    fn reserved_names_are_taken_out_of_connection() {
        let list = ReservedHeaders::new(["x-user-id"]);
        for (values, expected) in [
            (&["keep-alive"][..], None),
            (&["Upgrade, x-trace"], None),
            (&["Upgrade, x-cognito-sub"], Some("Upgrade")),
            (&["x-cognito-sub , Upgrade,, x-trace"], Some("Upgrade, x-trace")),
            (&["X_User~Id,close"], Some("close")),
            (&["close", "x-user-id", "x-trace"], Some("close, x-trace")),
            (&["x-cognito-sub"], Some("")),
            (&["x-cognito-sub", " ,x-user-id"], Some("")),
            (&["close, \"x-cognito-sub\""], Some("close")),
            (&["close, x-user-id;q=1, x-trace; x-user-id"], Some("close")),
            (&["close, x-user-ids, xx-cognito-sub"], None),
            (&[], None),
        ] {
            let headers: Vec<_> = values.iter().map(|value| ("connection", *value)).collect();
            let mut edits = Vec::new();
            list.strip(head(&headers), &mut edits);
            let mut wanted = Vec::from_iter(expected.map(|_| remove("connection")));
            if let Some(left) = expected.filter(|left| !left.is_empty()) {
                wanted.push(Command::Edit(HeaderEdit::Set("connection", left.as_bytes().to_vec())));
            }
            assert_eq!(edits, wanted, "{values:?}");
        }
    }

    /// A comparison of each removed name with all others would take minutes.
    #[test]
    fn the_time_does_not_grow_with_the_square_of_the_number_of_headers() {
        let names: Vec<String> = (0..200_000).map(|number| format!("x-cognito-{number}")).collect();
        let mut headers: Vec<(&str, &str)> = names.iter().map(|name| (name.as_str(), "")).collect();
        let options = names.join(",");
        headers.push(("connection", &options));
        let started = std::time::Instant::now();
        let mut edits = Vec::new();
        let left = ReservedHeaders::new(["x-user-id"]).strip(head(&headers), &mut edits);
        assert_eq!((edits.len(), left.iter().count()), (names.len() + 1, 1));
        assert!(started.elapsed().as_secs() < 20, "{:?}", started.elapsed());
    }
}
