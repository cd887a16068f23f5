//! The paths that a rule is for: exact, prefix or template, compiled to segments.

use super::path::{NormalizedPath, PathAmbiguous, decode_segment, normalize};
use std::fmt;

/// No pattern has more segments: it bounds how deep matching recurses. Paths of requests may have more.
pub const MAX_PATTERN_SEGMENTS: usize = 128;

/// The paths that a rule is for. Its text is normalized when it is read, as those of requests are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathPattern {
    /// [`Segment::Rest`] stands last only.
    segments: Vec<Segment>,
}

/// One segment of a pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Segment {
    /// This text, normalized.
    Literal(String),
    /// Any one segment, which goes by this name.
    Name(String),
    /// Any one segment.
    Any,
    /// No, one or more segments.
    Rest,
}

/// Why a text is no pattern.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PatternError {
    /// It does not begin with `/`.
    NotRooted,
    /// It holds `?` or `#`.
    QueryOrFragment,
    /// Servers disagree on what it means: no request would get past the check.
    Ambiguous(PathAmbiguous),
    /// It has more than [`MAX_PATTERN_SEGMENTS`].
    TooManySegments,
    /// A segment holds `{`, `}` or `*` in a form that templates do not have.
    UnknownForm(String),
    /// `**` is not the last segment.
    RestNotLast,
    /// Two segments have this name.
    NameTwice(String),
}

impl fmt::Display for PatternError {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            PatternError::NotRooted => out.write_str("must begin with a slash"),
            PatternError::QueryOrFragment => {
                out.write_str("must not hold '?' or '#': rules look at neither query nor fragment")
            }
            PatternError::Ambiguous(why) => write!(out, "must be a path that all servers read alike, but {why}"),
            PatternError::TooManySegments => write!(out, "must have at most {MAX_PATTERN_SEGMENTS} segments"),
            PatternError::UnknownForm(segment) => write!(
                out,
                "has the segment {segment:?}: a segment is plain text, '{{name}}' (letters, digits, '_', '-', '.'), '*' or, \
                 as the last, '**'"
            ),
            PatternError::RestNotLast => out.write_str("must have '**' as its last segment only"),
            PatternError::NameTwice(name) => write!(out, "has the name {name:?} twice: each must be used once"),
        }
    }
}

impl std::error::Error for PatternError {}

/// The text that a path has where a template has names: name and percent-decoded segment.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Captures {
    values: Vec<(String, String)>,
}

impl Captures {
    /// The segment that the template calls `name`.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.values
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

impl PathPattern {
    /// The path `text` and no other.
    ///
    /// # Errors
    /// It is no path that a normalized one can equal.
    pub fn exact(text: &str) -> Result<PathPattern, PatternError> {
        literals(text).map(|segments| PathPattern { segments })
    }

    /// The path `text` and all below it, by whole segments: `/api` is for `/api` and `/api/x`, not `/apiary`. A slash at
    /// its end means nothing; `/` is for all.
    ///
    /// # Errors
    /// As for [`PathPattern::exact`].
    pub fn prefix(text: &str) -> Result<PathPattern, PatternError> {
        let mut segments = literals(text)?;
        segments.push(Segment::Rest);
        Ok(PathPattern { segments })
    }

    /// Segment by segment: `{name}` and `*` are any one, `**` as the last is no, one or more.
    ///
    /// # Errors
    /// As for [`PathPattern::exact`], or it is no template: see [`PatternError`].
    pub fn template(text: &str) -> Result<PathPattern, PatternError> {
        let mut segments: Vec<Segment> = Vec::new();
        for literal in literals(text)? {
            if segments.last() == Some(&Segment::Rest) {
                return Err(PatternError::RestNotLast);
            }
            let segment = match literal {
                Segment::Literal(text) => template_segment(text)?,
                other => other,
            };
            if let Segment::Name(name) = &segment
                && segments.contains(&segment)
            {
                return Err(PatternError::NameTwice(name.clone()));
            }
            segments.push(segment);
        }
        Ok(PathPattern { segments })
    }

    /// The first reserved character (RFC 3986, section 2.2) that stands in it unescaped: a path with its escape is another one.
    pub fn reserved(&self) -> Option<u8> {
        let literals = self.segments.iter().filter_map(|segment| match segment {
            Segment::Literal(text) => Some(text.bytes()),
            _ => None,
        });
        literals.flatten().find(|byte| b":@!$&'()*+,=".contains(byte))
    }

    /// Whether it is for `path`.
    pub fn matches(&self, path: &NormalizedPath<'_>) -> bool {
        let mut found = path.segments();
        for wanted in &self.segments {
            let holds = match wanted {
                Segment::Rest => return true,
                Segment::Literal(text) => found.next() == Some(text),
                Segment::Name(_) | Segment::Any => found.next().is_some(),
            };
            if !holds {
                return false;
            }
        }
        found.next().is_none()
    }

