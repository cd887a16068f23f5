//! An index of rules by path, so that a request costs what its path costs, not what the number of rules does.
//!
//! A tree of segments. At each node stand the rules whose pattern ends there, by their place in the configuration, in order.

use super::path::NormalizedPath;
use super::pattern::{PathPattern, Segment};
use std::collections::BTreeMap;

/// Rules by path. A rule without a path is for all.
#[derive(Debug, Default)]
pub(in crate::rules) struct Index {
    root: Node,
}

#[derive(Debug, Default)]
struct Node {
    /// By the next segment.
    literal: BTreeMap<Box<str>, Node>,
    /// Any next segment.
    any: Option<Box<Node>>,
    /// Rules for the path that ends here.
    here: Vec<usize>,
    /// Rules for the path that ends here and for all below.
    below: Vec<usize>,
}

impl Index {
    /// Indexes the patterns; the place in their order is the rule.
    pub(in crate::rules) fn new<'p>(patterns: impl Iterator<Item = Option<&'p PathPattern>>) -> Index {
        let mut root = Node::default();
        for (rule, pattern) in patterns.enumerate() {
            root.insert(pattern.map_or(&[Segment::Rest], PathPattern::segments), rule);
        }
        Index { root }
    }

    /// The first of the rules that are for `path` and of which `holds` is true.
    pub(in crate::rules) fn first(
        &self,
        path: &NormalizedPath<'_>,
        mut holds: impl FnMut(usize) -> bool,
    ) -> Option<usize> {
        let mut search = Search {
            best: None,
            holds: &mut holds,
        };
        search.visit(&self.root, path.segments());
        search.best
    }
}

impl Node {
    /// Recurses as deep as a pattern has segments, which [`MAX_PATTERN_SEGMENTS`](super::pattern::MAX_PATTERN_SEGMENTS) bounds.
    fn insert(&mut self, pattern: &[Segment], rule: usize) {
        match pattern.split_first() {
            None => self.here.push(rule),
            Some((Segment::Rest, _)) => self.below.push(rule),
            Some((Segment::Literal(text), behind)) => {
                if let Some(child) = self.literal.get_mut(text.as_str()) {
                    return child.insert(behind, rule);
                }
                let mut child = Node::default();
                child.insert(behind, rule);
                self.literal.insert(text.as_str().into(), child);
            }
            Some((Segment::Name(_) | Segment::Any, behind)) => {
                self.any.get_or_insert_default().insert(behind, rule);
            }
        }
    }
}

struct Search<'h> {
    best: Option<usize>,
    holds: &'h mut dyn FnMut(usize) -> bool,
}

impl Search<'_> {
    /// Visits each node at most once, so a search costs no more than the tree has nodes.
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
            if self.best.is_some_and(|best| best <= *rule) {
                return;
            }
            if (self.holds)(*rule) {
                self.best = Some(*rule);
                return;
            }
        }
    }
}
