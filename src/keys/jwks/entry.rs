//! The JSON structure of a JWK set. Every form of element is read, so that one odd key does not make the others unusable.

use super::{BadKeySet, MAX_KEYS};
use crate::json::{self, Node};

/// An element of `keys`.
pub(super) enum Entry<'a> {
    Object(Box<Jwk<'a>>),
    NotAnObject,
}

impl<'a> Entry<'a> {
    /// Returns the `kid` if there is one that is a string.
    pub(super) fn kid(&self) -> Option<&'a str> {
        match self {
            Entry::Object(jwk) => match jwk.kid {
                Some(Node::Text(kid)) => Some(kid),
                _ => None,
            },
            Entry::NotAnObject => None,
        }
    }
}

/// A JWK: the members that matter, with the first value of each.
pub(super) struct Jwk<'a> {
    pub(super) kty: Option<&'a Node>,
    pub(super) kid: Option<&'a Node>,
    /// `use`.
    pub(super) usage: Option<&'a Node>,
    pub(super) key_ops: Option<&'a Node>,
    pub(super) alg: Option<&'a Node>,
    pub(super) n: Option<&'a Node>,
    pub(super) e: Option<&'a Node>,
    /// A member name that is repeated.
    pub(super) repeated: Option<&'a str>,
}

/// Returns the elements of the one list `keys` of a JWK set, at most 64.
pub(super) fn entries(tree: &Node) -> Result<Vec<Entry<'_>>, BadKeySet> {
    let Node::Object(members) = tree else {
        return Err(BadKeySet::NotASet);
    };
    let mut lists = members.iter().filter(|(name, _)| name == "keys");
    let list = match (lists.next(), lists.next()) {
        (None, _) => return Err(BadKeySet::NotASet),
        (Some(_), Some(_)) => return Err(BadKeySet::KeysTwice),
        (Some((_, list)), None) => list,
    };
    match list {
        Node::List(keys) if keys.len() > MAX_KEYS => Err(BadKeySet::TooManyKeys),
        Node::List(keys) => Ok(keys.iter().map(entry).collect()),
        _ => Err(BadKeySet::NotASet),
    }
}

fn entry(node: &Node) -> Entry<'_> {
    match node {
        Node::Object(members) => Entry::Object(Box::new(jwk(members))),
        _ => Entry::NotAnObject,
    }
}

fn jwk(members: &[(String, Node)]) -> Jwk<'_> {
    let first = |wanted: &str| members.iter().find(|(name, _)| name == wanted).map(|(_, value)| value);
    Jwk {
        kty: first("kty"),
        kid: first("kid"),
        usage: first("use"),
        key_ops: first("key_ops"),
        alg: first("alg"),
        n: first("n"),
        e: first("e"),
        repeated: json::repeated(members.iter().map(|(name, _)| name.as_str())),
    }
}
