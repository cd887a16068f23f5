//! JWK sets (RFC 7517): which keys are used, which are skipped, and what makes a set unusable.

mod entry;
mod error;

pub use error::{BadKeySet, KeyFault, SkippedKey};

use super::rsa::PublicKey;
use crate::call::MAX_BODY_BYTES;
use crate::json::{self, Node};
use crate::log_text::escaped;
use crate::memory;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use entry::{Entry, Jwk};
use jwt_compact::jwk::JsonWebKey;
use serde::Deserialize as _;
use serde::de::value::MapDeserializer;
use std::rc::Rc;

/// The most keys of a set. Cognito publishes two.
pub const MAX_KEYS: usize = 64;

/// The longest set that is read, in bytes.
pub const MAX_SET_BYTES: usize = MAX_BODY_BYTES;

/// The longest `kid` in a log line, in characters.
pub const MAX_KID_CHARS_IN_LOG: usize = 64;

/// A key and its name in tokens.
#[derive(Debug, PartialEq, Eq)]
pub struct Key {
    /// The `kid`, opaque: Cognito's hold `+`, `/` and `=`. Escape it for log lines: [`kid_for_log`].
    pub kid: Box<str>,
    /// The key.
    pub public: PublicKey,
}

/// The usable keys of a JWK set: 1 to 64, each `kid` once.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeySet {
    keys: Vec<Rc<Key>>,
}

/// A key set and the keys that were skipped.
#[derive(Debug, PartialEq, Eq)]
pub struct Parsed {
    /// The usable keys.
    pub set: KeySet,
    /// The others, in the order of the set.
    pub skipped: Vec<SkippedKey>,
}

impl KeySet {
    /// Reads a JWK set. Used are RSA keys for RS256 signatures that have a `kid` and are strong enough; others are skipped.
    ///
    /// Unknown members are ignored (RFC 7517, sections 4 and 5). An element that repeats a member name is skipped,
    /// since readers disagree on which one counts (section 4).
    ///
    /// # Errors
    /// The set cannot be used: it is over 256 KiB, not JSON, not a JWK set, has over 64 keys, repeats a `kid` (in
    /// any keys), or has no usable key.
    pub fn parse(json: &[u8]) -> Result<Parsed, BadKeySet> {
        if json.len() > MAX_SET_BYTES {
            return Err(BadKeySet::TooLarge(json.len()));
        }
        let text = std::str::from_utf8(json).map_err(|error| BadKeySet::NotUtf8(error.valid_up_to()))?;
        let tree = json::parse(text).map_err(|error| BadKeySet::NotJson {
            line: error.line(),
            column: error.column(),
        })?;
        KeySet::from_tree(&tree)
    }

    /// Reads a JWK set from a JSON tree, as in the configuration.
    ///
    /// # Errors
    /// As those of [`KeySet::parse`] that are not about text.
    pub(crate) fn from_tree(tree: &Node) -> Result<Parsed, BadKeySet> {
        let entries = entry::entries(tree)?;
        refuse_repeated_kids(entries.iter().map(Entry::kid))?;
        select(&entries)
    }

    /// Returns the set of these keys, which were read from a set before.
    ///
    /// # Errors
    /// There are none or over 64, or a `kid` is repeated.
    pub fn from_keys(keys: Vec<Key>) -> Result<KeySet, BadKeySet> {
        if keys.is_empty() {
            return Err(BadKeySet::NoUsableKey(Vec::new()));
        }
        if keys.len() > MAX_KEYS {
            return Err(BadKeySet::TooManyKeys);
        }
        refuse_repeated_kids(keys.iter().map(|key| Some(&*key.kid)))?;
        Ok(KeySet {
            keys: keys.into_iter().map(Rc::new).collect(),
        })
    }

    /// Reports whether this key is among them: the `kid` alone may have been given to another key.
    pub fn holds(&self, key: &Key) -> bool {
        self.find(&key.kid).is_some_and(|found| found.public == key.public)
    }

    /// Returns the key with this `kid`; the comparison is exact.
    pub fn find(&self, kid: &str) -> Option<&Rc<Key>> {
        self.keys.iter().find(|key| *key.kid == *kid)
    }

    /// Returns how many keys there are: 1 to 64.
    #[expect(clippy::len_without_is_empty, reason = "no set is empty")]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Returns how many bytes of memory the set takes, estimated on the safe side: a key has its numbers, and a
    /// prepared form for the verifier.
    pub(crate) fn bytes(&self) -> usize {
        let numbers = |key: &Key| memory::block(key.public.modulus_len().saturating_mul(4));
        memory::sum(self.keys.iter().map(|key| {
            memory::sum([
                memory::list::<Rc<Key>>(1),
                memory::shared(size_of::<Key>()),
                memory::block(key.kid.len()),
                numbers(key),
            ])
        }))
    }

    /// Returns the keys, in the order of the set.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &Rc<Key>> {
        self.keys.iter()
    }

    /// Returns every `kid`, in the order of the set, not escaped.
    pub fn kids(&self) -> impl ExactSizeIterator<Item = &str> {
        self.keys.iter().map(|key| &*key.kid)
    }
}

