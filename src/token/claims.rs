//! The claims of a Cognito token, parsed strictly: what decides once, the others by name as they are asked for.

use super::json::{self, Member};
use super::malformed::{KnownClaim, Malformed};
use crate::memory;
use std::borrow::Cow;
use std::cell::OnceCell;

/// The claims of a token: typed where they decide, the JSON text where they are only passed on.
#[derive(Debug)]
pub struct Claims {
    set: ClaimSet,
    known: Known,
    issuer: Box<str>,
    subject: Box<str>,
    expires_at: f64,
}

/// Any JSON object of claims (UserInfo's answer, too): strict as [`Claims`], but no claim must be there or has a type.
#[derive(Debug)]
pub struct ClaimSet {
    json: String,
    members: OnceCell<Vec<Member>>,
    /// What the members cost, whether they are held at the moment or not.
    member_bytes: usize,
}

/// A claim's value, decoded for comparisons.
#[derive(Clone, Debug, PartialEq)]
pub enum ClaimView<'a> {
    /// A string.
    Text(Cow<'a, str>),
    /// A number; never infinite and never NaN.
    Number(f64),
    /// A boolean.
    Bool(bool),
    /// `null`.
    Null,
    /// A list.
    List(Vec<ClaimView<'a>>),
    /// An object, as its JSON text.
    Object(&'a str),
}

impl Claims {
    /// Reads a token's claims.
    ///
    /// # Errors
    /// Not one strict JSON object; `iss`, `sub` or `exp` is absent; a known claim has the wrong type.
    pub fn parse(json: String) -> Result<Claims, Malformed> {
        let set = ClaimSet::parse(json)?;
        let mut known = Known::default();
        for member in set.list() {
            known.read(&member.name, member.raw())?;
        }
        Ok(Claims {
            issuer: known.issuer.take().ok_or(Malformed::ClaimAbsent(KnownClaim::Issuer))?,
            subject: known
                .subject
                .take()
                .ok_or(Malformed::ClaimAbsent(KnownClaim::Subject))?,
            expires_at: known.expires_at.ok_or(Malformed::ClaimAbsent(KnownClaim::ExpiresAt))?,
            known,
            set,
        })
    }

    /// All claims by name.
    pub fn set(&self) -> &ClaimSet {
        &self.set
    }

    /// The JSON text, as it came.
    pub fn json(&self) -> &str {
        self.set.json()
    }

    /// See [`ClaimSet::raw`].
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.set.raw(name)
    }

    /// See [`ClaimSet::view`].
    pub fn view(&self, name: &str) -> Option<ClaimView<'_>> {
        self.set.view(name)
    }

    /// See [`ClaimSet::pointer`].
    pub fn pointer(&self, steps: &[String]) -> Option<&str> {
        self.set.pointer(steps)
    }

    /// `iss`; never empty.
    pub fn issuer(&self) -> &str {
        &self.issuer
    }

    /// `sub`; never empty.
    pub fn subject(&self) -> &str {
        &self.subject
    }

    /// `exp`: seconds since 1970, finite.
    pub fn expires_at(&self) -> f64 {
        self.expires_at
    }

    /// `nbf`: seconds since 1970, finite.
    pub fn not_before(&self) -> Option<f64> {
        self.known.not_before
    }

    /// `iat`: seconds since 1970, finite.
    pub fn issued_at(&self) -> Option<f64> {
        self.known.issued_at
    }

    /// `auth_time`: seconds since 1970, finite.
    pub fn auth_time(&self) -> Option<f64> {
        self.known.auth_time
    }

    /// `token_use`, whatever it says.
    pub fn token_use(&self) -> Option<&str> {
        self.known.token_use.as_deref()
    }

    /// `client_id`.
    pub fn client_id(&self) -> Option<&str> {
        self.known.client_id.as_deref()
    }

    /// `scope`: words with spaces between them (RFC 8693, section 4.2).
    pub fn scope(&self) -> Option<&str> {
        self.known.scope.as_deref()
    }

    /// `aud`, be it one string or a list; none if absent.
    pub fn audience(&self) -> impl Iterator<Item = &str> {
        self.known.audience.iter().map(|client| &**client)
    }

    /// `cognito:groups`; none if absent.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.known.groups.iter().map(|group| &**group)
    }

    /// Returns how many bytes of memory they own: see [`ClaimSet::heap_bytes`].
    pub fn heap_bytes(&self) -> usize {
        let Claims {
            set,
            known,
            issuer,
            subject,
            expires_at: _,
        } = self;
        let texts = [issuer, subject].map(|text| memory::block(text.len()));
        memory::sum([set.heap_bytes(), known.heap_bytes()].into_iter().chain(texts))
    }

    /// See [`Identity::slim`](super::Identity::slim).
    pub(in crate::token) fn slim(&mut self) {
        self.set.members.take();
    }
}

impl ClaimSet {
    /// Reads an object of claims.
    ///
    /// # Errors
    /// Not one strict JSON object: see [`Malformed`].
    pub fn parse(json: String) -> Result<ClaimSet, Malformed> {
        let members = json::members(&json)?;
        let owned = memory::sum(members.iter().map(Member::heap_bytes));
        Ok(ClaimSet {
            json,
            member_bytes: memory::list::<Member>(members.capacity()).saturating_add(owned),
            members: OnceCell::from(members),
        })
    }

