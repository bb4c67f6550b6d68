use std::collections::{HashMap, VecDeque};
use std::hash::{BuildHasherDefault, Hasher};
use std::task::Waker;

use bytes::{Bytes, BytesMut};
use http::HeaderMap;

use crate::ResponseHead;
use crate::error::Error;

/// A stream of a connection, and where it is kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Key {
    pub(crate) slot: usize,
    pub(crate) id: u32,
}

/// One request and its answer.
#[derive(Debug, Default)]
pub(crate) struct Stream {
    /// 0 where there is none.
    pub(crate) id: u32,
    /// Of an answer, until it is taken.
    pub(crate) head: Option<ResponseHead>,
    /// What was said before an answer, until it is taken.
    pub(crate) interim: Vec<ResponseHead>,
    /// An answer's head came: other headers are trailers.
    pub(crate) has_head: bool,
    /// The request was HEAD: the answer has a length and no body.
    pub(crate) only_head: bool,
    pub(crate) data: VecDeque<BytesMut>,
    pub(crate) trailers: Option<HeaderMap>,
    /// What the body has left, where that was said.
    pub(crate) length: Option<u64>,
    /// Nothing more comes.
    pub(crate) received: bool,
    pub(crate) error: Option<Error>,
    pub(crate) receive_window: i64,
    /// Taken, and not told yet to the other end.
    pub(crate) taken: u32,
    /// Who waits for something to come.
    pub(crate) waiting: Option<Waker>,
    /// Somebody has what comes.
    pub(crate) held: bool,
    pub(crate) send_window: i64,
    /// What there was no window for.
    pub(crate) pending: Bytes,
    /// How it ends, once `pending` is sent.
    pub(crate) ending: Option<Ending>,
    /// It waits for the connection's window.
    pub(crate) queued: bool,
    /// Who has more to send waits for a window.
    pub(crate) stalled: bool,
    /// Nothing more is sent.
    pub(crate) sent: bool,
    closed: bool,
}

/// How what is sent ends.
#[derive(Debug)]
pub(crate) enum Ending {
    Data,
    Trailers(HeaderMap),
}

/// Data that comes in little pieces is put together in pieces of this size: each costs memory of its own.
const PIECE: usize = 4096;

impl Stream {
    /// Keeps data until it is taken. It is copied: the buffer that it was read into is used again.
    pub(crate) fn keep(&mut self, data: &[u8]) {
        match self.data.back_mut() {
            Some(last) if last.capacity() - last.len() >= data.len() => last.extend_from_slice(data),
            Some(_) if data.len() < PIECE => {
                let mut piece = BytesMut::with_capacity(PIECE);
                piece.extend_from_slice(data);
                self.data.push_back(piece);
            }
            _ => self.data.push_back(BytesMut::from(data)),
        }
    }

    /// Makes room for the next one in this place; what data came in keeps its memory. Each for itself: this is done for every
    /// request, and most of it is nothing already.
    fn reset(&mut self) {
        let Self {
            id,
            head,
            interim,
            has_head,
            only_head,
            data,
            trailers,
            length,
            received,
            error,
            receive_window,
            taken,
            waiting,
            held,
            send_window,
            pending,
            ending,
            queued,
            stalled,
            sent,
            closed,
        } = self;
        data.clear();
        interim.clear();
        *pending = Bytes::new();
        (*id, *taken) = (0, 0);
        (*receive_window, *send_window) = (0, 0);
        (*head, *trailers, *length) = (None, None, None);
        (*error, *waiting, *ending) = (None, None, None);
        for flag in [has_head, only_head, received, held, queued, stalled, sent, closed] {
            *flag = false;
        }
    }

    pub(crate) fn wake(&mut self) {
        if let Some(waker) = self.waiting.take() {
            waker.wake();
        }
    }
}

/// Identifiers are numbers that only grow: any mixing does.
#[derive(Debug, Default)]
pub(crate) struct IdHasher(u64);

impl Hasher for IdHasher {
    fn finish(&self) -> u64 {
        self.0
    }

    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.write_u32(u32::from(*byte));
        }
    }

    fn write_u32(&mut self, id: u32) {
        self.0 = (self.0 ^ u64::from(id)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    }
}

/// All streams of a connection. Places are used again, with what they have allocated.
#[derive(Debug, Default)]
pub(crate) struct Streams {
    slots: Vec<Stream>,
    free: Vec<usize>,
    by_id: HashMap<u32, usize, BuildHasherDefault<IdHasher>>,
}

impl Streams {
    /// Those that are not closed.
    pub(crate) fn open(&self) -> usize {
        self.by_id.len()
    }

    /// A stream that is not closed.
    pub(crate) fn find(&self, id: u32) -> Option<usize> {
        self.by_id.get(&id).copied()
    }

    /// A stream that is there as long as somebody holds it.
    pub(crate) fn get(&mut self, key: Key) -> Option<&mut Stream> {
        self.slots.get_mut(key.slot).filter(|stream| stream.id == key.id)
    }

    /// The stream in a place that [`Streams::find`] told.
    pub(crate) fn at(&mut self, slot: usize) -> &mut Stream {
        &mut self.slots[slot]
    }

    pub(crate) fn key(&self, slot: usize) -> Key {
        Key {
            slot,
            id: self.slots[slot].id,
        }
    }

    pub(crate) fn insert(&mut self, id: u32) -> Key {
        let slot = self.free.pop().unwrap_or_else(|| {
            self.slots.push(Stream::default());
            self.slots.len() - 1
        });
        self.slots[slot].id = id;
        self.by_id.insert(id, slot);
        Key { slot, id }
    }

    /// Looks whether the stream has come to its end; tells whether it just did.
    pub(crate) fn settle(&mut self, slot: usize) -> bool {
        let stream = &mut self.slots[slot];
        let ends = stream.received && stream.sent && !stream.closed;
        if ends {
            stream.closed = true;
            self.by_id.remove(&stream.id);
        }
        if stream.closed && !stream.held && stream.id != 0 {
            stream.reset();
            self.free.push(slot);
        }
        ends
    }

    /// Nobody has anything of any stream.
    #[cfg(test)]
    pub(crate) fn is_free(&self) -> bool {
        self.slots.iter().all(|stream| stream.id == 0) && self.free.len() == self.slots.len()
    }

    /// The places of all streams that are not closed.
    pub(crate) fn all(&self) -> Vec<usize> {
        let open = |slot: &usize| self.slots[*slot].id != 0 && !self.slots[*slot].closed;
        (0..self.slots.len()).filter(open).collect()
    }
}
