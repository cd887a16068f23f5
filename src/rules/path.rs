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
mod tests;
