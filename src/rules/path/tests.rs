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
