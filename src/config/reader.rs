//! Typed reading of the tree. What is wrong is written down with its path and reading goes on, so that all faults are told
//! at once. `None` therefore always means: a fault was reported, there will be no [`super::Config`].
//!
//! What is called from everywhere is kept out of line: a configuration is read once, and its reader should be small.

use super::error::{ConfigError, quoted};
use crate::json::Node;
use std::cell::RefCell;

/// What was found while reading.
#[derive(Default)]
pub(in crate::config) struct Diagnostics {
    /// Faults: the configuration is refused.
    pub(in crate::config) errors: RefCell<Vec<ConfigError>>,
    /// No faults, but the operator should know.
    pub(in crate::config) warnings: RefCell<Vec<String>>,
    /// The paths of all values that were looked at. They stand here so that a [`Value`] is a few plain words: strings in each
    /// would be dropped at every turn, which is most of a reader's code.
    paths: RefCell<Vec<String>>,
}

impl Diagnostics {
    fn value<'a>(&'a self, node: &'a Node, path: String) -> Value<'a> {
        let mut paths = self.paths.borrow_mut();
        paths.push(path);
        Value {
            node,
            path: paths.len().saturating_sub(1),
            findings: self,
        }
    }
}

/// A value and where it stands.
#[derive(Clone, Copy)]
pub(in crate::config) struct Value<'a> {
    node: &'a Node,
    /// The place of its path in the findings.
    path: usize,
    findings: &'a Diagnostics,
}

