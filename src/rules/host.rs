//! The hosts that a rule is for.

use std::fmt;

/// A host that a rule is for, lower case, without port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum HostPattern {
    /// This host.
    Exact(String),
    /// `*.example.com`: one or more labels before this suffix (kept with its leading dot).
    Subdomains(String),
}

/// Why a text is no host pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HostError {
    /// It names no host.
    Empty,
    /// It has a port, which rules ignore.
    Port,
    /// It holds a `*` that is not the first label.
    Wildcard,
    /// It holds a character that no host has: a scheme, a path, spaces.
    Character,
}

impl fmt::Display for HostError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            HostError::Empty => "must name a host",
            HostError::Port => "must not have a port: rules are for a host's every port",
            HostError::Wildcard => "must have '*' as its whole first label only, as in '*.example.com'",
            HostError::Character => "must be a host name or address alone, an IPv6 address in brackets",
        })
    }
}

impl std::error::Error for HostError {}

impl HostPattern {
    /// Reads `example.com`, `*.example.com`, `192.0.2.1` or `[2001:db8::1]`; case and one dot at the end mean nothing.
    ///
    /// # Errors
    /// It is none of these.
    pub fn parse(text: &str) -> Result<HostPattern, HostError> {
        let lower = text.to_ascii_lowercase();
        let host = lower.strip_suffix('.').unwrap_or(&lower);
        let name = host.strip_prefix("*.").unwrap_or(host);
        if name.is_empty() {
            return Err(HostError::Empty);
        }
        if name.contains('*') {
            return Err(HostError::Wildcard);
        }
        if let Some(address) = name.strip_prefix('[') {
            let (address, port) = address.split_once(']').ok_or(HostError::Character)?;
            if !port.is_empty() {
                return Err(HostError::Port);
            }
            let known = |byte: u8| byte.is_ascii_hexdigit() || matches!(byte, b':' | b'.');
            if address.is_empty() || name != host || !address.bytes().all(known) {
                return Err(HostError::Character);
            }
            return Ok(HostPattern::Exact(name.to_owned()));
        }
        if let Some((_, port)) = name.split_once(':')
            && port.bytes().all(|byte| byte.is_ascii_digit())
        {
            return Err(HostError::Port);
        }
        if !name.bytes().all(is_host_byte) || name.split('.').any(str::is_empty) {
            return Err(HostError::Character);
        }
        Ok(match host.strip_prefix('*') {
            Some(suffix) => HostPattern::Subdomains(suffix.to_owned()),
            None => HostPattern::Exact(host.to_owned()),
        })
    }

    /// Whether it is for `host`, as [`host_of`] gives it.
    pub fn matches(&self, host: &[u8]) -> bool {
        match self {
            HostPattern::Exact(name) => host.eq_ignore_ascii_case(name.as_bytes()),
            HostPattern::Subdomains(suffix) => before_suffix(host, suffix).is_some_and(|labels| !labels.is_empty()),
        }
    }

    /// Whether it is for every host that `other` is for.
    pub fn covers(&self, other: &HostPattern) -> bool {
        match (self, other) {
            (HostPattern::Exact(_), _) => self == other,
            (HostPattern::Subdomains(_), HostPattern::Exact(name)) => self.matches(name.as_bytes()),
            (HostPattern::Subdomains(ours), HostPattern::Subdomains(theirs)) => theirs.ends_with(ours.as_str()),
        }
    }
}

/// The host of an `:authority` (RFC 3986, section 3.2.2): without user information, port and one dot at its end.
pub fn host_of(authority: &[u8]) -> &[u8] {
    let host = authority.rsplit(|byte| *byte == b'@').next().unwrap_or_default();
    let end = if host.starts_with(b"[") {
        host.iter()
            .position(|byte| *byte == b']')
            .map(|at| at.saturating_add(1))
    } else {
        host.iter().position(|byte| *byte == b':')
    };
    let host = end.and_then(|end| host.get(..end)).unwrap_or(host);
    host.strip_suffix(b".").unwrap_or(host)
}

/// What stands before `suffix`, which is compared without regard to case.
fn before_suffix<'a>(host: &'a [u8], suffix: &str) -> Option<&'a [u8]> {
    let (before, end) = host.split_at_checked(host.len().checked_sub(suffix.len())?)?;
    end.eq_ignore_ascii_case(suffix.as_bytes()).then_some(before)
}

/// Letters, digits and `-` of host names (RFC 1123, section 2.1), and `_`, which names of services have.
fn is_host_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_authority_without_port_and_dot_is_a_host() {
        for (authority, host) in [
            ("example.com", "example.com"),
            ("example.com:8080", "example.com"),
            ("example.com.", "example.com"),
            ("example.com.:443", "example.com"),
            ("example.com..", "example.com."),
            ("example.com:", "example.com"),
            ("[::1]", "[::1]"),
            ("[::1]:80", "[::1]"),
            ("[::1", "[::1"),
            ("user@example.com:1", "example.com"),
            ("", ""),
        ] {
            assert_eq!(host_of(authority.as_bytes()), host.as_bytes(), "{authority}");
        }
    }

    #[test]
    fn hosts_match_without_regard_to_case() {
        for (pattern, host, matches) in [
            ("example.com", "example.com", true),
            ("Example.COM", "eXample.com", true),
            ("example.com.", "example.com", true),
            ("example.com", "www.example.com", false),
            ("example.com", "example.com.evil", false),
            ("*.example.com", "www.example.com", true),
            ("*.Example.com", "A.B.eXAMPLE.com", true),
            ("*.example.com", "example.com", false),
            ("*.example.com", ".example.com", false),
            ("*.example.com", "wwwexample.com", false),
            ("*.example.com", "www.example.com.evil", false),
            ("[2001:DB8::1]", "[2001:db8::1]", true),
            ("192.0.2.1", "192.0.2.1", true),
            ("localhost", "", false),
        ] {
            let parsed = HostPattern::parse(pattern).unwrap();
            assert_eq!(parsed.matches(host.as_bytes()), matches, "{pattern} {host}");
        }
    }

    #[test]
    fn what_is_no_host_is_refused() {
        use HostError::*;
        for (text, why) in [
            ("", Empty),
            (".", Empty),
            ("*.", Wildcard),
            ("*", Wildcard),
            ("*.*.example.com", Wildcard),
            ("www.*.com", Wildcard),
            ("w*.example.com", Wildcard),
            ("*example.com", Wildcard),
            ("example.com:80", Port),
            ("example.com:", Port),
            ("[::1]:80", Port),
            ("*.example.com:80", Port),
            ("::1", Character),
            ("[::1", Character),
            ("[]", Character),
            ("*.[::1]", Character),
            ("https://example.com", Character),
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
        for (ours, theirs, covers) in [
            ("a.com", "A.com", true),
            ("a.com", "b.com", false),
            ("a.com", "*.a.com", false),
            ("*.a.com", "a.com", false),
            ("*.a.com", "x.a.com", true),
            ("*.a.com", "*.a.com", true),
            ("*.a.com", "*.x.a.com", true),
            ("*.x.a.com", "*.a.com", false),
        ] {
            let ours = HostPattern::parse(ours).unwrap();
            assert_eq!(
                ours.covers(&HostPattern::parse(theirs).unwrap()),
                covers,
                "{ours:?} {theirs}"
            );
        }
    }
}
