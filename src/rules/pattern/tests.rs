use super::*;

fn exact(text: &str) -> PathPattern {
    PathPattern::exact(text).unwrap()
}

fn prefix(text: &str) -> PathPattern {
    PathPattern::prefix(text).unwrap()
}

fn template(text: &str) -> PathPattern {
    PathPattern::template(text).unwrap()
}

#[test]
fn patterns_fit_whole_segments() {
    // Exactly, loosely, not at all.
    type Row<'a> = (PathPattern, &'a [&'a str], &'a [&'a str], &'a [&'a str]);
    let table: &[Row<'_>] = &[
        (exact("/"), &["/"], &[], &["/a"]),
        (
            exact("/a/b"),
            &["/a/b", "/a/b/", "/%61/b"],
            &["/a/B", "/A/b/", "/%41/b"],
            &["/a", "/a/b/c", "/"],
        ),
        (exact("/a/b/"), &["/a/b"], &[], &[]),
        (exact("/A"), &["/A"], &["/a"], &["/b"]),
        // What is escaped in a pattern is literal.
        (exact("/%61/%2a"), &["/a/*", "/a/%2A"], &["/A/*"], &["/a/b"]),
        (
            template("/%7Bx%7D/*"),
            &["/{x}/1", "/%7bx%7d/1"],
            &["/{X}/1"],
            &["/x/1"],
        ),
        (
            exact("/orgs/%3Aorg"),
            &["/orgs/:org", "/orgs/%3aorg"],
            &["/orgs/:ORG"],
            &["/orgs/x"],
        ),
        (exact("/a:b@c"), &["/a:b@c", "/a%3Ab%40c"], &["/A:b@c"], &["/a"]),
        (prefix("/"), &["/", "/a", "/a/b"], &[], &[]),
        (
            prefix("/api"),
            &["/api", "/api/", "/api/x", "/api/X/y"],
            &["/API", "/Api/x"],
            &["/apiary", "/", "/x/api"],
        ),
        (prefix("/api/"), &["/api", "/api/x"], &["/aPI/"], &["/apiary"]),
        (prefix("/a//b"), &["/a/b", "/a/b/c"], &["/A/b"], &["/a"]),
        (
            prefix("/caf%c3%a9"),
            &["/caf%C3%A9", "/caf%c3%a9/x"],
            &["/CAF%c3%a9"],
            &["/caf%C3%89"],
        ),
        (template("/"), &["/"], &[], &["/a"]),
        (
            template("/users/{id}"),
            &["/users/7", "/users/7/", "/users/X"],
            &["/USERS/7"],
            &["/users", "/users/", "/users/7/x"],
        ),
        (
            template("/users/*/x"),
            &["/users/7/x"],
            &["/users/7/X"],
            &["/users/x", "/users/7/8/x", "/users/7/y"],
        ),
        (
            template("/users/**"),
            &["/users", "/users/7", "/users/7/8"],
            &["/Users"],
            &["/", "/usersx"],
        ),
        (template("/{a}/**"), &["/x", "/x/y/z"], &[], &["/"]),
        (template("/**"), &["/", "/x", "/x/y"], &[], &[]),
    ];
    for (pattern, exactly, loosely, not) in table {
        for (paths, expected) in [
            (exactly, Some(Closeness::Exact)),
            (loosely, Some(Closeness::Loose)),
            (not, None),
        ] {
            for path in *paths {
                let found = pattern.closeness(&normalize(path.as_bytes()).unwrap());
                assert_eq!(found, expected, "{pattern:?} {path}");
            }
        }
    }
}

#[test]
fn merged_slashes_fit_no_better_than_equivalently() {
    for (pattern, path, expected) in [
        (prefix("/a"), "/a//b", Some(Closeness::Equivalent)),
        (exact("/a/b"), "/a//b/", Some(Closeness::Equivalent)),
        (exact("/a"), "/a//", Some(Closeness::Equivalent)),
        (template("/{x}/b"), "/a///b", Some(Closeness::Equivalent)),
        (prefix("/"), "/a//b", Some(Closeness::Equivalent)),
        (prefix("/a"), "/A//b", Some(Closeness::Loose)),
        (prefix("/b"), "/a//b", None),
    ] {
        let path = normalize(path.as_bytes()).unwrap();
        assert_eq!(pattern.closeness(&path), expected, "{pattern:?} {path:?}");
    }
}

#[test]
fn patterns_of_other_systems_are_refused_with_the_way_to_write_them() {
    use OtherSystem::{AngleBrackets, Colon, Placeholder, RegularExpression, Wildcard};
    for (text, segment, kind, literal) in [
        ("/admin/*", "*", Wildcard, "%2A"),
        ("/admin/**", "**", Wildcard, "%2A"),
        ("/admin*", "admin*", Wildcard, "%2A"),
        ("/admin/.*", ".*", Wildcard, "%2A"),
        ("/admin/{id}", "{id}", Placeholder, "%7B"),
        ("/admin/id}", "id}", Placeholder, "%7D"),
        ("/orgs/:org/admin", ":org", Colon, "%3A"),
        ("/orgs/<org>/admin", "<org>", AngleBrackets, "%3C"),
        ("/orgs/<int:org>", "<int:org>", AngleBrackets, "%3E"),
        ("/orgs/[0-9]+", "[0-9]+", RegularExpression('['), "%5B"),
        ("/orgs/9]", "9]", RegularExpression(']'), "%5D"),
        ("/^admin", "^admin", RegularExpression('^'), "%5E"),
        ("/a|b", "a|b", RegularExpression('|'), "%7C"),
    ] {
        let why = PatternError::OtherSystem(segment.to_owned(), kind);
        assert_eq!(PathPattern::exact(text), Err(why.clone()), "{text}");
        assert_eq!(PathPattern::prefix(text), Err(why.clone()), "{text}");
        let line = why.to_string();
        assert!(line.contains("template") && line.contains(literal), "{line}");
        if !matches!(kind, Wildcard | Placeholder) {
            assert_eq!(PathPattern::template(text), Err(why), "{text}");
        }
    }
    for text in [
        "/a(b)",
        "/a+",
        "/$a$",
        "/:",
        "/:1",
        "/a:b",
        "/a<b",
        "/~x",
        "/@a",
        "/%2A/%7Bx%7D/%3Ax/%5b%5D",
    ] {
        for read in [PathPattern::exact, PathPattern::prefix, PathPattern::template] {
            assert!(read(text).is_ok(), "{text}");
        }
    }
}

#[test]
fn names_capture_decoded_segments() {
    let pattern = template("/t/{tenant}/u/{user}/**");
    let path = normalize(b"/t/a%40b/u/%c3%a9/x/y").unwrap();
    let captures = pattern.captures(&path);
    assert_eq!(captures.value("tenant"), Some("a@b"));
    assert_eq!(captures.value("user"), Some("é"));
    assert_eq!(captures.value("x"), None);
    assert_eq!(pattern.names().collect::<Vec<_>>(), ["tenant", "user"]);
}

#[test]
fn what_is_no_pattern_is_refused() {
    use PatternError::*;
    for (text, why) in [
        ("", NotRooted),
        ("*", NotRooted),
        ("a/b", NotRooted),
        ("{x}", NotRooted),
        ("/a?b", QueryOrFragment),
        ("/a#b", QueryOrFragment),
        ("//a", Ambiguous(PathAmbiguous::LeadingSlashes)),
        ("/a/../b", Ambiguous(PathAmbiguous::DotSegment)),
        ("/a/./b", Ambiguous(PathAmbiguous::DotSegment)),
        ("/a;b", Ambiguous(PathAmbiguous::Semicolon)),
        ("/a%2fb", Ambiguous(PathAmbiguous::EncodedSlash)),
        ("/a b", Ambiguous(PathAmbiguous::RawByte)),
        ("/é", Ambiguous(PathAmbiguous::RawByte)),
        ("/a%", Ambiguous(PathAmbiguous::BadEscape)),
        (&"/a".repeat(129), TooManySegments),
    ] {
        assert_eq!(PathPattern::exact(text), Err(why.clone()), "{text}");
        assert_eq!(PathPattern::prefix(text), Err(why.clone()), "{text}");
        assert_eq!(PathPattern::template(text), Err(why), "{text}");
    }
    for (text, why) in [
        ("/a/{id", UnknownForm("{id".into())),
        ("/a/id}", UnknownForm("id}".into())),
        ("/a/{}", UnknownForm("{}".into())),
        ("/a/{{id}}", UnknownForm("{{id}}".into())),
        ("/a/{id}.json", UnknownForm("{id}.json".into())),
        ("/a/{id:int}", UnknownForm("{id:int}".into())),
        ("/a/{*}", UnknownForm("{*}".into())),
        ("/a/b*", UnknownForm("b*".into())),
        ("/a/***", UnknownForm("***".into())),
        ("/a/**/b", RestNotLast),
        ("/**/**", RestNotLast),
        ("/{a}/x/{a}", NameTwice("a".into())),
    ] {
        assert_eq!(PathPattern::template(text), Err(why), "{text}");
    }
}

#[test]
fn covering_is_what_it_says() {
    for (ours, theirs, covers) in [
        (prefix("/"), exact("/"), true),
        (prefix("/"), template("/{a}/**"), true),
        (template("/**"), prefix("/"), true),
        (prefix("/a"), exact("/a"), true),
        (prefix("/a"), prefix("/a/b"), true),
        (prefix("/a"), template("/a/{x}"), true),
        (prefix("/a"), prefix("/"), false),
        (prefix("/a/b"), prefix("/a"), false),
        (exact("/a"), prefix("/a"), false),
        (exact("/a/b"), template("/a/{x}"), false),
        (template("/a/{x}"), exact("/a/b"), true),
        (template("/a/{x}"), template("/a/*"), true),
        (template("/a/*"), template("/a/{x}"), true),
        (template("/a/*"), prefix("/a"), false),
        (template("/a/*"), exact("/a"), false),
        (template("/a/*/**"), prefix("/a/b"), true),
        (template("/a/*/**"), prefix("/a"), false),
        (template("/*/b"), template("/a/*"), false),
    ] {
        assert_eq!(ours.covers(&theirs), covers, "{ours:?} {theirs:?}");
    }
}
