//! Paths: one spelling for all that mean the same, none for those whose meaning servers disagree on.
//!
//! RFC 3986, section 6.2.2, and two things that most servers add to it: repeated slashes are one, and a slash at the end
//! means nothing. What is left is compared byte by byte.

use std::borrow::Cow;
use std::fmt;

/// Why servers disagree on what a path means. Such a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathAmbiguous {
    /// It does not begin with `/`: empty (`CONNECT` has no path), `*` (`OPTIONS *`) or a whole URI. What a rule's
    /// path says of such a request is anybody's guess, so none is made.
    NotRooted,
    /// `%2F`: a slash inside a segment to some servers, the end of the segment to others.
    EncodedSlash,
    /// `\` or `%5C`: a slash to some servers.
    Backslash,
    /// `;` or `%3B`: to some servers the segment ends here and a path parameter begins (`/admin;x`, `/..;/admin`).
    Semicolon,
    /// `%00` and other control characters, at which some servers cut the path.
    ControlCharacter,
    /// Escapes that are no UTF-8, such as the overlong slash `%C0%AF`.
    NotUtf8,
    /// A raw byte outside visible ASCII, which no URI may hold.
    RawByte,
    /// A `%` without two hexadecimal digits behind it.
    BadEscape,
    /// `..` behind an empty segment (`/a//../b`): `/b` to servers that merge slashes first, `/a/b` to those that do it last.
    DotDotAfterEmptySegment,
}

impl fmt::Display for PathAmbiguous {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            PathAmbiguous::NotRooted => "the path does not begin with a slash",
            PathAmbiguous::EncodedSlash => "the path holds an encoded slash",
            PathAmbiguous::Backslash => "the path holds a backslash, plain or encoded",
            PathAmbiguous::Semicolon => "the path holds a semicolon, plain or encoded",
            PathAmbiguous::ControlCharacter => "the path holds an encoded control character",
            PathAmbiguous::NotUtf8 => "the path holds percent-encoded bytes that are not UTF-8",
            PathAmbiguous::RawByte => "the path holds a byte that is not visible ASCII",
            PathAmbiguous::BadEscape => "the path holds a percent sign without two hexadecimal digits behind it",
            PathAmbiguous::DotDotAfterEmptySegment => "the path climbs with '..' over an empty segment",
        })
    }
}

impl std::error::Error for PathAmbiguous {}

/// A path in the one spelling that rules are compared with: visible ASCII that begins with `/`, without query and
/// fragment, without empty segments, `.` and `..`, without a slash at its end (but for `/` itself). Only [`normalize`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormalizedPath<'a>(Cow<'a, str>);

impl NormalizedPath<'_> {
    /// `/`.
    pub const ROOT: NormalizedPath<'static> = NormalizedPath(Cow::Borrowed("/"));

    /// Its text.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Its segments, still percent-encoded and never empty; `/` has none.
    pub fn segments(&self) -> impl Iterator<Item = &str> + Clone {
        self.0.split('/').filter(|segment| !segment.is_empty())
    }
}

/// The path of a request target (RFC 9112, section 3.2; `:path` of RFC 9113), normalized. It is copied only if
/// that changes it or if it has escapes.
///
/// - Query and fragment are dropped.
/// - Unreserved characters (RFC 3986, section 2.3) are percent-decoded, once: `%252f` stays. Other escapes get upper-case hex.
/// - Dot segments are resolved as RFC 3986, section 5.2.4, has it: `..` at the root stays there.
/// - Repeated slashes are merged, and one slash at the end is ignored.
///
/// # Errors
/// The path is one whose meaning servers disagree on: see [`PathAmbiguous`].
pub fn normalize(raw: &[u8]) -> Result<NormalizedPath<'_>, PathAmbiguous> {
    let path = without_query(raw);
    if path.first() != Some(&b'/') {
        return Err(PathAmbiguous::NotRooted);
    }
    let trimmed = match path.strip_suffix(b"/") {
        Some(b"") | None => path,
        Some(shorter) => shorter,
    };
    if is_normal(trimmed) {
        let text = std::str::from_utf8(trimmed).map_err(|_| PathAmbiguous::RawByte)?;
        return Ok(NormalizedPath(Cow::Borrowed(text)));
    }
    let decoded = decode_unreserved(path)?;
    Ok(NormalizedPath(Cow::Owned(resolve(&decoded)?)))
}

