//! Rules that can never decide, which is most likely not what was meant.

use super::{Auth, Matcher, PathPattern, Rule};

/// Returns each rule that can never decide, behind the first earlier one that takes all that it would: `(earlier, shadowed)`, by
/// their places. A rule that only several earlier ones together leave nothing to is not found.
///
/// Looked at are the requests that a rule fits exactly, see [`super::closeness`]: those that it is written for.
pub fn shadowed_rules(rules: &[Rule]) -> Vec<(usize, usize)> {
    let places = rules.iter().enumerate();
    places
        .filter_map(|(place, rule)| {
            let mut earlier = rules.iter().take(place);
            let first = earlier.position(|earlier| earlier.covers(rule))?;
            Some((first, place))
        })
        .collect()
}

impl Rule {
    /// Reports whether it ends the walk for every request that `other` fits exactly.
    fn covers(&self, other: &Rule) -> bool {
        let Matcher {
            path,
            // It decides only about other cases than the rule's own.
            case_sensitive: _,
            methods,
            hosts,
            route,
        } = &self.matcher;
        let other = &other.matcher;
        let any_port = self.auth == Auth::Required;
        covers_path(path.as_ref(), other.path.as_ref())
            && covers_all(methods, &other.methods, |ours, theirs| ours == theirs)
            && covers_all(hosts, &other.hosts, |ours, theirs| ours.covers(theirs, any_port))
            && (route.is_none() || *route == other.route)
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
