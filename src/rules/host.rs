//! Hosts: the patterns of rules, and the authorities of requests.

use super::closeness::Closeness;
use super::request::RequestAmbiguous;
use std::fmt;
use std::net::Ipv6Addr;

/// The ports that a client may leave out (RFC 9110, section 4.2.3). The scheme decides which one, but a proxy in front
/// may have changed it.
const DEFAULT_PORTS: [u16; 2] = [80, 443];

/// A pattern of hosts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPattern {
    name: Name,
    port: Option<u16>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Name {
    /// This host, in lower case.
    Exact(String),
    /// This address, in this spelling, in lower case and with its brackets. It has many spellings.
    V6(String, Ipv6Addr),
    /// `*.example.com`: one or more labels before this suffix (lower case, kept with its leading dot).
    Subdomains(String),
}

/// Why a text is not a host pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostError {
    /// It names no host.
    Empty,
    /// The text after the colon is not a port.
    Port,
    /// It contains a `*` that is not the first label.
    Wildcard,
    /// It ends with a dot: a request with such a host is rejected as ambiguous, so the rule would never match.
    TrailingDot,
    /// It contains a character that no host has, as in a scheme, a path, user information or spaces.
    Character,
}

impl fmt::Display for HostError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            HostError::Empty => "must name a host",
            HostError::Port => "must have a port from 1 to 65535 without leading zeros behind the colon, or none",
            HostError::Wildcard => "must have '*' as its whole first label only, as in '*.example.com'",
            HostError::TrailingDot => "must not end with a dot: a request with such a host is refused as ambiguous",
            HostError::Character => {
                "must be a host name or address alone or with a port, an IPv6 address in brackets, without scheme, user and path"
            }
        })
    }
}

impl std::error::Error for HostError {}

impl HostPattern {
    /// Parses `example.com`, `*.example.com`, `192.0.2.1` or `[2001:db8::1]`, each with or without `:port`, in any case.
    ///
    /// # Errors
    /// It is none of these.
    pub fn parse(text: &str) -> Result<HostPattern, HostError> {
        let lower = text.to_ascii_lowercase();
        if lower.contains(['/', '@']) || (!lower.starts_with('[') && lower.matches(':').count() > 1) {
            return Err(HostError::Character);
        }
        let (host, port) = split_port(lower.as_bytes()).ok_or(HostError::Character)?;
        let port = port.map(parse_port).transpose().map_err(|NoPort| HostError::Port)?;
        // It was split at an ASCII byte.
        let host = std::str::from_utf8(host).map_err(|_| HostError::Character)?;
        let name = parse_name(host)?;
        Ok(HostPattern { name, port })
    }

    /// Returns how closely it fits the authority; `None` if it does not. The case of names never matters: Envoy's virtual hosts ignore
    /// it, too.
    pub fn closeness(&self, authority: &Authority<'_>) -> Option<Closeness> {
        let name = self.name.closeness(authority)?;
        let port = match (self.port, authority.port) {
            (None, Some(_)) => Some(Closeness::Equivalent),
            (Some(wanted), None) => DEFAULT_PORTS.contains(&wanted).then_some(Closeness::Loose),
            (wanted, found) => (wanted == found).then_some(Closeness::Exact),
        };
        Some(name.min(port?))
    }

    /// Reports whether it fits exactly all authorities that `other` fits exactly; with `any_port`, a pattern without a port fits any.
    pub fn covers(&self, other: &HostPattern, any_port: bool) -> bool {
        let name = match (&self.name, &other.name) {
            (Name::Subdomains(ours), Name::Subdomains(theirs)) => theirs.ends_with(ours.as_str()),
            (Name::Subdomains(suffix), Name::Exact(name)) => is_subdomain(name.as_bytes(), suffix),
            (ours, theirs) => ours == theirs,
        };
        name && (self.port == other.port || (self.port.is_none() && any_port))
    }
}

