//! The claims of a Cognito token, parsed strictly: what decides once, the others by name as they are asked for.

use super::json::{self, Members};
use super::jwt;
use super::malformed::{KnownClaim, Malformed};
use crate::memory;
use std::borrow::Cow;
use std::cell::OnceCell;
use std::rc::Rc;

/// The claims of a token: typed where they decide, the JSON text where they are only passed on.
#[derive(Debug)]
pub struct Claims {
    subject: Rc<str>,
    expires_at: f64,
    not_before: Option<f64>,
    details: OnceCell<Box<Details>>,
    /// The token that the details are read from again.
    token: Option<Rc<[u8]>>,
    /// What all of it costs, whether the details are held at the moment or not.
    heap_bytes: usize,
}

/// What not every request needs.
#[derive(Debug, Default)]
struct Details {
    set: ClaimSet,
    known: Known,
}

/// Any JSON object of claims (UserInfo's answer, too): strict as [`Claims`], but no claim must be there or has a type.
#[derive(Debug, Default)]
pub struct ClaimSet(Members);

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
        let details = Details::parse(json)?;
        let Details { set, known } = &details;
        let absent = Malformed::ClaimAbsent;
        if known.issuer.is_none() {
            return Err(absent(KnownClaim::Issuer));
        }
        let subject = known.subject.as_deref().ok_or(absent(KnownClaim::Subject))?;
        let expires_at = known.expires_at.ok_or(absent(KnownClaim::ExpiresAt))?;
        Ok(Claims {
            subject: subject.into(),
            expires_at,
            not_before: known.not_before,
            heap_bytes: memory::sum([
                memory::shared(subject.len()),
                memory::block(size_of::<Details>()),
                set.heap_bytes(),
                known.heap_bytes(),
            ]),
            details: OnceCell::from(Box::new(details)),
            token: None,
        })
    }

    /// The details have been read before, so they can be read again. Without them no demand would hold.
    fn details(&self) -> &Details {
        self.details.get_or_init(|| {
            let json = self.token.as_deref().map(jwt::claims_text);
            let details = json.and_then(|json| Details::parse(json.ok()?).ok());
            details.unwrap_or_default().into()
        })
    }

    /// All claims by name.
    pub fn set(&self) -> &ClaimSet {
        &self.details().set
    }

    /// The JSON text, as it came.
    pub fn json(&self) -> &str {
        self.set().json()
    }

    /// See [`ClaimSet::raw`].
    pub fn raw(&self, name: &str) -> Option<&str> {
        self.set().raw(name)
    }

    /// See [`ClaimSet::view`].
    pub fn view(&self, name: &str) -> Option<ClaimView<'_>> {
        self.set().view(name)
    }

    /// See [`ClaimSet::pointer`].
    pub fn pointer(&self, steps: &[String]) -> Option<&str> {
        self.set().pointer(steps)
    }

    /// `iss`; never empty.
    pub fn issuer(&self) -> &str {
        self.details().known.issuer.as_deref().unwrap_or_default()
    }

    /// `sub`; never empty.
    pub fn subject(&self) -> &Rc<str> {
        &self.subject
    }

    /// `exp`: seconds since 1970, finite.
    pub fn expires_at(&self) -> f64 {
        self.expires_at
    }

    /// `nbf`: seconds since 1970, finite.
    pub fn not_before(&self) -> Option<f64> {
        self.not_before
    }

    /// `iat`: seconds since 1970, finite.
    pub fn issued_at(&self) -> Option<f64> {
        self.details().known.issued_at
    }

    /// `auth_time`: seconds since 1970, finite.
    pub fn auth_time(&self) -> Option<f64> {
        self.details().known.auth_time
    }

    /// `token_use`, whatever it says.
    pub fn token_use(&self) -> Option<&str> {
        self.details().known.token_use.as_deref()
    }

    /// `client_id`.
    pub fn client_id(&self) -> Option<&str> {
        self.details().known.client_id.as_deref()
    }

    /// `scope`: words with spaces between them (RFC 8693, section 4.2).
    pub fn scope(&self) -> Option<&str> {
        self.details().known.scope.as_deref()
    }

    /// `aud`, be it one string or a list; none if absent.
    pub fn audience(&self) -> impl Iterator<Item = &str> {
        self.details().known.audience.iter().map(|client| &**client)
    }

    /// `cognito:groups`; none if absent.
    pub fn groups(&self) -> impl Iterator<Item = &str> {
        self.details().known.groups.iter().map(|group| &**group)
    }

    /// See [`Identity::heap_bytes`](super::Identity::heap_bytes).
    pub fn heap_bytes(&self) -> usize {
        self.heap_bytes
    }

    /// See [`Identity::slim`](super::Identity::slim).
    pub(in crate::token) fn slim(&mut self, token: Rc<[u8]>) {
        debug_assert_eq!(jwt::claims_text(&token).as_deref(), Ok(self.json()));
        self.details.take();
        self.token = Some(token);
    }
}

impl Details {
    fn parse(json: String) -> Result<Details, Malformed> {
        let set = ClaimSet::parse(json)?;
        let mut known = Known::default();
        for (name, value) in set.members() {
            known.read(name, value)?;
        }
        Ok(Details { set, known })
    }
}

impl ClaimSet {
    /// Reads an object of claims.
    ///
    /// # Errors
    /// Not one strict JSON object: see [`Malformed`].
    pub fn parse(json: String) -> Result<ClaimSet, Malformed> {
        Members::parse(json).map(ClaimSet)
    }

    /// Returns how many bytes of memory it owns.
    pub fn heap_bytes(&self) -> usize {
        self.0.heap_bytes()
    }

    /// The JSON text, as it came.
    pub fn json(&self) -> &str {
        self.0.json()
    }

    /// The names and the values' JSON texts, in order.
    pub fn members(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0.iter()
    }

    /// The JSON text of the claim `name`, a literal member name.
    pub fn raw(&self, name: &str) -> Option<&str> {
        let (_, value) = self.members().find(|(found, _)| *found == name)?;
        Some(value)
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
            return Some(self.json());
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
