//! The configuration as a tree, the same for JSON text and for a `google.protobuf.Struct`.

use core::fmt;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};

/// A JSON value. Members keep their order and their repetitions, so that a repeated one can be refused.
#[derive(Clone, Debug, PartialEq)]
pub(in crate::config) enum Node {
    /// `null`.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A number; always finite.
    Number(f64),
    /// A string.
    Text(String),
    /// An array.
    List(Vec<Node>),
    /// An object.
    Object(Vec<(String, Node)>),
}

impl Node {
    /// The kind of value, with its article, for messages.
    pub(in crate::config) fn kind(&self) -> &'static str {
        match self {
            Node::Null => "null",
            Node::Bool(_) => "a boolean",
            Node::Number(_) => "a number",
            Node::Text(_) => "a string",
            Node::List(_) => "a list",
            Node::Object(_) => "an object",
        }
    }

    /// The value as JSON text, in which numbers have lost their fractions: for JWK sets, in which no number counts.
    pub(in crate::config) fn to_json(&self) -> String {
        let mut out = String::new();
        self.write_json(&mut out);
        out
    }

    fn write_json(&self, out: &mut String) {
        match self {
            Node::Null => out.push_str("null"),
            Node::Bool(truth) => out.push_str(if *truth { "true" } else { "false" }),
            // As a whole number: the code that writes a double in decimal is larger than all of this.
            Node::Number(number) => out.push_str(&(*number as i64).to_string()),
            Node::Text(text) => write_json_text(text, out),
            Node::List(items) => {
                for (nth, item) in items.iter().enumerate() {
                    out.push(if nth == 0 { '[' } else { ',' });
                    item.write_json(out);
                }
                out.push_str(if items.is_empty() { "[]" } else { "]" });
            }
            Node::Object(members) => {
                for (nth, (name, value)) in members.iter().enumerate() {
                    out.push(if nth == 0 { '{' } else { ',' });
                    write_json_text(name, out);
                    out.push(':');
                    value.write_json(out);
                }
                out.push_str(if members.is_empty() { "{}" } else { "}" });
            }
        }
    }
}

fn write_json_text(text: &str, out: &mut String) {
    out.push('"');
    for char in text.chars() {
        match char {
            '"' | '\\' => out.extend(['\\', char]),
            '\0'..='\x1f' => {
                out.push_str("\\u00");
                out.push(if u32::from(char) < 0x10 { '0' } else { '1' });
                out.extend(char::from_digit(u32::from(char) & 0xf, 16));
            }
            _ => out.push(char),
        }
    }
    out.push('"');
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(NodeVisitor)
    }
}

struct NodeVisitor;

impl<'de> Visitor<'de> for NodeVisitor {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, truth: bool) -> Result<Node, E> {
        Ok(Node::Bool(truth))
    }

    // Integers over 2^53 lose their last digits, as they do in a Struct: no setting is that large.
    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Node::Number(number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Node::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Node, A::Error> {
        let mut object = Vec::new();
        while let Some(member) = members.next_entry()? {
            object.push(member);
        }
        Ok(Node::Object(object))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_the_same() {
        let text = r#"{"a":[],"b":{},"c":[1,-25,true,false,null],"a":"\u0000\u001f\n\"\\é😀","":{"x":[{}]}}"#;
        let node: Node = serde_json::from_str(text).unwrap();
        let again: Node = serde_json::from_str(&node.to_json()).unwrap();
        assert_eq!(again, node);
        let Node::Object(members) = node else { panic!() };
        assert_eq!(members.iter().filter(|(name, _)| name == "a").count(), 2);
    }
}
