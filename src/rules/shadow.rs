//! Rules that can never decide, which is probably a mistake.

use super::{Auth, Matcher, PathPattern, Rule};

/// Returns each rule that can never decide, with the first earlier rule that matches everything that it matches: `(earlier, shadowed)`,
/// by their places. Rules that only several earlier ones together cover are not found.
///
/// This compares the requests that a rule fits exactly, see [`super::closeness`].
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
            // It only decides about requests in another letter case than the rule's.
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

/// Compares lists; an empty list means all.
fn covers_all<T>(ours: &[T], theirs: &[T], covers: impl Fn(&T, &T) -> bool) -> bool {
    ours.is_empty() || (!theirs.is_empty() && theirs.iter().all(|theirs| ours.iter().any(|ours| covers(ours, theirs))))
}
