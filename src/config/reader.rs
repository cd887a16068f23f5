//! Typed reading of the tree. The structure was checked against the table before ([`super::schema`]). Further errors of a value are
//! recorded with its path, and reading continues, so that all errors are reported at once. `None` therefore always means: an error was
//! reported, and there will be no [`super::Config`].

use super::error::{ConfigError, Fault, line, quoted};
use super::schema::{self, Members, Presence};
use crate::json::Node;
use std::cell::RefCell;
use std::collections::HashSet;
use std::fmt;

/// What was found while reading.
#[derive(Default)]
pub(in crate::config) struct Diagnostics {
    /// Errors: the configuration does not load.
    pub(in crate::config) errors: RefCell<Vec<ConfigError>>,
    /// Warnings: the configuration loads.
    pub(in crate::config) warnings: RefCell<Vec<String>>,
    /// The values with an error, which was reported. They are not read.
    refused: RefCell<HashSet<*const Node>>,
}

/// A value and its place.
#[derive(Clone)]
pub(in crate::config) struct Value<'a> {
    node: &'a Node,
    path: String,
    diagnostics: &'a Diagnostics,
}

impl<'a> Value<'a> {
    /// Returns the whole configuration.
    pub(in crate::config) fn root(node: &'a Node, diagnostics: &'a Diagnostics) -> Value<'a> {
        Value {
            node,
            path: String::new(),
            diagnostics,
        }
    }

    /// Records an error of this value, which then cannot be read.
    pub(in crate::config) fn refuse(&self, fault: impl Into<Fault>) {
        self.diagnostics.refused.borrow_mut().insert(self.node);
        self.note(fault);
    }

    /// Records an error at this value, which can be read nevertheless.
    pub(in crate::config) fn note(&self, fault: impl Into<Fault>) {
        self.diagnostics.errors.borrow_mut().push(ConfigError {
            path: self.path.clone(),
            fault: fault.into(),
        });
    }

    /// Records a warning about this value.
    pub(in crate::config) fn warn(&self, text: impl fmt::Display) {
        self.diagnostics.warnings.borrow_mut().push(line(&self.path, &text));
    }

    /// Reports whether no fault was found so far whose path begins with `path`.
    pub(in crate::config) fn is_right_below(&self, path: &str) -> bool {
        let errors = self.diagnostics.errors.borrow();
        !errors.iter().any(|error| error.path.starts_with(path))
    }

    /// Returns the value's JSON path.
    pub(in crate::config) fn path(&self) -> &str {
        &self.path
    }

    /// Returns the value's tree.
    pub(in crate::config) fn node(&self) -> &'a Node {
        self.node
    }

    /// Returns the value's tree, unless the value has an error.
    pub(in crate::config) fn readable(&self) -> Option<&'a Node> {
        (!self.is_refused()).then_some(self.node)
    }

    /// Reports whether an error of this value was recorded.
    fn is_refused(&self) -> bool {
        self.diagnostics
            .refused
            .borrow()
            .contains(&std::ptr::from_ref(self.node))
    }

    /// Makes sure that a value that the table allows and its reader does not is not silently replaced by the default.
    fn unread<T>(&self) -> Option<T> {
        if !self.is_refused() {
            self.refuse(Fault::Unspecified);
        }
        None
    }

    /// Returns a string.
    pub(in crate::config) fn text(&self) -> Option<&'a str> {
        match self.node {
            Node::Text(text) if !self.is_refused() => Some(text),
            _ => self.unread(),
        }
    }

    /// `true` or `false`.
    pub(in crate::config) fn truth(&self) -> Option<bool> {
        match self.node {
            Node::Bool(truth) if !self.is_refused() => Some(*truth),
            _ => self.unread(),
        }
    }

    /// Returns a whole number.
    pub(in crate::config) fn whole_number(&self) -> Option<u32> {
        match self.node {
            Node::Number(number) if !self.is_refused() => Some(*number as u32),
            _ => self.unread(),
        }
    }

    /// Returns the elements of a list; none if it is no list.
    pub(in crate::config) fn elements(&self) -> Vec<Value<'a>> {
        let Node::List(items) = self.node else {
            return Vec::new();
        };
        let item = |(nth, node)| Value {
            node,
            path: format!("{}[{nth}]", self.path),
            diagnostics: self.diagnostics,
        };
        items.iter().enumerate().map(item).collect()
    }

    /// Returns the elements of a list.
    pub(in crate::config) fn items(&self) -> Option<Vec<Value<'a>>> {
        match self.node {
            Node::List(_) if !self.is_refused() => Some(self.elements()),
            _ => self.unread(),
        }
    }

    /// Returns a list of strings, without those that have an error.
    pub(in crate::config) fn names(&self) -> Option<Vec<String>> {
        let items = self.items()?;
        Some(items.iter().filter_map(|item| item.text().map(String::from)).collect())
    }

    /// Returns an object with the members of `table`.
    pub(in crate::config) fn object(&self, table: &'static schema::Object) -> Option<Object<'a>> {
        match self.node {
            Node::Object(members) if !self.is_refused() => Some(Object {
                value: self.clone(),
                members,
                table,
            }),
            _ => self.unread(),
        }
    }

    /// Returns an object whose members have names of the user's choice, which are not empty; the first of repeated ones.
    pub(in crate::config) fn entries(&self) -> Option<Vec<(&'a str, Value<'a>)>> {
        let Node::Object(members) = self.node else {
            return self.unread();
        };
        let mut entries: Vec<(&str, Value<'_>)> = Vec::new();
        for (name, node) in members {
            if !name.is_empty() && entries.iter().all(|(earlier, _)| earlier != name) {
                entries.push((name, self.member(name, node)));
            }
        }
        Some(entries)
    }

    /// Returns a member of this object.
    pub(in crate::config) fn member(&self, name: &str, node: &'a Node) -> Value<'a> {
        Value {
            node,
            path: member_path(&self.path, name),
            diagnostics: self.diagnostics,
        }
    }
}

/// An object whose members have been checked.
pub(in crate::config) struct Object<'a> {
    value: Value<'a>,
    members: &'a [(String, Node)],
    table: &'static schema::Object,
}

impl<'a> Object<'a> {
    /// Returns the object itself, to record errors of.
    pub(in crate::config) fn value(&self) -> &Value<'a> {
        &self.value
    }

    /// Returns the member `name`, if it is given. A required member is missing only if that was reported.
    pub(in crate::config) fn get(&self, name: &str) -> Option<Value<'a>> {
        debug_assert!(self.table.field(name).is_some(), "no field {name}");
        let (_, node) = self.members.iter().find(|(found, _)| found == name)?;
        Some(self.value.member(name, node))
    }

    /// Returns the object `name`; one without members if it is not given.
    pub(in crate::config) fn section(&self, name: &str, table: &'static schema::Object) -> Object<'a> {
        let section = self.get(name).and_then(|value| value.object(table));
        section.unwrap_or_else(|| Object {
            value: self.value.member(name, &Node::Null),
            members: &[],
            table,
        })
    }

    /// Returns the one member of those of which exactly one must be given.
    pub(in crate::config) fn only(&self) -> Option<(&'static str, Value<'a>)> {
        let Members::ExactlyOneOf(names) = self.table.members else {
            return None;
        };
        let mut given = names.iter().filter_map(|name| Some((*name, self.get(name)?)));
        let only = given.next()?;
        given.next().is_none().then_some(only)
    }

    /// Returns the whole number `name`, or its default.
    pub(in crate::config) fn whole_number(&self, name: &str) -> u32 {
        let given = self.get(name).and_then(|value| value.whole_number());
        given.or_else(|| self.default(name).parse().ok()).unwrap_or_default()
    }

    /// Returns the boolean `name`, or its default.
    pub(in crate::config) fn truth(&self, name: &str) -> bool {
        let given = self.get(name).and_then(|value| value.truth());
        given.unwrap_or_else(|| self.default(name) == "true")
    }

    /// Returns the word `name`, or its default.
    pub(in crate::config) fn word(&self, name: &str) -> &'a str {
        let given = self.get(name).and_then(|value| value.text());
        given.unwrap_or_else(|| self.default(name).trim_matches('"'))
    }

    /// Returns the default of the member `name`, as JSON.
    fn default(&self, name: &str) -> &'static str {
        match self.table.field(name).map(|field| field.presence) {
            Some(Presence::Default(default)) => default,
            presence => {
                debug_assert!(false, "{name} has no default: {presence:?}");
                ""
            }
        }
    }
}

/// `pools[0].jwks`; other names are in brackets: `claims["custom:tier"]`.
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