/// The text of a segment of a [`NormalizedPath`], percent-decoded. Such a segment always decodes; any other gives `None`
/// where it does not.
pub fn decode_segment(segment: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(segment.len());
    let mut rest = segment.as_bytes();
    while let Some((first, behind)) = rest.split_first() {
        if *first == b'%' {
            let (byte, behind) = escaped_byte(behind)?;
            bytes.push(byte);
            rest = behind;
        } else {
            bytes.push(*first);
            rest = behind;
        }
    }
    String::from_utf8(bytes).ok()
}

fn without_query(raw: &[u8]) -> &[u8] {
    raw.split(|byte| matches!(byte, b'?' | b'#')).next().unwrap_or_default()
}

/// Whether normalizing would change nothing. `path` begins with `/` and, but for `/` itself, does not end with it.
fn is_normal(path: &[u8]) -> bool {
    if path == b"/" {
        return true;
    }
    let mut segments = path.split(|byte| *byte == b'/');
    segments.next();
    segments.all(|segment| {
        !matches!(segment, b"" | b"." | b"..")
            && segment
                .iter()
                .all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'%' | b'\\' | b';'))
    })
}

fn decode_unreserved(path: &[u8]) -> Result<String, PathAmbiguous> {
    let mut decoded = String::with_capacity(path.len());
    let mut rest = path;
    while let Some((first, behind)) = rest.split_first() {
        rest = match first {
            b'%' => decode_escape(behind, &mut decoded)?,
            b'\\' => return Err(PathAmbiguous::Backslash),
            b';' => return Err(PathAmbiguous::Semicolon),
            plain if plain.is_ascii_graphic() => {
                decoded.push(char::from(*plain));
                behind
            }
            _ => return Err(PathAmbiguous::RawByte),
        };
    }
    Ok(decoded)
}

/// Reads the escape whose `%` stands before `rest` (for a character beyond ASCII: all its escapes) and gives what is behind it.
fn decode_escape<'a>(rest: &'a [u8], decoded: &mut String) -> Result<&'a [u8], PathAmbiguous> {
    let (byte, behind) = escaped_byte(rest).ok_or(PathAmbiguous::BadEscape)?;
    match byte {
        b'/' => Err(PathAmbiguous::EncodedSlash),
        b'\\' => Err(PathAmbiguous::Backslash),
        b';' => Err(PathAmbiguous::Semicolon),
        b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' => {
            decoded.push(char::from(byte));
            Ok(behind)
        }
        control if control.is_ascii_control() => Err(PathAmbiguous::ControlCharacter),
        ascii if ascii.is_ascii() => {
            push_escape(ascii, decoded);
            Ok(behind)
        }
        lead => keep_character(lead, behind, decoded),
    }
}

/// Keeps the escapes of one character beyond ASCII, whose first byte is `lead`.
fn keep_character<'a>(lead: u8, rest: &'a [u8], decoded: &mut String) -> Result<&'a [u8], PathAmbiguous> {
    let length = match lead {
        0xC2..=0xDF => 2,
        0xE0..=0xEF => 3,
        0xF0..=0xF4 => 4,
        _ => return Err(PathAmbiguous::NotUtf8),
    };
    let mut character = Vec::with_capacity(length);
    character.push(lead);
    let mut rest = rest;
    while character.len() < length {
        let escape = rest.strip_prefix(b"%").ok_or(PathAmbiguous::NotUtf8)?;
        let (byte, behind) = escaped_byte(escape).ok_or(PathAmbiguous::BadEscape)?;
        character.push(byte);
        rest = behind;
    }
    let text = std::str::from_utf8(&character).map_err(|_| PathAmbiguous::NotUtf8)?;
    if text.chars().any(char::is_control) {
        return Err(PathAmbiguous::ControlCharacter);
    }
    for byte in character {
        push_escape(byte, decoded);
    }
    Ok(rest)
}

/// The byte that two hexadecimal digits at the begin of `rest` stand for, and what is behind them.
fn escaped_byte(rest: &[u8]) -> Option<(u8, &[u8])> {
    let (digits, behind) = rest.split_first_chunk::<2>()?;
    let [high, low] = digits.map(|digit| char::from(digit).to_digit(16));
    let byte = u8::try_from((high? << 4) | low?).ok()?;
    Some((byte, behind))
}

fn push_escape(byte: u8, out: &mut String) {
    out.push('%');
    for nibble in [byte >> 4, byte & 0x0F] {
        out.extend(char::from_digit(u32::from(nibble), 16).map(|digit| digit.to_ascii_uppercase()));
    }
}

