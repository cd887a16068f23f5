//! The paths that a rule is for: exact, prefix or template, compiled to segments.

use super::closeness::Closeness;
use super::path::{self, NormalizedPath, PathAmbiguous, decode_segment, normalize};
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
    /// A segment is written as another system writes patterns. As a literal it would never match, and its path would be open.
    OtherSystem(String, OtherSystem),
    /// A segment holds `{`, `}` or `*` in a form that templates do not have.
    UnknownForm(String),
    /// `**` is not the last segment.
    RestNotLast,
    /// Two segments have this name.
    NameTwice(String),
}

/// A pattern of another system.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OtherSystem {
    /// `*` in an exact path or a prefix.
    Wildcard,
    /// `{` or `}` in an exact path or a prefix.
    Placeholder,
    /// `:name`, as Express, Rails and Go routers have it.
    Colon,
    /// `<name>`, as Django and Flask have it.
    AngleBrackets,
    /// A character of regular expressions.
    RegularExpression(char),
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
            PatternError::OtherSystem(segment, kind) => {
                write!(
                    out,
                    "has the segment {segment:?}, which would match literally: {}",
                    kind.hint()
                )
            }
            PatternError::UnknownForm(segment) => write!(
                out,
                "has the segment {segment:?}: a segment is plain text, '{{name}}' (letters, digits, '_', '-', '.'), '*' or, as the \
                 last, '**'; literal characters are written %7B, %7D and %2A"
            ),
            PatternError::RestNotLast => out.write_str("must have '**' as its last segment only"),
            PatternError::NameTwice(name) => write!(out, "has the name {name:?} twice: each must be used once"),
        }
    }
}

impl OtherSystem {
    /// How to write here what was meant, and how to write the characters themselves.
    fn hint(self) -> String {
        match self {
            OtherSystem::Wildcard => {
                "a prefix is for everything below it without '*', and {\"template\": …} has '*' for one segment \
                 and '**' for the rest; a literal '*' is written %2A"
                    .to_owned()
            }
            OtherSystem::Placeholder => {
                "use {\"template\": …}, which has '{name}' for one segment; literal braces are written %7B \
                 and %7D"
                    .to_owned()
            }
            OtherSystem::Colon => {
                "use {\"template\": …} with '{name}' in its place; a literal ':' at the start of a segment is \
                 written %3A"
                    .to_owned()
            }
            OtherSystem::AngleBrackets => {
                "use {\"template\": …} with '{name}' in its place; literal angle brackets are written \
                 %3C and %3E"
                    .to_owned()
            }
            OtherSystem::RegularExpression(character) => format!(
                "there are no regular expressions, use {{\"template\": …}} with '*' for one segment and '**' for the rest; a \
                 literal '{character}' is written %{:02X}",
                u32::from(character)
            ),
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
    /// It is no path that a normalized one can equal, or a pattern of another system.
    pub fn exact(text: &str) -> Result<PathPattern, PatternError> {
        let segments = parse(text, literal)?;
        Ok(PathPattern { segments })
    }

    /// The path `text` and all below it, by whole segments: `/api` is for `/api` and `/api/x`, not `/apiary`. A slash at
    /// its end means nothing; `/` is for all.
    ///
    /// # Errors
    /// As for [`PathPattern::exact`].
    pub fn prefix(text: &str) -> Result<PathPattern, PatternError> {
        let mut segments = parse(text, literal)?;
        segments.push(Segment::Rest);
        Ok(PathPattern { segments })
    }

    /// Segment by segment: `{name}` and `*` are any one, `**` as the last is no, one or more.
    ///
    /// # Errors
    /// As for [`PathPattern::exact`], or it is no template: see [`PatternError`].
    pub fn template(text: &str) -> Result<PathPattern, PatternError> {
        let segments = parse(text, template_segment)?;
        for (nth, segment) in segments.iter().enumerate() {
            let behind = segments.get(nth.saturating_add(1)..).unwrap_or_default();
            match segment {
                Segment::Rest if !behind.is_empty() => return Err(PatternError::RestNotLast),
                Segment::Name(name) if behind.contains(segment) => return Err(PatternError::NameTwice(name.clone())),
                Segment::Literal(_) | Segment::Name(_) | Segment::Any | Segment::Rest => {}
            }
        }
        Ok(PathPattern { segments })
    }

    /// How closely it fits `path`: loosely, if only without regard to the case of ASCII letters; `None` if it does not.
    pub fn closeness(&self, path: &NormalizedPath<'_>) -> Option<Closeness> {
        let mut closeness = path.closeness();
        let mut found = path.segments();
        for wanted in &self.segments {
            match wanted {
                Segment::Rest => return Some(closeness),
                Segment::Literal(text) => match found.next()? {
                    same if same == text => {}
                    same if same.eq_ignore_ascii_case(text) => closeness = Closeness::Loose,
                    _ => return None,
                },
                Segment::Name(_) | Segment::Any => {
                    found.next()?;
                }
            }
        }
        found.next().is_none().then_some(closeness)
    }

    /// Its names: those that `path_claims` may use.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.segments.iter().filter_map(|segment| match segment {
            Segment::Name(name) => Some(name.as_str()),
            Segment::Literal(_) | Segment::Any | Segment::Rest => None,
        })
    }

    /// What `path`, which it fits, has where it has names.
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

/// Parses the path `text` segment by segment. `read` gets each segment as it is written, since what is escaped is no pattern, and
/// as it is normalized.
fn parse(text: &str, read: fn(&str, &str) -> Result<Segment, PatternError>) -> Result<Vec<Segment>, PatternError> {
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
    // Normalizing removes none but empty segments.
    path::segments(text)
        .zip(path.segments())
        .map(|(written, normalized)| read(written, normalized))
        .collect()
}

fn literal(written: &str, normalized: &str) -> Result<Segment, PatternError> {
    let other_system = |kind| Err(PatternError::OtherSystem(written.to_owned(), kind));
    if written.contains('*') {
        return other_system(OtherSystem::Wildcard);
    }
    if written.contains(['{', '}']) {
        return other_system(OtherSystem::Placeholder);
    }
    if let Some(character) = written.chars().find(|found| "[]^|".contains(*found)) {
        return other_system(OtherSystem::RegularExpression(character));
    }
    if let Some(name) = written.strip_prefix(':')
        && name.starts_with(|first: char| first.is_ascii_alphabetic())
    {
        return other_system(OtherSystem::Colon);
    }
    if written.starts_with('<') && written.ends_with('>') {
        return other_system(OtherSystem::AngleBrackets);
    }
    Ok(Segment::Literal(normalized.to_owned()))
}

fn template_segment(written: &str, normalized: &str) -> Result<Segment, PatternError> {
    match written {
        "*" => return Ok(Segment::Any),
        "**" => return Ok(Segment::Rest),
        _ => {}
    }
    if !written.contains(['{', '}', '*']) {
        return literal(written, normalized);
    }
    let name = written.strip_prefix('{').and_then(|text| text.strip_suffix('}'));
    match name.filter(|name| is_name(name)) {
        Some(name) => Ok(Segment::Name(name.to_owned())),
        None => Err(PatternError::UnknownForm(written.to_owned())),
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty()
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'))
}

#[cfg(test)]
mod tests;