impl Name {
    fn closeness(&self, authority: &Authority<'_>) -> Option<Closeness> {
        let is_spelled_so = match self {
            Name::Exact(name) | Name::V6(name, _) => authority.host.eq_ignore_ascii_case(name.as_bytes()),
            Name::Subdomains(suffix) => is_subdomain(authority.host, suffix),
        };
        match self {
            _ if is_spelled_so => Some(Closeness::Exact),
            Name::V6(_, address) if authority.v6 == Some(*address) => Some(Closeness::Equivalent),
            Name::Exact(_) | Name::V6(..) | Name::Subdomains(_) => None,
        }
    }
}

/// The parts of a request's `:authority` (RFC 3986, section 3.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Authority<'a> {
    /// In its original case; an IPv6 address with its brackets. Empty if the request has none.
    host: &'a [u8],
    /// The host, if it is an IPv6 address.
    v6: Option<Ipv6Addr>,
    port: Option<u16>,
}

impl<'a> Authority<'a> {
    /// Parses an authority that has one reading only.
    ///
    /// # Errors
    /// Servers disagree on what host or port it names: see [`RequestAmbiguous`].
    pub fn parse(authority: &'a [u8]) -> Result<Authority<'a>, RequestAmbiguous> {
        if authority.contains(&b'@') {
            return Err(RequestAmbiguous::UserInformation);
        }
        if authority.contains(&b',') {
            return Err(RequestAmbiguous::Comma);
        }
        let (host, port) = split_port(authority).ok_or(RequestAmbiguous::HostCharacter)?;
        if host.ends_with(b".") {
            return Err(RequestAmbiguous::TrailingDot);
        }
        let v6 = match host {
            [b'[', ..] => Some(parse_v6(host).ok_or(RequestAmbiguous::HostCharacter)?),
            name if name.iter().all(|byte| is_host_byte(*byte)) => None,
            _ => return Err(RequestAmbiguous::HostCharacter),
        };
        let port = port
            .map(parse_port)
            .transpose()
            .map_err(|NoPort| RequestAmbiguous::Port)?;
        Ok(Authority { host, v6, port })
    }
}

fn parse_name(host: &str) -> Result<Name, HostError> {
    let name = host.strip_prefix("*.").unwrap_or(host);
    if name.is_empty() {
        return Err(HostError::Empty);
    }
    if name.contains('*') {
        return Err(HostError::Wildcard);
    }
    if host.starts_with('[') {
        let address = parse_v6(host.as_bytes()).ok_or(HostError::Character)?;
        return Ok(Name::V6(host.to_owned(), address));
    }
    if host.ends_with('.') {
        return Err(HostError::TrailingDot);
    }
    if !is_host_name(name) {
        return Err(HostError::Character);
    }
    Ok(match host.strip_prefix('*') {
        Some(suffix) => Name::Subdomains(suffix.to_owned()),
        None => Name::Exact(host.to_owned()),
    })
}

/// Splits `host:port`: the port stands behind the first colon that is not in brackets. `None` if something else follows the brackets.
pub(crate) fn split_port(authority: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let host_end = match authority {
        [b'[', ..] => authority.iter().position(|byte| *byte == b']')?.checked_add(1)?,
        _ => authority
            .iter()
            .position(|byte| *byte == b':')
            .unwrap_or(authority.len()),
    };
    let (host, rest) = authority.split_at_checked(host_end)?;
    match rest.split_first() {
        None => Some((host, None)),
        Some((b':', port)) => Some((host, Some(port))),
        Some(_) => None,
    }
}

/// The text is no port.
pub(crate) struct NoPort;

/// Parses a port: 1 to 65535, without leading zeros.
pub(crate) fn parse_port(digits: &[u8]) -> Result<u16, NoPort> {
    if digits.starts_with(b"0") || !digits.iter().all(u8::is_ascii_digit) {
        return Err(NoPort);
    }
    let digits = std::str::from_utf8(digits).map_err(|_| NoPort)?;
    digits.parse().map_err(|_| NoPort)
}

/// Parses an IPv6 address in its brackets.
pub(crate) fn parse_v6(host: &[u8]) -> Option<Ipv6Addr> {
    let address = host.strip_prefix(b"[")?.strip_suffix(b"]")?;
    std::str::from_utf8(address).ok()?.parse().ok()
}

/// Reports whether one or more labels precede `suffix`, which is compared without regard to case.
fn is_subdomain(host: &[u8], suffix: &str) -> bool {
    let split = host.len().checked_sub(suffix.len());
    let parts = split.and_then(|split| host.split_at_checked(split));
    parts.is_some_and(|(labels, end)| !labels.is_empty() && end.eq_ignore_ascii_case(suffix.as_bytes()))
}

/// Whether it is a host name, or an IPv4 address, that does not end with a dot: labels, none of them empty.
pub(crate) fn is_host_name(name: &str) -> bool {
    name.bytes().all(is_host_byte) && !name.split('.').any(str::is_empty)
}

/// Letters, digits and `-` of host names (RFC 1123, section 2.1), and `_`, which names of services have.
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_has_one_reading_or_is_ambiguous() {
        use RequestAmbiguous::{Comma, HostCharacter, Port, TrailingDot, UserInformation};
        let table: &[(&str, Result<(&str, Option<u16>), RequestAmbiguous>)] = &[
            ("example.com", Ok(("example.com", None))),
            ("EXAMPLE.com:8080", Ok(("EXAMPLE.com", Some(8080)))),
            ("a_b-c.example:1", Ok(("a_b-c.example", Some(1)))),
            ("192.0.2.1:65535", Ok(("192.0.2.1", Some(65535)))),
            ("[::1]", Ok(("[::1]", None))),
            ("[::1]:80", Ok(("[::1]", Some(80)))),
            ("[::ffff:192.0.2.1]", Ok(("[::ffff:192.0.2.1]", None))),
            (".example.com", Ok((".example.com", None))),
            ("", Ok(("", None))),
            ("user@example.com", Err(UserInformation)),
            ("user:password@example.com:1", Err(UserInformation)),
            ("example.com@", Err(UserInformation)),
            ("@", Err(UserInformation)),
            ("example.com.", Err(TrailingDot)),
            ("example.com.:443", Err(TrailingDot)),
            ("example.com..", Err(TrailingDot)),
            (".", Err(TrailingDot)),
            ("a.example,b.example", Err(Comma)),
            ("a.example:80, b.example", Err(Comma)),
            ("example.com,", Err(Comma)),
            ("example.com:", Err(Port)),
            ("[::1]:", Err(Port)),
            ("example.com:0", Err(Port)),
            ("example.com:080", Err(Port)),
            ("example.com:65536", Err(Port)),
            ("example.com:99999999999999999999", Err(Port)),
            ("example.com:+80", Err(Port)),
            ("example.com:80 ", Err(Port)),
            ("example.com:8o", Err(Port)),
            ("example.com:80:80", Err(Port)),
            ("::1", Err(Port)),
            ("[::1", Err(HostCharacter)),
            ("[::1]80", Err(HostCharacter)),
            ("[::1].", Err(HostCharacter)),
            ("[]", Err(HostCharacter)),
            ("[::1%25eth0]", Err(HostCharacter)),
            ("[example.com]", Err(HostCharacter)),
            ("example%2ecom", Err(HostCharacter)),
            ("example.com/x", Err(HostCharacter)),
            ("example.com\\x", Err(HostCharacter)),
            ("example.com?x", Err(HostCharacter)),
            ("exa mple.com", Err(HostCharacter)),
            ("*.example.com", Err(HostCharacter)),
            ("ex\u{e4}mple.com", Err(HostCharacter)),
        ];
        for (authority, expected) in table {
            let found = Authority::parse(authority.as_bytes()).map(|found| (found.host, found.port));
            let expected = expected.map(|(host, port)| (host.as_bytes(), port));
            assert_eq!(found, expected, "{authority}");
        }
    }