/// Resolves dot segments, then merges slashes and drops that at the end.
fn resolve(decoded: &str) -> Result<String, PathAmbiguous> {
    let mut kept: Vec<&str> = Vec::new();
    // How many of `kept` are not empty: counted, since looking for them at each `..` would make a long path quadratic.
    let mut filled: usize = 0;
    for segment in decoded.split('/').skip(1) {
        match segment {
            "." => {}
            ".." => match kept.pop() {
                Some("") if filled > 0 => return Err(PathAmbiguous::DotDotAfterEmptySegment),
                Some("") | None => {}
                Some(_) => filled = filled.saturating_sub(1),
            },
            "" => kept.push(segment),
            name => {
                kept.push(name);
                filled = filled.saturating_add(1);
            }
        }
    }
    let mut path = String::with_capacity(decoded.len());
    for name in kept.into_iter().filter(|name| !name.is_empty()) {
        path.push('/');
        path.push_str(name);
    }
    if path.is_empty() {
        path.push('/');
    }
    Ok(path)
}

#[cfg(test)]
mod tests {
    use super::PathAmbiguous::*;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_spelling_for_all_that_mean_the_same() {
        for (raw, normalized) in [
            ("/", "/"),
            ("//", "/"),
            ("/.", "/"),
            ("/..", "/"),
            ("/../..", "/"),
            ("/admin", "/admin"),
            ("/admin/", "/admin"),
            ("/admin//", "/admin"),
            ("//admin", "/admin"),
            ("/./admin", "/admin"),
            ("/admin/.", "/admin"),
            ("/x/../admin", "/admin"),
            ("/x/..", "/"),
            ("/x/y/..", "/x"),
            ("/../admin", "/admin"),
            ("//../admin", "/admin"),
            ("//x/../../admin", "/admin"),
            ("/%61dmin", "/admin"),
            ("/%2e/admin", "/admin"),
            ("/x/%2e%2e/admin", "/admin"),
            ("/x/.%2E/admin", "/admin"),
            ("/x/%2E./admin", "/admin"),
            ("/%7Eme/%2d%5F", "/~me/-_"),
            ("/admin?x", "/admin"),
            ("/admin/?x=/../y", "/admin"),
            ("/admin#x", "/admin"),
            ("/admin?%zz%00;\\", "/admin"),
            ("/?", "/"),
            ("/ADMIN", "/ADMIN"),
            ("/...", "/..."),
            ("/.well-known/x", "/.well-known/x"),
            ("/a..b/.c/d.", "/a..b/.c/d."),
            // Twice encoded stays as it is: it names a file with an escape in its name.
            ("/%252f", "/%252f"),
            ("/%252e%252e/x", "/%252e%252e/x"),
            ("/%25%32%66", "/%252f"),
            ("/a%3fb%23c", "/a%3Fb%23c"),
            ("/a%20b", "/a%20b"),
            ("/a:b@c!$&'()*+,=d", "/a:b@c!$&'()*+,=d"),
            ("/a%40b", "/a%40b"),
            ("/%c3%a9", "/%C3%A9"),
            ("/%e2%82%ac%F0%9f%98%80", "/%E2%82%AC%F0%9F%98%80"),
        ] {
            let found = normalize(raw.as_bytes()).map(|path| path.as_str().to_owned());
            assert_eq!(found.as_deref(), Ok(normalized), "{raw}");
        }
    }