    /// Returns how many bytes of memory it owns, with the members, which it may let go of and read again.
    pub fn heap_bytes(&self) -> usize {
        memory::block(self.json.capacity()).saturating_add(self.member_bytes)
    }

    /// The text has been read before, so it can be read again.
    fn list(&self) -> &[Member] {
        self.members
            .get_or_init(|| json::members(&self.json).unwrap_or_default())
    }

    /// The JSON text, as it came.
    pub fn json(&self) -> &str {
        &self.json
    }

    /// The names and the values' JSON texts, in order.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.list().iter().map(|member| (&*member.name, member.raw()))
    }

    /// The JSON text of the claim `name`, a literal member name.
    pub fn raw(&self, name: &str) -> Option<&str> {
        let member = self.list().iter().find(|member| &*member.name == name)?;
        Some(member.raw())
    }

    /// The claim `name`, decoded.
    pub fn view(&self, name: &str) -> Option<ClaimView<'_>> {
        self.raw(name).map(ClaimView::of)
    }

    /// The claim `name` if it is a string.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        match self.view(name) {
            Some(ClaimView::Text(text)) => Some(text),
            _ => None,
        }
    }

    /// The JSON text at a JSON pointer (RFC 6901), given as its unescaped reference tokens. Nothing is found through an
    /// object that holds the name of a step twice, which there can be below the top level.
    pub fn pointer(&self, steps: &[String]) -> Option<&str> {
        let [name, deeper @ ..] = steps else {
            return Some(&self.json);
        };
        json::at_pointer(self.raw(name)?, deeper)
    }
}

impl<'a> ClaimView<'a> {
    /// Decodes a value's JSON text, as [`ClaimSet::raw`] gives it.
    pub fn of(raw: &'a str) -> ClaimView<'a> {
        match raw.as_bytes().first() {
            Some(b'"') => ClaimView::Text(json::text(raw).unwrap_or_default()),
            Some(b'[') => {
                let elements = json::elements(raw).unwrap_or_default();
                ClaimView::List(elements.into_iter().map(ClaimView::of).collect())
            }
            Some(b'{') => ClaimView::Object(raw),
            Some(b't') => ClaimView::Bool(true),
            Some(b'f') => ClaimView::Bool(false),
            _ => json::number(raw).map_or(ClaimView::Null, ClaimView::Number),
        }
    }
}

/// The claims with a type, as they are found.
#[derive(Debug, Default)]
struct Known {
    issuer: Option<Box<str>>,
    subject: Option<Box<str>>,
    expires_at: Option<f64>,
    not_before: Option<f64>,
    issued_at: Option<f64>,
    auth_time: Option<f64>,
    token_use: Option<Box<str>>,
    client_id: Option<Box<str>>,
    scope: Option<Box<str>>,
    audience: Vec<Box<str>>,
    groups: Vec<Box<str>>,
}

impl Known {
    fn heap_bytes(&self) -> usize {
        let Known {
            issuer,
            subject,
            expires_at: _,
            not_before: _,
            issued_at: _,
            auth_time: _,
            token_use,
            client_id,
            scope,
            audience,
            groups,
        } = self;
        let texts = [issuer, subject, token_use, client_id, scope].into_iter().flatten();
        let texts = texts.chain(audience).chain(groups);
        let lists = [audience, groups].map(|list| memory::list::<Box<str>>(list.capacity()));
        memory::sum(texts.map(|text| memory::block(text.len())).chain(lists))
    }

    fn read(&mut self, name: &str, raw: &str) -> Result<(), Malformed> {
        let text = |claim| match json::text(raw) {
            Some(text) => Ok(Box::from(text)),
            None => Err(Malformed::ClaimType(claim)),
        };
        let filled = |claim| text(claim).and_then(|text| non_empty(text, claim));
        let number = |claim| json::number(raw).ok_or(Malformed::ClaimType(claim));
        match name {
            "iss" => self.issuer = Some(filled(KnownClaim::Issuer)?),
            "sub" => self.subject = Some(filled(KnownClaim::Subject)?),
            "exp" => self.expires_at = Some(number(KnownClaim::ExpiresAt)?),
            "nbf" => self.not_before = Some(number(KnownClaim::NotBefore)?),
            "iat" => self.issued_at = Some(number(KnownClaim::IssuedAt)?),
            "auth_time" => self.auth_time = Some(number(KnownClaim::AuthTime)?),
            "token_use" => self.token_use = Some(text(KnownClaim::TokenUse)?),
            "client_id" => self.client_id = Some(text(KnownClaim::ClientId)?),
            "scope" => self.scope = Some(text(KnownClaim::Scope)?),
            "username" => drop(text(KnownClaim::Username)?),
            "cognito:username" => drop(text(KnownClaim::CognitoUsername)?),
            "cognito:groups" => self.groups = texts(raw, KnownClaim::Groups)?,
            "aud" => {
                self.audience = match json::text(raw) {
                    Some(only) => vec![only.into()],
                    None => texts(raw, KnownClaim::Audience)?,
                }
            }
            _ => {}
        }
        Ok(())
    }
}

fn non_empty(text: Box<str>, claim: KnownClaim) -> Result<Box<str>, Malformed> {
    if text.is_empty() {
        return Err(Malformed::ClaimType(claim));
    }
    Ok(text)
}

fn texts(raw: &str, claim: KnownClaim) -> Result<Vec<Box<str>>, Malformed> {
    serde_json::from_str(raw).map_err(|_| Malformed::ClaimType(claim))
}

#[cfg(test)]
mod tests;