    #[test]
    fn patterns_fit_names_without_regard_to_case_and_ports_as_they_name_them() {
        use Closeness::{Equivalent, Exact, Loose};
        for (pattern, authority, expected) in [
            ("example.com", "example.com", Some(Exact)),
            ("Example.COM", "eXample.com", Some(Exact)),
            ("example.com", "example.com:8443", Some(Equivalent)),
            ("example.com", "example.com:443", Some(Equivalent)),
            ("example.com", "www.example.com", None),
            ("example.com", "example.com.evil", None),
            ("example.com:8443", "EXAMPLE.com:8443", Some(Exact)),
            ("example.com:8443", "example.com:8444", None),
            ("example.com:8443", "example.com", None),
            ("example.com:443", "example.com:443", Some(Exact)),
            ("example.com:443", "example.com", Some(Loose)),
            ("example.com:80", "example.com", Some(Loose)),
            ("example.com:443", "example.com:80", None),
            ("*.example.com", "www.example.com", Some(Exact)),
            ("*.Example.com", "A.B.eXAMPLE.com:1", Some(Equivalent)),
            ("*.example.com:8443", "a.example.com:8443", Some(Exact)),
            ("*.example.com:8443", "a.example.com", None),
            ("*.example.com", "example.com", None),
            ("*.example.com", ".example.com", None),
            ("*.example.com", "wwwexample.com", None),
            ("*.example.com", "www.example.com.evil", None),
            ("[2001:DB8::1]", "[2001:db8::1]", Some(Exact)),
            ("[2001:db8::1]", "[2001:0db8:0:0:0:0:0:1]", Some(Equivalent)),
            ("[2001:db8::1]:8443", "[2001:db8::1]:8443", Some(Exact)),
            ("[2001:db8::1]", "[2001:db8::2]", None),
            ("192.0.2.1", "192.0.2.1", Some(Exact)),
            ("192.0.2.1:8080", "192.0.2.1:8080", Some(Exact)),
            ("localhost", "", None),
        ] {
            let parsed = HostPattern::parse(pattern).unwrap();
            let authority = Authority::parse(authority.as_bytes()).unwrap();
            assert_eq!(parsed.closeness(&authority), expected, "{pattern} {authority:?}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        use HostError::{Character, Empty, Port, TrailingDot, Wildcard};
        for (text, why) in [
            ("", Empty),
            (":80", Empty),
            ("*.", Empty),
            (".", TrailingDot),
            ("example.com.", TrailingDot),
            ("example.com.:80", TrailingDot),
            ("*.example.com.", TrailingDot),
            ("*", Wildcard),
            ("*:80", Wildcard),
            ("*.*.example.com", Wildcard),
            ("www.*.com", Wildcard),
            ("w*.example.com", Wildcard),
            ("*example.com", Wildcard),
            ("example.com:", Port),
            ("example.com:0", Port),
            ("example.com:080", Port),
            ("example.com:65536", Port),
            ("example.com:*", Port),
            ("example.com:http", Port),
            ("*.example.com:x", Port),
            ("[::1]:", Port),
            ("::1", Character),
            ("a:80:80", Character),
            ("https://example.com", Character),
            ("user:pw@example.com", Character),
            ("[::1", Character),
            ("[]", Character),
            ("[::1]x", Character),
            ("[example.com]", Character),
            ("*.[::1]", Character),
            ("example.com/x", Character),
            ("user@example.com", Character),
            ("exa mple.com", Character),
            ("exämple.com", Character),
            (".example.com", Character),
            ("a..b", Character),
        ] {
            assert_eq!(HostPattern::parse(text), Err(why), "{text}");
        }
    }

    #[test]
    fn covering_is_what_it_says() {
        for (ours, theirs, any_port, covers) in [
            ("a.com", "A.com", false, true),
            ("a.com", "b.com", true, false),
            ("a.com", "*.a.com", true, false),
            ("*.a.com", "a.com", true, false),
            ("*.a.com", "x.a.com", false, true),
            ("*.a.com", "*.a.com", false, true),
            ("*.a.com", "*.x.a.com", false, true),
            ("*.x.a.com", "*.a.com", true, false),
            ("a.com", "a.com:80", true, true),
            ("a.com", "a.com:80", false, false),
            ("a.com:80", "a.com", true, false),
            ("a.com:80", "a.com:80", false, true),
            ("a.com:80", "a.com:81", true, false),
            ("*.a.com", "x.a.com:80", true, true),
            ("[::1]", "[::1]", false, true),
            ("[::1]", "[0::1]", true, false),
            ("[::1]", "a.com", true, false),
        ] {
            let ours = HostPattern::parse(ours).unwrap();
            let theirs = HostPattern::parse(theirs).unwrap();
            assert_eq!(ours.covers(&theirs, any_port), covers, "{ours:?} {theirs:?}");
        }
    }
}
