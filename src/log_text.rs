//! Text from outside in log lines, escaped and bounded.

/// Returns `text` with quotes, backslashes, control and non-ASCII characters escaped as in Rust strings. It ends before it
/// has more than `max_chars` characters; no escape is cut in two.
pub fn escaped(text: &str, max_chars: usize) -> String {
    let mut out = String::new();
    for escaped in text.chars().map(char::escape_default) {
        if out.len().saturating_add(escaped.len()) > max_chars {
            break;
        }
        out.extend(escaped);
    }
    out
}

/// Returns all of `bytes`, escaped as in Rust byte strings, or nothing if that has more than `max_chars` characters: for what may be a
/// secret that is longer, of which no part is to be shown.
pub fn escaped_whole(bytes: &[u8], max_chars: usize) -> Option<String> {
    let escaped = bytes.escape_ascii();
    (escaped.clone().count() <= max_chars).then(|| escaped.map(char::from).collect())
}

/// Returns the first `max_chars` characters of a text in quotes, escaped; an ellipsis follows what was cut. Bytes that are
/// not UTF-8 are shown as the replacement character.
pub fn excerpt(text: &[u8], max_chars: usize) -> String {
    // A character has at most four bytes.
    let beginning = text
        .get(..max_chars.saturating_mul(4).saturating_add(4))
        .unwrap_or(text);
    let mut chars = String::from_utf8_lossy(beginning).into_owned();
    let is_cut = match chars.char_indices().nth(max_chars) {
        Some((end, _)) => {
            chars.truncate(end);
            true
        }
        None => false,
    };
    let ellipsis = if is_cut { "…" } else { "" };
    format!("\"{}\"{ellipsis}", escaped(&chars, usize::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_would_break_a_line_is_escaped_and_no_escape_is_cut() {
        for (text, expected) in [
            ("Ag+/0Zk5=", "Ag+/0Zk5="),
            ("", ""),
            ("a\r\nb\tc\0", r"a\r\nb\tc\u{0}"),
            ("\"'\\", r#"\"\'\\"#),
            ("\u{1b}[31m\u{7f}", r"\u{1b}[31m\u{7f}"),
            ("ключ", r"\u{43a}\u{43b}\u{44e}\u{447}"),
            (&"k".repeat(64), &"k".repeat(64)),
            (&"k".repeat(65), &"k".repeat(64)),
            (&format!("{}\n", "k".repeat(63)), &"k".repeat(63)),
        ] {
            assert_eq!(escaped(text, 64), expected);
        }
    }

    #[test]
    fn what_is_too_long_is_not_shown_in_part() {
        for (bytes, expected) in [
            (&b""[..], Some("")),
            (b"abcd", Some("abcd")),
            (b"abcde", None),
            (b"\xff", Some(r"\xff")),
            (b"a\nb", Some(r"a\nb")),
            (b"ab\nb", None),
        ] {
            assert_eq!(escaped_whole(bytes, 4).as_deref(), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn an_excerpt_has_so_many_characters_of_the_text() {
        for (text, expected) in [
            (&b""[..], r#""""#),
            (b"abc", r#""abc""#),
            (b"abcd", r#""abcd""#),
            (b"abcde", "\"abcd\"…"),
            ("ключи".as_bytes(), "\"\\u{43a}\\u{43b}\\u{44e}\\u{447}\"…"),
            (b"a\nb", r#""a\nb""#),
            (b"\xffa", r#""\u{fffd}a""#),
            ("𝄞𝄞𝄞𝄞".as_bytes(), r#""\u{1d11e}\u{1d11e}\u{1d11e}\u{1d11e}""#),
            (&[b'x'; 1000], "\"xxxx\"…"),
        ] {
            assert_eq!(excerpt(text, 4), expected);
        }
    }
}
