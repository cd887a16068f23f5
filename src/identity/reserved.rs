//! The headers that are ours: taken out of every request before anything else, so that no client can speak for us.

/// All names that begin so are ours, whether configured or not.
const PREFIX: &[u8] = b"x-cognito-";

/// The headers that are taken out of every request. Names are compared in lower case and with `_` read as `-`, since
/// some servers fold names so (CGI, WSGI: RFC 3875, section 4.1.18).
#[derive(Clone, Debug, Default)]
pub struct ReservedHeaders {
    /// Folded; without those that the prefix covers.
    names: Vec<Box<[u8]>>,
    /// Bit n is set if a name has n bytes; bit 63 stands for all longer ones, too.
    lengths: u64,
}

impl ReservedHeaders {
    /// The list of all headers that the configuration can set.
    pub fn new<'a>(names: impl IntoIterator<Item = &'a str>) -> ReservedHeaders {
        let mut list = ReservedHeaders::default();
        for name in names {
            let name: Box<[u8]> = name.bytes().map(folded).collect();
            if name.starts_with(PREFIX) || list.names.contains(&name) {
                continue;
            }
            list.lengths |= length_bit(&name);
            list.names.push(name);
        }
        list
    }

    /// Whether the header of a request is ours.
    pub fn is_reserved(&self, name: &[u8]) -> bool {
        has_prefix(name) || (self.lengths & length_bit(name) != 0 && self.names.iter().any(|our| same(our, name)))
    }
}

fn has_prefix(name: &[u8]) -> bool {
    matches!(name.first(), Some(b'x' | b'X')) && name.get(..PREFIX.len()).is_some_and(|start| same(PREFIX, start))
}

fn same(folded_name: &[u8], name: &[u8]) -> bool {
    folded_name.len() == name.len() && folded_name.iter().zip(name).all(|(one, other)| *one == folded(*other))
}

fn folded(byte: u8) -> u8 {
    if byte == b'_' { b'-' } else { byte.to_ascii_lowercase() }
}

fn length_bit(name: &[u8]) -> u64 {
    1 << name.len().min(63)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_are_ours() {
        let long = "x-".to_owned() + &"a".repeat(100);
        let list = ReservedHeaders::new(["x-cognito-sub", "x-user-id", "X_Tenant", "x-user-id", &long]);
        assert_eq!(list.names.len(), 3);
        for (name, ours) in [
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
            assert_eq!(list.is_reserved(name.as_bytes()), ours, "{name}");
        }
        assert!(!list.is_reserved(b"\xff-cognito-sub"));
        assert!(ReservedHeaders::default().is_reserved(b"x-cognito-sub"));
        assert!(!ReservedHeaders::default().is_reserved(b"x-user-id"));
    }
}
