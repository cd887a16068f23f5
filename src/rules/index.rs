//! An index of rules by path, so that the cost of a request depends on its path, not on the number of rules.
//!
//! A tree of segments in lower case: it finds the rules that could match, by any reading of the path, and the rules themselves say how
//! closely they do. Each node has the rules whose pattern ends there, by their place in the configuration, in order.

use super::closeness::Step;
use super::path::NormalizedPath;
use super::pattern::{PathPattern, Segment};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// Rules by path. A rule without a path matches all paths.
#[derive(Debug, Default)]
pub(in crate::rules) struct Index {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    /// By the next segment, in lower case.
    literal: BTreeMap<Box<str>, Node>,
    /// Any next segment.
    any: Option<Box<Node>>,
    /// Rules for the path that ends here.
    here: Vec<usize>,
    /// Rules for the path that ends here and for all paths below it.
    below: Vec<usize>,
}

/// The result of a walk through the list of rules.
#[derive(Debug, Default, PartialEq, Eq)]
pub(in crate::rules) struct Walk {
    /// The rules that match before its end, in order.
    pub(in crate::rules) collected: Vec<usize>,
    /// The rule that ends it.
    pub(in crate::rules) end: Option<usize>,
}

impl Index {
    /// Indexes the patterns; their positions identify the rules.
    pub(in crate::rules) fn new<'p>(patterns: impl Iterator<Item = Option<&'p PathPattern>>) -> Index {
        let mut root = Node::default();
        for (rule, pattern) in patterns.enumerate() {
            root.insert(pattern.map_or(&[Segment::Rest], PathPattern::segments), rule);
        }
        Index { root }
    }

    /// Walks through the list of rules, of which `step` returns the effect of each. It is called only for rules that could match `path`.
    pub(in crate::rules) fn walk(
        &self,
        path: &NormalizedPath<'_>,
        mut step: impl FnMut(usize) -> Option<Step>,
    ) -> Walk {
        let lower = match path.as_str() {
            text if text.bytes().any(|byte| byte.is_ascii_uppercase()) => Cow::Owned(text.to_ascii_lowercase()),
            text => Cow::Borrowed(text),
        };
        let mut search = Search {
            walk: Walk::default(),
            step: &mut step,
        };
        search.visit(&self.root, super::path::segments(&lower));
        let Walk { mut collected, end } = search.walk;
        // Nodes are not visited in the order of the list.
        collected.retain(|rule| end.is_none_or(|end| *rule < end));
        collected.sort_unstable();
        Walk { collected, end }
    }
}

impl Node {
    /// Recurses once for each segment of a pattern, which [`MAX_PATTERN_SEGMENTS`](super::pattern::MAX_PATTERN_SEGMENTS) bounds.
    fn insert(&mut self, pattern: &[Segment], rule: usize) {
        match pattern.split_first() {
            None => self.here.push(rule),
            Some((Segment::Rest, _)) => self.below.push(rule),
            Some((Segment::Literal(text), behind)) => {
                let key = text.to_ascii_lowercase().into_boxed_str();
                self.literal.entry(key).or_default().insert(behind, rule);
            }
            Some((Segment::Name(_) | Segment::Any, behind)) => {
                self.any.get_or_insert_default().insert(behind, rule);
            }
        }
    }
}

struct Search<'s> {
    walk: Walk,
    step: &'s mut dyn FnMut(usize) -> Option<Step>,
}

impl Search<'_> {
    /// Visits each node at most once, so the number of nodes bounds the cost of a search.
    fn visit<'p>(&mut self, node: &Node, mut path: impl Iterator<Item = &'p str> + Clone) {
        self.try_rules(&node.below);
        let Some(segment) = path.next() else {
            return self.try_rules(&node.here);
        };
        if let Some(child) = node.literal.get(segment) {
            self.visit(child, path.clone());
        }
        if let Some(child) = &node.any {
            self.visit(child, path);
        }
    }

    fn try_rules(&mut self, rules: &[usize]) {
        for rule in rules {
            if self.walk.end.is_some_and(|end| end <= *rule) {
                return;
            }
            match (self.step)(*rule) {
                None => {}
                Some(Step::Collect) => self.walk.collected.push(*rule),
                Some(Step::End) => {
                    self.walk.end = Some(*rule);
                    return;
                }
            }
        }
    }
}
