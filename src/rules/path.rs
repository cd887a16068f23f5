//! Paths: one spelling for all that mean the same, none for those whose meaning servers disagree on.
//!
//! RFC 3986, section 6.2.2, without the dot segments, which a request has no need of; and two things that most servers add to it:
//! repeated slashes are one, and a slash at the end means nothing. Since not every server merges slashes, it is recorded where
//! that was done, see [`super::closeness`].

use super::closeness::Closeness;
use std::borrow::Cow;
use std::fmt;

/// Why servers disagree on what a path means. Such a path is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PathAmbiguous {
    /// It does not begin with `/`: empty (`CONNECT` has no path), `*` (`OPTIONS *`) or a whole URI. What a rule's
    /// path says of such a request is anybody's guess, so none is made.
    NotRooted,
    /// It begins with `//`: parsers of URLs take what follows for a host (RFC 3986, section 4.2), so that Node and PHP read
    /// `//pub/admin` as `/admin`.
    LeadingSlashes,
    /// A segment is `.` or `..`, plain or encoded. Servers disagree on when it is resolved: before or after slashes are merged,
    /// before or after escapes are decoded, or never.
    DotSegment,
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
}

impl fmt::Display for PathAmbiguous {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(match self {
            PathAmbiguous::NotRooted => "the path does not begin with a slash",
            PathAmbiguous::LeadingSlashes => "the path begins with two slashes",
            PathAmbiguous::DotSegment => "the path holds a dot segment, plain or encoded",
            PathAmbiguous::EncodedSlash => "the path holds an encoded slash",
            PathAmbiguous::Backslash => "the path holds a backslash, plain or encoded",
            PathAmbiguous::Semicolon => "the path holds a semicolon, plain or encoded",
            PathAmbiguous::ControlCharacter => "the path holds an encoded control character",
            PathAmbiguous::NotUtf8 => "the path holds percent-encoded bytes that are not UTF-8",
            PathAmbiguous::RawByte => "the path holds a byte that is not visible ASCII",
            PathAmbiguous::BadEscape => "the path holds a percent sign without two hexadecimal digits behind it",
        })
    }
}

impl std::error::Error for PathAmbiguous {}

/// A path in the one spelling that rules are compared with: visible ASCII that begins with `/`, without query and
/// fragment, without empty segments, without a slash at its end (but for `/` itself). Only [`normalize`] makes one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NormalizedPath<'a> {
    text: Cow<'a, str>,
    has_merged_slashes: bool,
}

impl NormalizedPath<'_> {
    /// `/`.
    pub const ROOT: NormalizedPath<'static> = NormalizedPath {
        text: Cow::Borrowed("/"),
        has_merged_slashes: false,
    };

    /// Returns its text.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// Returns its segments, as far as they are still percent-encoded; none is empty, and `/` has none.
    pub fn segments(&self) -> impl Iterator<Item = &str> + Clone {
        segments(&self.text)
    }

    /// Returns how closely it can fit a rule at best: if slashes were merged it is another path to a server that merges none.
    pub fn closeness(&self) -> Closeness {
        if self.has_merged_slashes {
            Closeness::Equivalent
        } else {
            Closeness::Exact
        }
    }
}

/// Returns the segments of a path's text that are not empty.
pub(in crate::rules) fn segments(text: &str) -> impl Iterator<Item = &str> + Clone {
    text.split('/').filter(|segment| !segment.is_empty())
}

/// The path of a request target (RFC 9112, section 3.2; `:path` of RFC 9113), normalized. It is copied only if
/// that changes it or if it has escapes.
///
/// - Query and fragment are dropped.
/// - Escapes of visible ASCII characters are decoded, once: `%252f` stays. `%25`, `%3F` and `%23` stay escapes, since what they
///   stand for would change the meaning of the path. Others get upper-case hex.
/// - Repeated slashes are merged, and one slash at the end is ignored.
///
/// # Errors
/// The path is one whose meaning servers disagree on: see [`PathAmbiguous`].
pub fn normalize(raw: &[u8]) -> Result<NormalizedPath<'_>, PathAmbiguous> {
    let path = without_query(raw);
    if path.first() != Some(&b'/') {
        return Err(PathAmbiguous::NotRooted);
    }
    if path.starts_with(b"//") {
        return Err(PathAmbiguous::LeadingSlashes);
    }
    let trimmed = match path.strip_suffix(b"/") {
        Some(b"") | None => path,
        Some(shorter) => shorter,
    };
    if is_normal(trimmed) {
        let text = std::str::from_utf8(trimmed).map_err(|_| PathAmbiguous::RawByte)?;
        return Ok(NormalizedPath {
            text: Cow::Borrowed(text),
            has_merged_slashes: false,
        });
    }
    merge_slashes(&decode(trimmed)?)
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

