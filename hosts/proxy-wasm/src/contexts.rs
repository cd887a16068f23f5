//! The contexts of a VM: its plugins, and the streams that each of them looks at.

use std::collections::BTreeMap;
use std::rc::Rc;

/// Whether what follows the headers may go on. Envoy by itself stops body and trailers of a paused request, but not with its
/// option `allow_on_headers_stop_iteration`: there the first byte of a body would let the headers through, too.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StreamState {
    /// It may.
    Open,
    /// Not before the request has been settled.
    Paused,
    /// Never: the request has been answered, or not even looked at yet.
    Denied,
}

/// All contexts of a VM: one VM may run several plugins, or an old and a new configuration of one while the old one drains.
pub struct Contexts<W> {
    roots: Vec<(u32, Rc<W>)>,
    /// The stream that came last. Most are over before the next one comes.
    newest: Option<(u32, Stream)>,
    /// Those that came before and are not over.
    others: BTreeMap<u32, Stream>,
}

#[derive(Clone, Copy)]
struct Stream {
    root: u32,
    hold: StreamState,
}

impl<W> Default for Contexts<W> {
    fn default() -> Contexts<W> {
        Contexts::new()
    }
}

impl<W> Contexts<W> {
    /// None yet.
    pub const fn new() -> Contexts<W> {
        Contexts {
            roots: Vec::new(),
            newest: None,
            others: BTreeMap::new(),
        }
    }

    /// A root context, if it has no parent, or a stream of that one: closed, as long as nobody has looked at it.
    pub fn create(&mut self, id: u32, parent: u32)
    where
        W: Default,
    {
        if parent == 0 {
            return self.create_root(id);
        }
        let stream = Stream {
            root: parent,
            hold: StreamState::Denied,
        };
        if let Some((id, before)) = self.newest.replace((id, stream)) {
            self.others.insert(id, before);
        }
    }

    #[inline(never)]
    fn create_root(&mut self, id: u32)
    where
        W: Default,
    {
        self.roots.push((id, Rc::default()));
    }

    /// The root context is over; the worker that it had.
    #[inline(never)]
    pub fn remove_root(&mut self, id: u32) -> Option<Rc<W>> {
        let place = self.roots.iter().position(|(root, _)| *root == id)?;
        Some(self.roots.remove(place).1)
    }

    /// The worker of a root context.
    pub fn root(&self, id: u32) -> Option<Rc<W>> {
        let (_, worker) = self.roots.iter().find(|(root, _)| *root == id)?;
        Some(Rc::clone(worker))
    }

    /// How a stream is held, and the worker that it is for.
    pub fn stream(&self, id: u32) -> Option<(StreamState, Rc<W>)> {
        let stream = match &self.newest {
            Some((newest, stream)) if *newest == id => stream,
            _ => self.others.get(&id)?,
        };
        Some((stream.hold, self.root(stream.root)?))
    }

    /// From now on the stream is held so.
    pub fn keep(&mut self, id: u32, hold: StreamState) {
        match &mut self.newest {
            Some((newest, stream)) if *newest == id => stream.hold = hold,
            _ => {
                if let Some(stream) = self.others.get_mut(&id) {
                    stream.hold = hold;
                }
            }
        }
    }

    /// The stream is over; what it was, if it was one.
    pub fn remove(&mut self, id: u32) -> Option<(StreamState, Rc<W>)> {
        let stream = match self.newest {
            Some((newest, stream)) if newest == id => {
                self.newest = None;
                Some(stream)
            }
            _ => self.others.remove(&id),
        };
        let stream = stream?;
        Some((stream.hold, self.root(stream.root)?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::cell::Cell;

    type Worker = Cell<u32>;

    /// Two plugins in one VM: what the worker holds tells them apart.
    fn two_plugins() -> Contexts<Worker> {
        let mut contexts = Contexts::<Worker>::default();
        for root in [1, 2] {
            contexts.create(root, 0);
            contexts.root(root).unwrap().set(root);
        }
        contexts
    }

    fn found(stream: Option<(StreamState, Rc<Worker>)>) -> Option<(StreamState, u32)> {
        stream.map(|(hold, worker)| (hold, worker.get()))
    }

    #[test]
    fn a_stream_nobody_has_looked_at_is_closed_and_an_unknown_one_is_none() {
        let mut contexts = two_plugins();
        contexts.create(10, 2);
        assert_eq!(found(contexts.stream(10)), Some((StreamState::Denied, 2)));
        contexts.keep(11, StreamState::Open);
        assert_eq!(found(contexts.stream(11)), None);
        assert_eq!(found(contexts.remove(11)), None);
        assert_eq!(found(contexts.stream(1)), None, "a root is no stream");
    }

    #[test]
    fn a_stream_whose_plugin_is_gone_is_unknown() {
        let mut contexts = two_plugins();
        contexts.create(10, 1);
        contexts.create(11, 2);
        assert_eq!(found(contexts.remove(1)), None, "a root is no stream");
        assert_eq!(contexts.remove_root(1).map(|worker| worker.get()), Some(1));
        assert!(contexts.remove_root(1).is_none() && contexts.remove_root(10).is_none());
        assert_eq!(found(contexts.stream(10)), None);
        assert_eq!(found(contexts.stream(11)), Some((StreamState::Denied, 2)));
        contexts.create(12, 1);
        assert_eq!(found(contexts.stream(12)), None);
        assert!(contexts.root(1).is_none() && contexts.root(2).is_some());
    }

    proptest! {
        #[test]
        fn every_stream_keeps_its_own_whatever_the_others_do(
            events in prop::collection::vec((0..4_u8, 10..20_u32, 1..3_u32), 0..60)
        ) {
            let mut contexts = two_plugins();
            let mut expected: BTreeMap<u32, (StreamState, u32)> = BTreeMap::new();
            for (event, id, root) in events {
                match event {
                    0 if !expected.contains_key(&id) => {
                        contexts.create(id, root);
                        expected.insert(id, (StreamState::Denied, root));
                    }
                    0 | 1 => {
                        prop_assert_eq!(found(contexts.remove(id)), expected.remove(&id));
                    }
                    _ => {
                        let hold = if event == 2 { StreamState::Open } else { StreamState::Paused };
                        contexts.keep(id, hold);
                        expected.entry(id).and_modify(|stream| stream.0 = hold);
                    }
                }
                for id in 10..20 {
                    prop_assert_eq!(found(contexts.stream(id)), expected.get(&id).copied());
                }
            }
        }
    }
}
