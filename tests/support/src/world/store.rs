//! The host's shared data: compare-and-swap, with all the accidents that a story needs.

use envoy_cognito_jwt::keys::shared::{Conflict, SharedStore, Stored, Version};
use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;

/// Names, bytes, versions.
pub type Entries = BTreeMap<String, (Vec<u8>, u32)>;

/// One store for all workers.
#[derive(Default)]
pub struct Store {
    entries: RefCell<Entries>,
    versions: Cell<u32>,
    shown: RefCell<Option<Entries>>,
    overwritten: RefCell<Option<Vec<u8>>>,
    refusals: Cell<usize>,
    swaps: Cell<usize>,
    loads: Cell<usize>,
}

impl Store {
    /// All entries.
    pub fn snapshot(&self) -> Entries {
        self.entries.borrow().clone()
    }

    /// Who reads sees these entries until somebody tries to write: a worker that was stopped between reading and writing.
    pub fn show_until_a_swap(&self, entries: Entries) {
        *self.shown.borrow_mut() = Some(entries);
    }

    /// Who reads sees what is there.
    pub fn show_as_it_is(&self) {
        *self.shown.borrow_mut() = None;
    }

    /// The next so many swaps lose against somebody whose write changes nothing but the version.
    pub fn refuse_swaps(&self, count: usize) {
        self.refusals.set(count);
    }

    /// What the next swap writes is overwritten with this at once: another host's idea of compare-and-swap.
    pub fn overwrite_next(&self, bytes: Vec<u8>) {
        *self.overwritten.borrow_mut() = Some(bytes);
    }

    /// How many swaps were tried.
    pub fn swaps(&self) -> usize {
        self.swaps.get()
    }

    /// How often an entry was read.
    pub fn loads(&self) -> usize {
        self.loads.get()
    }

    /// The names of all entries.
    pub fn names(&self) -> Vec<String> {
        self.entries.borrow().keys().cloned().collect()
    }

    /// The name of the only entry of a pool's keys.
    pub fn keys_entry(&self) -> String {
        let names = self.names();
        let mut names = names.iter().filter(|name| name.contains("/keys/"));
        let name = names.next().expect("no keys are shared").clone();
        assert_eq!(names.next(), None, "more than one pool's keys are shared");
        name
    }

    /// What stands in an entry.
    pub fn bytes(&self, name: &str) -> Vec<u8> {
        self.entries.borrow()[name].0.clone()
    }

    /// Somebody else overwrites an entry.
    pub fn poison(&self, name: &str, bytes: impl Into<Vec<u8>>) {
        let version = self.next_version();
        self.entries
            .borrow_mut()
            .insert(name.to_owned(), (bytes.into(), version));
    }

    fn next_version(&self) -> u32 {
        self.versions.set(self.versions.get() + 1);
        self.versions.get()
    }
}

impl SharedStore for Store {
    fn load(&self, name: &str) -> Option<Stored> {
        self.loads.set(self.loads.get() + 1);
        let found = match &*self.shown.borrow() {
            Some(before) => before.get(name).cloned(),
            None => self.entries.borrow().get(name).cloned(),
        };
        let (bytes, version) = found?;
        Some(Stored {
            bytes,
            version: Version(version),
        })
    }

    fn swap(&self, name: &str, bytes: &[u8], seen: Option<Version>) -> Result<(), Conflict> {
        self.swaps.set(self.swaps.get() + 1);
        *self.shown.borrow_mut() = None;
        if self.refusals.get() > 0 {
            self.refusals.set(self.refusals.get() - 1);
            let version = self.next_version();
            if let Some(entry) = self.entries.borrow_mut().get_mut(name) {
                entry.1 = version;
            }
            return Err(Conflict);
        }
        let current = self.entries.borrow().get(name).map(|(_, version)| Version(*version));
        if current != seen {
            return Err(Conflict);
        }
        let version = self.next_version();
        self.entries
            .borrow_mut()
            .insert(name.to_owned(), (bytes.to_vec(), version));
        if let Some(bytes) = self.overwritten.borrow_mut().take() {
            self.poison(name, bytes);
        }
        Ok(())
    }
}