impl<'a> Value<'a> {
    /// The whole configuration.
    pub(in crate::config) fn root(node: &'a Node, findings: &'a Diagnostics) -> Value<'a> {
        findings.value(node, String::new())
    }

    /// Reports a fault of this value.
    pub(in crate::config) fn refuse(&self, reason: &str) {
        let error = ConfigError {
            path: self.path(),
            reason: reason.into(),
        };
        self.findings.errors.borrow_mut().push(error);
    }

    /// Reports something that the operator should know of this value.
    pub(in crate::config) fn warn(&self, text: &str) {
        let warning = ConfigError {
            path: self.path(),
            reason: text.into(),
        };
        self.findings.warnings.borrow_mut().push(warning.to_string());
    }

    /// The value's JSON path.
    pub(in crate::config) fn path(&self) -> String {
        self.findings.paths.borrow().get(self.path).cloned().unwrap_or_default()
    }

    /// The value's tree.
    pub(in crate::config) fn node(&self) -> &'a Node {
        self.node
    }

    /// A string.
    pub(in crate::config) fn text(&self) -> Option<&'a str> {
        match self.node {
            Node::Text(text) => Some(text),
            _ => self.wrong_type("a string"),
        }
    }

    /// A string that is not empty.
    #[inline(never)]
    pub(in crate::config) fn name(&self) -> Option<&'a str> {
        let text = self.text()?;
        if text.is_empty() {
            self.refuse("must not be empty");
            return None;
        }
        Some(text)
    }

    /// `true` or `false`.
    pub(in crate::config) fn truth(&self) -> Option<bool> {
        match self.node {
            Node::Bool(truth) => Some(*truth),
            _ => self.wrong_type("true or false"),
        }
    }

    /// A whole number from `least` to `most`. `60.0` is one: a Struct holds doubles only.
    pub(in crate::config) fn whole_number(&self, least: u32, most: u32) -> Option<u32> {
        let wanted = format!("a whole number from {least} to {most}");
        let Node::Number(number) = *self.node else {
            return self.wrong_type(&wanted);
        };
        // In range a double's whole part fits a u32 exactly.
        if number >= f64::from(least) && number <= f64::from(most) && f64::from(number as u32) == number {
            return Some(number as u32);
        }
        // Never as a double: the code that writes one in decimal is larger than this file's.
        let shown = match number as i64 {
            i64::MIN | i64::MAX => "a number so large".into(),
            whole if whole as f64 != number => "a fraction".into(),
            whole => whole.to_string(),
        };
        self.refuse(&format!("must be {wanted}, not {shown}"));
        None
    }

    /// One of a few words: its place in `words`.
    pub(in crate::config) fn word(&self, words: &[&str]) -> Option<usize> {
        let wanted = alternatives(words);
        let Node::Text(text) = self.node else {
            return self.wrong_type(&wanted);
        };
        let found = words.iter().position(|word| word == text);
        if found.is_none() {
            self.refuse(&format!("must be {wanted}, not {}", quoted(text)));
        }
        found
    }

    /// A list, which may be empty.
    pub(in crate::config) fn items_or_none(&self) -> Option<Vec<Value<'a>>> {
        let Node::List(items) = self.node else {
            return self.wrong_type("a list");
        };
        let path = self.path();
        let item = |(nth, node)| self.findings.value(node, format!("{path}[{nth}]"));
        Some(items.iter().enumerate().map(item).collect())
    }

    /// A list of at least one; `mend` says what to do about an empty one.
    pub(in crate::config) fn items(&self, mend: &str) -> Option<Vec<Value<'a>>> {
        let items = self.items_or_none()?;
        if items.is_empty() {
            self.refuse(mend);
            return None;
        }
        Some(items)
    }

    /// A list of at least one string, none of them empty, none of them twice.
    pub(in crate::config) fn names(&self, mend: &str) -> Option<Vec<String>> {
        let mut names = Vec::new();
        for item in self.items(mend)? {
            if let Some(name) = item.name() {
                item.push_new(&mut names, name.into());
            }
        }
        Some(names)
    }

    /// Appends `name`, which this value stands for, unless it is there already.
    pub(in crate::config) fn push_new(&self, names: &mut Vec<String>, name: String) {
        if names.contains(&name) {
            self.refuse_repetition();
        } else {
            names.push(name);
        }
    }

    /// Reports that this item equals an earlier one of its list.
    pub(in crate::config) fn refuse_repetition(&self) {
        self.refuse("is in the list already: name it once");
    }

    /// An object with these members and no others; unknown and repeated ones are reported.
    pub(in crate::config) fn object(&self, known: &[&'static str]) -> Option<Object<'a>> {
        let Node::Object(members) = self.node else {
            return self.wrong_type("an object");
        };
        for (nth, (name, _)) in members.iter().enumerate() {
            let fault = match (known.contains(&name.as_str()), stood_before(members, nth)) {
                (_, true) => "repeated",
                (false, false) => "unknown",
                (true, false) => continue,
            };
            self.refuse(&format!(
                "{fault} member {}; members are: {}",
                quoted(name),
                known.join(", ")
            ));
        }
        Some(Object { value: *self, members })
    }

    /// An object whose members have names of the user's choice; repeated ones are reported.
    pub(in crate::config) fn entries(&self) -> Option<Vec<(&'a str, Value<'a>)>> {
        let Node::Object(members) = self.node else {
            return self.wrong_type("an object");
        };
        let mut entries = Vec::new();
        for (nth, (name, node)) in members.iter().enumerate() {
            if stood_before(members, nth) {
                self.refuse(&format!("repeated member {}", quoted(name)));
                continue;
            }
            entries.push((name.as_str(), self.member(name, node)));
        }
        Some(entries)
    }

    fn member(&self, name: &str, node: &'a Node) -> Value<'a> {
        self.findings.value(node, member_path(&self.path(), name))
    }

    fn wrong_type<T>(&self, wanted: &str) -> Option<T> {
        self.refuse(&format!("must be {wanted}, not {}", self.node.kind()));
        None
    }
}

/// An object whose members' names have been checked.
pub(in crate::config) struct Object<'a> {
    value: Value<'a>,
    members: &'a [(String, Node)],
}

impl<'a> Object<'a> {
    /// The object itself, to report faults of.
    pub(in crate::config) fn value(&self) -> &Value<'a> {
        &self.value
    }

    /// The member `name`, if it is given.
    #[inline(never)]
    pub(in crate::config) fn optional(&self, name: &str) -> Option<Value<'a>> {
        let (_, node) = self.members.iter().find(|(found, _)| found == name)?;
        Some(self.value.member(name, node))
    }

    /// The member `name`; its absence is a fault, and `mend` says what it must be.
    pub(in crate::config) fn required(&self, name: &str, mend: &str) -> Option<Value<'a>> {
        let member = self.optional(name);
        if member.is_none() {
            // As if it stood there, so that the path tells where to put it.
            self.value
                .member(name, &Node::Null)
                .refuse(&format!("is missing: {mend}"));
        }
        member
    }

    /// The one member that is given of these; none and several are faults.
    pub(in crate::config) fn exactly_one(&self, names: &[&'static str]) -> Option<(&'static str, Value<'a>)> {
        let mut given = names.iter().filter_map(|name| Some((*name, self.optional(name)?)));
        match (given.next(), given.next()) {
            (Some(one), None) => Some(one),
            _ => {
                self.value
                    .refuse(&format!("must have exactly one of: {}", names.join(", ")));
                None
            }
        }
    }

    /// The whole number `name`, or its default.
    #[inline(never)]
    pub(in crate::config) fn whole_number(&self, name: &str, least: u32, most: u32, default: u32) -> u32 {
        let given = self.optional(name).and_then(|value| value.whole_number(least, most));
        given.unwrap_or(default)
    }

    /// The boolean `name`, or its default.
    pub(in crate::config) fn truth(&self, name: &str, default: bool) -> bool {
        let given = self.optional(name).and_then(|value| value.truth());
        given.unwrap_or(default)
    }
}

/// Whether a member of this name stands before the one at `nth`.
fn stood_before(members: &[(String, Node)], nth: usize) -> bool {
    let name = members.get(nth).map(|(name, _)| name);
    members.iter().take(nth).any(|(before, _)| Some(before) == name)
}

/// `pools[0].jwks`; a name that would read badly so stands in brackets: `claims["custom:tier"]`.
fn member_path(parent: &str, name: &str) -> String {
    let plain = !name.is_empty()
        && name
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-'));
    match (plain, parent.is_empty()) {
        (true, true) => name.into(),
        (true, false) => format!("{parent}.{name}"),
        (false, _) => format!("{parent}[{}]", quoted(name)),
    }
}

/// `"id", "access" or "any"`.
fn alternatives(words: &[&str]) -> String {
    let mut out = String::new();
    for (nth, word) in words.iter().enumerate() {
        let is_last = nth.saturating_add(1) == words.len();
        out.push_str(match nth {
            0 => "",
            _ if is_last => " or ",
            _ => ", ",
        });
        out.push_str(&quoted(word));
    }
    out
}