/// Decodes the escapes of visible ASCII characters.
fn decode(path: &[u8]) -> Result<String, PathAmbiguous> {
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
        b'%' | b'?' | b'#' | b' ' => {
            push_escape(byte, decoded);
            Ok(behind)
        }
        visible if visible.is_ascii_graphic() => {
            decoded.push(char::from(visible));
            Ok(behind)
        }
        control if control.is_ascii() => Err(PathAmbiguous::ControlCharacter),
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

/// Merges repeated slashes. `decoded` has no slash at its end that is to be ignored.
fn merge_slashes(decoded: &str) -> Result<NormalizedPath<'static>, PathAmbiguous> {
    let mut text = String::with_capacity(decoded.len());
    let mut has_merged_slashes = false;
    for segment in decoded.split('/').skip(1) {
        match segment {
            "." | ".." => return Err(PathAmbiguous::DotSegment),
            "" => has_merged_slashes = true,
            name => {
                text.push('/');
                text.push_str(name);
            }
        }
    }
    Ok(NormalizedPath {
        text: Cow::Owned(text),
        has_merged_slashes,
    })
}

#[cfg(test)]
mod tests {
    use super::PathAmbiguous::*;
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn one_spelling_for_all_that_mean_the_same() {
        for (raw, normalized, has_merged_slashes) in [
            ("/", "/", false),
            ("/admin", "/admin", false),
            ("/admin/", "/admin", false),
            ("/admin//", "/admin", true),
            ("/admin///x//", "/admin/x", true),
            ("/a//b", "/a/b", true),
            ("/%61//b/", "/a/b", true),
            ("/a/b/", "/a/b", false),
            ("/%61dmin", "/admin", false),
            ("/%7Eme/%2d%5F", "/~me/-_", false),
            ("/admin?x", "/admin", false),
            ("/admin/?x=/../y//", "/admin", false),
            ("/admin#x", "/admin", false),
            ("/admin?%zz%00;\\", "/admin", false),
            ("/?", "/", false),
            ("/ADMIN", "/ADMIN", false),
            ("/...", "/...", false),
            ("/.%2e.", "/...", false),
            ("/.well-known/x", "/.well-known/x", false),
            ("/a..b/.c/d.", "/a..b/.c/d.", false),
            // Twice encoded stays as it is: it names a file with an escape in its name.
            ("/%252f", "/%252f", false),
            ("/%252e%252e/x", "/%252e%252e/x", false),
            ("/%25%32%66", "/%252f", false),
            // What a decoded one would turn into a query or a fragment stays as well.
            ("/a%3fb%23c", "/a%3Fb%23c", false),
            ("/a%20b", "/a%20b", false),
            // All other visible characters have one spelling.
            ("/a:b@c!$&'()*+,=d", "/a:b@c!$&'()*+,=d", false),
            ("/a%3Ab%40c%21%24%26%27%28%29%2a%2B%2c%3dd", "/a:b@c!$&'()*+,=d", false),
            ("/%22%3C%3e%5B%5d%5E%60%7B%7c%7D", "/\"<>[]^`{|}", false),
            ("/\"<>[]^`{|}", "/\"<>[]^`{|}", false),
            ("/%c3%a9", "/%C3%A9", false),
            ("/%e2%82%ac%F0%9f%98%80", "/%E2%82%AC%F0%9F%98%80", false),
        ] {
            let found = normalize(raw.as_bytes()).unwrap();
            assert_eq!(
                (found.as_str(), found.has_merged_slashes),
                (normalized, has_merged_slashes),
                "{raw}"
            );
        }
    }

    #[test]
    fn every_escape_of_visible_ascii_is_decoded_but_for_six() {
        for byte in 0x21..=0x7E_u8 {
            let raw = format!("/a%{byte:02x}b");
            let expected = match byte {
                b'/' => Err(EncodedSlash),
                b'\\' => Err(Backslash),
                b';' => Err(Semicolon),
                b'%' | b'?' | b'#' => Ok(format!("/a%{byte:02X}b")),
                _ => Ok(format!("/a{}b", char::from(byte))),
            };
            let found = normalize(raw.as_bytes()).map(|path| path.as_str().to_owned());
            assert_eq!(found, expected, "{raw}");
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
            (b"//", LeadingSlashes),
            (b"//admin", LeadingSlashes),
            (b"//pub/admin", LeadingSlashes),
            (b"///", LeadingSlashes),
            (b"//../admin", LeadingSlashes),
            (b"/.", DotSegment),
            (b"/./", DotSegment),
            (b"/..", DotSegment),
            (b"/../", DotSegment),
            (b"/./admin", DotSegment),
            (b"/admin/.", DotSegment),
            (b"/admin/..", DotSegment),
            (b"/x/../admin", DotSegment),
            (b"/x/..?y", DotSegment),
            (b"/%2e/admin", DotSegment),
            (b"/x/%2e%2e/admin", DotSegment),
            (b"/x/.%2E/admin", DotSegment),
            (b"/x/%2E./admin", DotSegment),
            (b"/admin/%2e%2E", DotSegment),
            (b"/a//../b", DotSegment),
            (b"/a//./b", DotSegment),
            (b"/x%2fadmin", EncodedSlash),
            (b"/x%2Fadmin", EncodedSlash),
            (b"/x/..%2fadmin", EncodedSlash),
            (b"/%2fadmin", EncodedSlash),
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
                matches!(normalize(raw.as_bytes()).unwrap().text, Cow::Borrowed(_)),
                "{raw}"
            );
        }
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
                let twice = normalize(once.as_str().as_bytes()).unwrap();
                prop_assert_eq!(twice.as_str(), once.as_str());
                prop_assert!(!twice.has_merged_slashes);
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