/// Returns a `kid`, which anyone can choose in a token, escaped for a log line and truncated to 64 characters.
pub fn kid_for_log(kid: &str) -> String {
    escaped(kid, MAX_KID_CHARS_IN_LOG)
}

fn refuse_repeated_kids<'a>(kids: impl Iterator<Item = Option<&'a str>>) -> Result<(), BadKeySet> {
    let mut seen: Vec<(usize, &str)> = Vec::new();
    for (second, kid) in kids.enumerate() {
        let Some(kid) = kid else { continue };
        if let Some((first, _)) = seen.iter().find(|(_, earlier)| *earlier == kid) {
            return Err(BadKeySet::RepeatedKid {
                kid: kid.into(),
                first: *first,
                second,
            });
        }
        seen.push((second, kid));
    }
    Ok(())
}

fn select(entries: &[Entry<'_>]) -> Result<Parsed, BadKeySet> {
    let mut keys = Vec::new();
    let mut skipped = Vec::new();
    for (index, entry) in entries.iter().enumerate() {
        match usable(entry) {
            Ok(key) => keys.push(Rc::new(key)),
            Err(fault) => skipped.push(SkippedKey {
                index,
                kid: entry.kid().map(String::from),
                fault,
            }),
        }
    }
    if keys.is_empty() {
        return Err(BadKeySet::NoUsableKey(skipped));
    }
    Ok(Parsed {
        set: KeySet { keys },
        skipped,
    })
}

/// Applies the rules for the keys of a set, one after the other.
fn usable(entry: &Entry<'_>) -> Result<Key, KeyFault> {
    let Entry::Object(jwk) = entry else {
        return Err(KeyFault::NotAnObject);
    };
    if let Some(name) = jwk.repeated {
        return Err(KeyFault::RepeatedMember(name.into()));
    }
    check_type(jwk)?;
    let kid = check_kid(jwk)?;
    check_purpose(jwk)?;
    let n = base64url_uint(jwk.n).ok_or(KeyFault::Modulus)?;
    let e = base64url_uint(jwk.e).ok_or(KeyFault::Exponent)?;
    let jwk = rsa_jwk(n, e).ok_or(KeyFault::Modulus)?;
    let public = PublicKey::from_jwk(&jwk).map_err(KeyFault::Weak)?;
    Ok(Key {
        kid: kid.into(),
        public,
    })
}

/// RFC 7517, section 4.1: compared exactly.
fn check_type(jwk: &Jwk<'_>) -> Result<(), KeyFault> {
    match jwk.kty {
        Some(Node::Text(kty)) if kty == "RSA" => Ok(()),
        _ => Err(KeyFault::NotRsa),
    }
}

/// Checks the `kid`. A token without a `kid` is rejected, so an empty one can only be a mistake.
fn check_kid<'a>(jwk: &Jwk<'a>) -> Result<&'a str, KeyFault> {
    match jwk.kid {
        Some(Node::Text(kid)) if !kid.is_empty() => Ok(kid),
        _ => Err(KeyFault::NoKid),
    }
}

/// RFC 7517, sections 4.2 to 4.4: a key is only used for the purpose that it states.
fn check_purpose(jwk: &Jwk<'_>) -> Result<(), KeyFault> {
    match jwk.usage {
        None => {}
        Some(Node::Text(usage)) if usage == "sig" => {}
        Some(_) => return Err(KeyFault::NotForSignatures),
    }
    match jwk.key_ops {
        None => {}
        Some(Node::List(operations)) if is_for_verifying(operations) => {}
        Some(_) => return Err(KeyFault::NotForVerifying),
    }
    match jwk.alg {
        None => Ok(()),
        Some(Node::Text(alg)) if alg == "RS256" => Ok(()),
        Some(_) => Err(KeyFault::NotRs256),
    }
}

fn is_for_verifying(operations: &[Node]) -> bool {
    let all_texts = operations.iter().all(|operation| matches!(operation, Node::Text(_)));
    all_texts
        && operations
            .iter()
            .any(|operation| matches!(operation, Node::Text(text) if text == "verify"))
}

/// `Base64urlUInt` (RFC 7518, section 2): no padding, no line breaks, canonical last bits; the key handles leading zeros.
fn base64url_uint(member: Option<&Node>) -> Option<&str> {
    match member {
        Some(Node::Text(text)) if !text.is_empty() && URL_SAFE_NO_PAD.decode(text).is_ok() => Some(text),
        _ => None,
    }
}

/// Reads the JWK from these members only: jwt-compact would accept repeated members and read private ones.
fn rsa_jwk<'a>(n: &'a str, e: &'a str) -> Option<JsonWebKey<'a>> {
    let members = [("kty", "RSA"), ("n", n), ("e", e)];
    let reader = MapDeserializer::<_, serde::de::value::Error>::new(members.into_iter());
    JsonWebKey::deserialize(reader).ok()
}

#[cfg(test)]
mod tests;