    #[test]
    fn no_spelling_for_those_that_servers_read_in_different_ways() {
        let table: &[(&[u8], PathAmbiguous)] = &[
            (b"", NotRooted),
            (b"*", NotRooted),
            (b"?x", NotRooted),
            (b"#x", NotRooted),
            (b"admin", NotRooted),
            (b"http://host/admin", NotRooted),
            (b"%2Fadmin", NotRooted),
            (b"/x%2fadmin", EncodedSlash),
            (b"/x%2Fadmin", EncodedSlash),
            (b"/x/..%2fadmin", EncodedSlash),
            (b"/x\\admin", Backslash),
            (b"/x/..\\admin", Backslash),
            (b"/x%5cadmin", Backslash),
            (b"/x%5Cadmin", Backslash),
            (b"/..;/admin", Semicolon),
            (b"/admin;x=1", Semicolon),
            (b"/admin%3bx", Semicolon),
            (b"/admin%3B", Semicolon),
            (b"/admin%00", ControlCharacter),
            (b"/admin%0a", ControlCharacter),
            (b"/admin%09", ControlCharacter),
            (b"/admin%1f", ControlCharacter),
            (b"/admin%7F", ControlCharacter),
            (b"/admin%C2%85", ControlCharacter),
            (b"/%c0%af", NotUtf8),
            (b"/%c1%9c", NotUtf8),
            (b"/%ff", NotUtf8),
            (b"/%80", NotUtf8),
            (b"/%e9", NotUtf8),
            (b"/%c3A9", NotUtf8),
            (b"/%c3%41", NotUtf8),
            (b"/%ed%a0%80", NotUtf8),
            (b"/%e0%80%af", NotUtf8),
            (b"/%f4%90%80%80", NotUtf8),
            (b"/%e2%82", NotUtf8),
            (b"/a b", RawByte),
            (b"/a\tb", RawByte),
            (b"/a\0", RawByte),
            (b"/a\x7F", RawByte),
            (b"/a\x80", RawByte),
            ("/é".as_bytes(), RawByte),
            (b"/%", BadEscape),
            (b"/%2", BadEscape),
            (b"/%zz", BadEscape),
            (b"/%2/", BadEscape),
            (b"/%+1", BadEscape),
            (b"/%u0041", BadEscape),
            (b"/%C3%", BadEscape),
            (b"/a//../b", DotDotAfterEmptySegment),
            (b"/a//%2e%2e/b", DotDotAfterEmptySegment),
            (b"/a//b/../../c", DotDotAfterEmptySegment),
            (b"/a//./../b", DotDotAfterEmptySegment),
        ];
        for (raw, why) in table {
            let found = normalize(raw).map(|path| path.as_str().to_owned());
            assert_eq!(found, Err(*why), "{}", raw.escape_ascii());
        }
    }

    #[test]
    fn a_path_that_is_normal_is_not_copied() {
        for raw in ["/", "/a/b", "/a/b/", "/a/b?x", "/a/b/#x", "/.well-known/jwks.json"] {
            assert!(
                matches!(normalize(raw.as_bytes()).unwrap().0, Cow::Borrowed(_)),
                "{raw}"
            );
        }
    }

    #[test]
    fn a_long_path_of_slashes_and_dots_takes_no_quadratic_time() {
        let mut raw = "/".repeat(500_000);
        raw.push_str(&"../".repeat(300_000));
        assert_eq!(normalize(raw.as_bytes()).unwrap().as_str(), "/");
    }

    #[test]
    fn a_segment_is_percent_decoded() {
        for (segment, text) in [
            ("abc", Some("abc")),
            ("a%40b", Some("a@b")),
            ("%C3%A9", Some("é")),
            ("%252f", Some("%2f")),
            ("a+b", Some("a+b")),
            ("%", None),
            ("%F", None),
            ("%FF", None),
        ] {
            assert_eq!(decode_segment(segment).as_deref(), text, "{segment}");
        }
    }

    /// Paths made of the pieces that attacks are made of.
    pub(crate) fn hostile_path() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop_oneof![
            8 => proptest::sample::select(vec![
                "/", "//", ".", "..", "/./", "/../", "a", "b", "admin", "%61", "%2e", "%2E%2e", "%2f", "%5c", "\\", ";",
                "%3b", "%25", "%252f", "%00", "%", "%4", "%c3%a9", "%c0%af", "?", "#", "*", "~", "%7e", "%40", "@",
            ]).prop_map(|text| text.as_bytes().to_vec()),
            1 => any::<u8>().prop_map(|byte| vec![byte]),
        ];
        proptest::collection::vec(piece, 0..12).prop_map(|pieces| {
            let mut path = b"/".to_vec();
            path.extend(pieces.concat());
            path
        })
    }

    proptest! {
        #[test]
        fn normalizing_twice_is_once(raw in hostile_path()) {
            if let Ok(once) = normalize(&raw) {
                let twice = normalize(once.as_str().as_bytes());
                prop_assert_eq!(twice.as_ref(), Ok(&once));
            }
        }

        #[test]
        fn what_is_normalized_has_only_plain_segments(raw in hostile_path()) {
            if let Ok(path) = normalize(&raw) {
                prop_assert!(path.as_str().starts_with('/'));
                prop_assert!(path.as_str() == "/" || !path.as_str().ends_with('/'));
                prop_assert!(path.as_str().bytes().all(|byte| byte.is_ascii_graphic()));
                for segment in path.segments() {
                    prop_assert!(segment != "." && segment != "..");
                    let text = decode_segment(segment);
                    prop_assert!(text.is_some_and(|text| !text.contains(['/', '\\', ';', '\0'])));
                }
            }
        }
    }
}
