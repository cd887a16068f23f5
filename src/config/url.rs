//! The URLs that a configuration names: `http` or `https`, with a host (RFC 3986, RFC 9110 section 4.2).

use crate::rules::host::{NoPort, is_host_name, parse_port, parse_v6, split_port};
use thiserror::Error;

/// An error of a URL, or of the authority in it.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum UrlFault {
    /// Another scheme, or none.
    #[error("must be a URL that begins with https:// or http://")]
    Scheme,
    /// It has a fragment.
    #[error("must not have a fragment (#)")]
    Fragment,
    /// It has a query, which an issuer must not have (OpenID Connect Discovery 1.0, section 2).
    #[error("must not have a query (?)")]
    Query,
    /// It has a user name or password.
    #[error("must not contain a user name or password (@)")]
    UserInformation,
    /// It has no host, or an invalid one.
    #[error("must have a host: a name, an IPv4 address or an IPv6 address in brackets")]
    Host,
    /// Its port is invalid.
    #[error("must have a port from 1 to 65535, or none")]
    Port,
    /// Its path or query contains characters that URLs escape.
    #[error("must not contain spaces or characters that URLs escape: percent-encode them")]
    Unescaped,
    /// Its path or query contains a percent sign that does not begin an escape.
    #[error("must have two hex digits after each %")]
    Escape,
    /// A domain is a URL, or not a host name.
    #[error("must be the domain of the user pool, a host name without https:// and without a path")]
    Domain,
}

/// A URL that the filter can call, in the parts that a call needs.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::config) struct Url {
    /// Host, with the port if one is given: `:authority`.
    pub(in crate::config) authority: String,
    /// Path with query, `/` if there is none: `:path`.
    pub(in crate::config) path: String,
}

impl Url {
    /// Reads a URL.
    ///
    /// # Errors
    /// The error of the URL, to append to its JSON path.
    pub(in crate::config) fn parse(text: &str) -> Result<Url, UrlFault> {
        let rest = text.strip_prefix("https://").or_else(|| text.strip_prefix("http://"));
        let rest = rest.ok_or(UrlFault::Scheme)?;
        if rest.contains('#') {
            return Err(UrlFault::Fragment);
        }
        let end = rest.find(['/', '?']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at_checked(end).unwrap_or((rest, ""));
        check_authority(authority)?;
        check_path(path)?;
        let path = if path.starts_with('/') {
            path.into()
        } else {
            format!("/{path}")
        };
        Ok(Url {
            authority: authority.into(),
            path,
        })
    }
}

/// Checks that `authority` is a host with or without a port.
///
/// # Errors
/// The error of the authority.
pub(in crate::config) fn check_authority(authority: &str) -> Result<(), UrlFault> {
    if authority.contains('@') {
        return Err(UrlFault::UserInformation);
    }
    let (host, port) = split_port(authority.as_bytes()).ok_or(UrlFault::Host)?;
    // It was split at an ASCII byte.
    if !std::str::from_utf8(host).is_ok_and(is_host) {
        return Err(UrlFault::Host);
    }
    match port.map(parse_port) {
        Some(Err(NoPort)) => Err(UrlFault::Port),
        None | Some(Ok(_)) => Ok(()),
    }
}

/// Whether `host` is a name, an IPv4 address or an IPv6 address in brackets. Names may end
/// with a dot.
fn is_host(host: &str) -> bool {
    if host.starts_with('[') {
        return parse_v6(host.as_bytes()).is_some();
    }
    let name = host.strip_suffix('.').unwrap_or(host);
    is_host_name(name)
}

/// Path and query become `:path` without changes, so they must not contain characters that a URL must escape.
fn check_path(path: &str) -> Result<(), UrlFault> {
    let is_plain = |byte: u8| {
        byte.is_ascii_graphic() && !matches!(byte, b'"' | b'<' | b'>' | b'\\' | b'^' | b'`' | b'{' | b'|' | b'}')
    };
    if !path.bytes().all(is_plain) {
        return Err(UrlFault::Unescaped);
    }
    for escape in path.split('%').skip(1) {
        if !escape
            .as_bytes()
            .get(..2)
            .is_some_and(|digits| digits.iter().all(u8::is_ascii_hexdigit))
        {
            return Err(UrlFault::Escape);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn urls_and_what_is_wrong_with_them() {
        let good = [
            ("https://a.example", "a.example", "/"),
            ("http://a.example:8080/x/y?z=1&w", "a.example:8080", "/x/y?z=1&w"),
            ("https://a.example?z", "a.example", "/?z"),
            ("http://[::1]:80/x%2Fy", "[::1]:80", "/x%2Fy"),
            ("http://127.0.0.1/", "127.0.0.1", "/"),
            ("http://user_service.internal./", "user_service.internal.", "/"),
        ];
        for (text, authority, path) in good {
            let url = Url::parse(text).unwrap();
            assert_eq!((url.authority.as_str(), url.path.as_str()), (authority, path), "{text}");
        }
        let bad = [
            ("", "begins with"),
            ("a.example/x", "begins with"),
            ("HTTPS://a.example/x", "begins with"),
            ("ftp://a.example/x", "begins with"),
            ("https:///x", "must have a host"),
            ("https://:80/x", "must have a host"),
            ("https://a..b/x", "must have a host"),
            ("https://a b/x", "must have a host"),
            ("https://a\\b/x", "must have a host"),
            ("https://é.example/", "must have a host"),
            ("https://[::1/x", "must have a host"),
            ("https://::1/x", "must have a host"),
            ("https://[zz]/x", "must have a host"),
            ("https://a.example:/x", "must have a port"),
            ("https://a.example:0/x", "must have a port"),
            ("https://a.example:65536/x", "must have a port"),
            ("https://a.example:+80/x", "must have a port"),
            ("https://a.example:080/x", "must have a port"),
            ("https://a.example:80:80/x", "must have a port"),
            ("https://[::1]80/x", "must have a host"),
            ("https://[1:2]/x", "must have a host"),
            ("https://u:p@a.example/x", "user name"),
            ("https://a.example/x#y", "fragment"),
            ("https://a.example/x y", "spaces"),
            ("https://a.example/x\r\ny", "spaces"),
            ("https://a.example/é", "spaces"),
            ("https://a.example/%2", "hex digits"),
            ("https://a.example/%zz", "hex digits"),
        ];
        for (text, expected) in bad {
            let reason = Url::parse(text).unwrap_err().to_string();
            assert!(reason.contains(expected), "{text}: {reason}");
        }
    }
}
