//! Rules that can never match, which is most likely not what was meant.

use super::{HostPattern, Matcher, PathPattern, Rule};

/// Each rule that can never decide, behind the first earlier one that takes all that it would: `(earlier, shadowed)`, by
/// their places. A rule that only several earlier ones together leave nothing to is not found.
pub fn shadowed_rules(rules: &[Rule]) -> Vec<(usize, usize)> {
    let places = rules.iter().enumerate();
    places
        .filter_map(|(place, rule)| {
            let mut earlier = rules.iter().take(place);
            let first = earlier.position(|earlier| earlier.matcher.covers(&rule.matcher))?;
            Some((first, place))
        })
        .collect()
}

impl Matcher {
    /// Whether it holds for every request that `other` holds for.
    fn covers(&self, other: &Matcher) -> bool {
        covers_path(self.path.as_ref(), other.path.as_ref())
            && covers_all(&self.methods, &other.methods, |ours, theirs| ours == theirs)
            && covers_all(&self.hosts, &other.hosts, HostPattern::covers)
            && (self.route.is_none() || self.route == other.route)
    }
}

fn covers_path(ours: Option<&PathPattern>, theirs: Option<&PathPattern>) -> bool {
    match (ours, theirs) {
        (None, _) => true,
        (Some(ours), Some(theirs)) => ours.covers(theirs),
        (Some(ours), None) => ours.covers_all_paths(),
    }
}

/// Lists of which an empty one stands for all.
fn covers_all<T>(ours: &[T], theirs: &[T], covers: impl Fn(&T, &T) -> bool) -> bool {
    ours.is_empty() || (!theirs.is_empty() && theirs.iter().all(|theirs| ours.iter().any(|ours| covers(ours, theirs))))
}
