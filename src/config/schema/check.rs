//! The structural check: whether a configuration has the types, bounds and members of the table.

use super::{List, Map, Members, Object, Presence, Shape, Type};
use crate::config::error::{Fault, Found};
use crate::config::reader::Value;
use crate::json::Node;

/// Records every structural error of `value` and of its members.
pub(in crate::config) fn check(value: &Value<'_>, ty: &'static Type) {
    match (&ty.shape, value.node()) {
        (Shape::AnyText, Node::Text(_)) | (Shape::Boolean, Node::Bool(_)) | (Shape::JwkSet, Node::Object(_)) => {}
        (Shape::Text(None), Node::Text(text)) if text.is_empty() => value.refuse(Fault::Empty { expected: ty }),
        (Shape::Text(None), Node::Text(_)) => {}
        (Shape::Text(Some(pattern)), Node::Text(text)) if pattern.matches(text) => {}
        (Shape::Text(Some(_)), Node::Text(text)) => refuse_type(value, ty, Found::Text(text.clone())),
        (Shape::Words(words), Node::Text(text)) if words.contains(&text.as_str()) => {}
        (Shape::Words(_), Node::Text(text)) => refuse_type(value, ty, Found::Text(text.clone())),
        (Shape::Number, Node::Number(number)) if number.abs() < MAX_EXACT_NUMBER => {}
        (Shape::Number, Node::Number(_)) => value.refuse(Fault::NumberTooLarge),
        (Shape::Integer(least, most), Node::Number(number)) => {
            if !is_whole_within(*number, *least, *most) {
                refuse_type(value, ty, Found::Number(*number));
            }
        }
        (Shape::List(list), Node::List(_)) => check_list(value, list),
        (Shape::Map(map), Node::Object(members)) => check_map(value, map, members),
        (Shape::Object(object), Node::Object(members)) => check_object(value, object, members),
        (Shape::Either { types, .. }, node) => match types.iter().find(|ty| takes(ty, node)) {
            Some(one) => check(value, one),
            None => refuse_type(value, ty, found_beside_words(types, node)),
        },
        (_, node) => refuse_type(value, ty, Found::Kind(node.kind())),
    }
}

/// 2^53: up to here a double holds every integer, beyond it two different numbers of JSON become one (RFC 8259, section 6).
pub(super) use crate::rules::access::MAX_EXACT_NUMBER;

fn refuse_type(value: &Value<'_>, expected: &'static Type, found: Found) {
    value.refuse(Fault::WrongType { expected, found });
}

/// In range a double's whole part fits a u32 exactly.
fn is_whole_within(number: f64, least: u32, most: u32) -> bool {
    number >= f64::from(least) && number <= f64::from(most) && f64::from(number as u32) == number
}

/// Reports whether a value is of the JSON kind of `ty`, valid or not.
fn takes(ty: &Type, node: &Node) -> bool {
    match (&ty.shape, node) {
        (Shape::Words(words), Node::Text(text)) => words.contains(&text.as_str()),
        (Shape::AnyText | Shape::Text(_), Node::Text(_))
        | (Shape::Number | Shape::Integer(..), Node::Number(_))
        | (Shape::Boolean, Node::Bool(_))
        | (Shape::List(_), Node::List(_))
        | (Shape::Map(_) | Shape::Object(_) | Shape::JwkSet, Node::Object(_)) => true,
        (Shape::Either { types, .. }, node) => types.iter().any(|ty| takes(ty, node)),
        _ => false,
    }
}

/// Returns what was found. If one word would have been right, that is the text, since "a string" would be no help.
fn found_beside_words(types: &[&Type], node: &Node) -> Found {
    let has_words = types.iter().any(|ty| matches!(ty.shape, Shape::Words(_)));
    match node {
        Node::Text(text) if has_words => Found::Text(text.clone()),
        node => Found::Kind(node.kind()),
    }
}

fn check_list(value: &Value<'_>, list: &'static List) {
    let items = value.elements();
    if items.len() < list.least {
        value.refuse(Fault::TooFew(list.hint));
    }
    if items.len() > list.most {
        return value.refuse(Fault::TooMany {
            most: list.most,
            noun: list.noun,
            found: items.len(),
        });
    }
    for (nth, item) in items.iter().enumerate() {
        let is_repeated = || items.iter().take(nth).any(|earlier| earlier.node() == item.node());
        if list.unique && is_repeated() {
            item.refuse(Fault::Repeated);
        } else {
            check(item, list.items);
        }
    }
}

fn check_map(value: &Value<'_>, map: &'static Map, members: &[(String, Node)]) {
    if members.len() < map.least {
        value.refuse(Fault::TooFew(map.hint));
    }
    for (nth, (name, node)) in members.iter().enumerate() {
        if stood_before(members, nth) {
            value.note(Fault::RepeatedMember {
                name: name.clone(),
                object: None,
            });
        } else if name.is_empty() {
            value.note(Fault::NamelessMember);
        } else {
            check(&value.member(name, node), map.values);
        }
    }
}

fn check_object(value: &Value<'_>, object: &'static Object, members: &[(String, Node)]) {
    let mut has_unknown = false;
    for (nth, (name, node)) in members.iter().enumerate() {
        let name = name.clone();
        match object.field(&name) {
            _ if stood_before(members, nth) => value.note(Fault::RepeatedMember {
                name,
                object: Some(object),
            }),
            None => {
                has_unknown = true;
                value.note(Fault::UnknownMember { name, object });
            }
            Some(field) => check(&value.member(&name, node), field.ty),
        }
    }
    let given = |name: &str| members.iter().any(|(given, _)| given == name);
    for field in object.fields {
        if field.presence == Presence::Required && !given(field.name) {
            // As if it were present, so that the path shows where to put it.
            let place = value.member(field.name, &Node::Null);
            place.note(Fault::Missing { field });
        }
    }
    check_members(value, object, &given, has_unknown);
}

fn check_members(value: &Value<'_>, object: &'static Object, given: &dyn Fn(&str) -> bool, has_unknown: bool) {
    match object.members {
        Members::Any => {}
        // A misspelled member is reported as such, not as a missing one.
        Members::AtLeastOne => {
            if !has_unknown && !object.fields.iter().any(|field| given(field.name)) {
                value.note(Fault::NoMember { object });
            }
        }
        Members::ExactlyOneOf(names) => {
            let found: Vec<&'static str> = names.iter().copied().filter(|name| given(name)).collect();
            if found.len() > 1 || found.is_empty() && !has_unknown {
                return value.note(Fault::NotExactlyOne { names, found });
            }
        }
    }
    for pair in object.beside {
        if given(pair.name) && !given(pair.other) && !has_unknown {
            value.member(pair.name, &Node::Null).note(Fault::NotBeside(pair));
        }
    }
}

/// Reports whether a member of this name precedes the one at `nth`.
fn stood_before(members: &[(String, Node)], nth: usize) -> bool {
    let name = members.get(nth).map(|(name, _)| name);
    members.iter().take(nth).any(|(before, _)| Some(before) == name)
}
