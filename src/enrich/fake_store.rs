//! A shared store for tests.

use crate::keys::shared::{Conflict, SharedStore, Stored, Version};
use std::cell::RefCell;
use std::collections::BTreeMap;

/// Entries by name, each with its version.
#[derive(Default)]
pub struct FakeStore {
    pub entries: RefCell<BTreeMap<String, (Vec<u8>, u32)>>,
    pub is_bounded: bool,
}

impl SharedStore for FakeStore {
    fn load(&self, name: &str) -> Option<Stored> {
        let (bytes, version) = self.entries.borrow().get(name)?.clone();
        Some(Stored {
            bytes,
            version: Version(version),
        })
    }

    fn swap(&self, name: &str, bytes: &[u8], seen: Option<Version>) -> Result<(), Conflict> {
        let current = self.entries.borrow().get(name).map(|(_, version)| *version);
        if current != seen.map(|version| version.0) {
            return Err(Conflict);
        }
        let next = current.unwrap_or(0) + 1;
        self.entries
            .borrow_mut()
            .insert(name.to_owned(), (bytes.to_vec(), next));
        Ok(())
    }

    fn is_bounded(&self) -> bool {
        self.is_bounded
    }
}