    /// Its names: those that `path_claims` may use.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Name(name) => Some(name.as_str()),
            Segment::Literal(_) | Segment::Any | Segment::Rest => None,
        })
    }

    /// What `path`, which it [`matches`](PathPattern::matches), has where it has names.
    pub fn captures(&self, path: &NormalizedPath<'_>) -> Captures {
        let pairs = self.segments.iter().zip(path.segments());
        let values = pairs.filter_map(|(wanted, found)| match wanted {
            Segment::Name(name) => Some((name.clone(), decode_segment(found)?)),
            Segment::Literal(_) | Segment::Any | Segment::Rest => None,
        });
        Captures {
            values: values.collect(),
        }
    }

    /// Whether it is for every path that `other` is for.
    pub fn covers(&self, other: &PathPattern) -> bool {
        let mut theirs = other.segments.iter();
        for ours in &self.segments {
            let holds = match (ours, theirs.next()) {
                (Segment::Rest, _) => return true,
                (_, None | Some(Segment::Rest)) => false,
                (Segment::Literal(_), found) => found == Some(ours),
                (Segment::Name(_) | Segment::Any, Some(_)) => true,
            };
            if !holds {
                return false;
            }
        }
        theirs.next().is_none()
    }

    /// Whether it is for every path.
    pub fn covers_all_paths(&self) -> bool {
        self.segments.first() == Some(&Segment::Rest)
    }

    pub(in crate::rules) fn segments(&self) -> &[Segment] {
        &self.segments
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.segments.is_empty() {
            return out.write_str("/");
        }
        self.segments.iter().try_for_each(|segment| match segment {
            Segment::Literal(text) => write!(out, "/{text}"),
            Segment::Name(name) => write!(out, "/{{{name}}}"),
            Segment::Any => out.write_str("/*"),
            Segment::Rest => out.write_str("/**"),
        })
    }
}

fn literals(text: &str) -> Result<Vec<Segment>, PatternError> {
    if !text.starts_with('/') {
        return Err(PatternError::NotRooted);
    }
    if text.contains(['?', '#']) {
        return Err(PatternError::QueryOrFragment);
    }
    let path = normalize(text.as_bytes()).map_err(PatternError::Ambiguous)?;
    if path.segments().count() > MAX_PATTERN_SEGMENTS {
        return Err(PatternError::TooManySegments);
    }
    Ok(path
        .segments()
        .map(|segment| Segment::Literal(segment.to_owned()))
        .collect())
}

fn template_segment(text: String) -> Result<Segment, PatternError> {
    match text.as_str() {
        "*" => return Ok(Segment::Any),
        "**" => return Ok(Segment::Rest),
        _ => {}
    }
    if !text.contains(['{', '}', '*']) {
        return Ok(Segment::Literal(text));
    }
    let name = text.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    match name.filter(|name| is_name(name)) {
        Some(name) => Ok(Segment::Name(name.to_owned())),
        None => Err(PatternError::UnknownForm(text)),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests {
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
    fn patterns_match_whole_segments() {
        let table: &[(PathPattern, &[&str], &[&str])] = &[
            (exact("/"), &["/", "//"], &["/a"]),
            (
                exact("/a/b"),
                &["/a/b", "/a/b/", "/a/./b"],
                &["/a", "/a/b/c", "/a/B", "/"],
            ),
            (exact("/a/b/"), &["/a/b"], &[]),
            (exact("/%61/{x}/*"), &["/a/{x}/*"], &["/a/b/c"]),
            (prefix("/"), &["/", "/a", "/a/b"], &[]),
            (
                prefix("/api"),
                &["/api", "/api/", "/api/x", "/api/x/y"],
                &["/apiary", "/", "/x/api", "/API"],
            ),
            (prefix("/api/"), &["/api", "/api/x"], &["/apiary"]),
            (prefix("/a//./b"), &["/a/b", "/a/b/c"], &["/a"]),
            (template("/"), &["/"], &["/a"]),
            (
                template("/users/{id}"),
                &["/users/7", "/users/7/"],
                &["/users", "/users/", "/users/7/x"],
            ),
            (
                template("/users/*/x"),
                &["/users/7/x"],
                &["/users/x", "/users/7/8/x", "/users/7/y"],
            ),
            (
                template("/users/**"),
                &["/users", "/users/7", "/users/7/8"],
                &["/", "/usersx"],
            ),
            (template("/{a}/**"), &["/x", "/x/y/z"], &["/"]),
            (template("/**"), &["/", "/x", "/x/y"], &[]),
        ];
        for (pattern, yes, no) in table {
            for path in *yes {
                assert!(
                    pattern.matches(&normalize(path.as_bytes()).unwrap()),
                    "{pattern} {path}"
                );
            }
            for path in *no {
                assert!(
                    !pattern.matches(&normalize(path.as_bytes()).unwrap()),
                    "{pattern} {path}"
                );
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
            assert_eq!(ours.covers(&theirs), covers, "{ours} {theirs}");
        }
    }
}
