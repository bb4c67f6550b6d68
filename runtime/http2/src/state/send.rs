//! What goes to the other end.

use bytes::{Buf as _, Bytes};
use http::{HeaderMap, StatusCode};

use super::{Ending, Event, FRAME, Key, Role, State};
use crate::error::{Error, Reason};
use crate::frame::{self, HEAD, Head, flag, kind};
use crate::hpack::Encoder;
use crate::message;
use crate::{Fields, RequestHead};

/// More than this is not put together: whoever has more waits until it is written.
const MOST: usize = 64 * 1024;

/// Whether more of a body can be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Room {
    Some,
    /// There is no window; an [`Event::Room`] tells when there is.
    NoWindow,
    /// First what there is has to be written.
    Full,
    /// Nobody wants it any more.
    Gone,
}

impl State {
    /// Whether another request can be sent now.
    pub(crate) fn has_room(&self) -> bool {
        self.streams.open() < self.peer.streams
    }

    /// `waker` is woken when there may be.
    pub(crate) fn wait(&mut self, waker: &std::task::Waker) {
        self.waiting.push(waker.clone());
    }

    /// Sends a request, whose body has that length where it is known; `ends` where it has none.
    pub(crate) fn send_request(&mut self, head: &RequestHead, length: Option<u64>, ends: bool) -> Key {
        let key = self.begin(self.next);
        self.next += 2;
        let stream = self.streams.at(key.slot);
        (stream.held, stream.sent) = (true, ends);
        stream.only_head = head.method == http::Method::HEAD;
        self.put_block(key.id, ends, |encoder, out| {
            message::put_request(head, length, encoder, out);
        });
        key
    }

    /// Sends what is said before an answer, unless so much waits to be written that nobody seems to read.
    pub(crate) fn send_interim(&mut self, key: Key, status: StatusCode, headers: &Fields) {
        let waits = self.out.len() >= MOST;
        if waits || self.streams.get(key).is_none_or(|stream| stream.sent) {
            return;
        }
        self.put_block(key.id, false, |encoder, out| {
            message::put_response(status, headers, encoder, out);
        });
        self.wake();
    }

    /// Sends the head of an answer; `ends` where it has no body. `false` where nobody wants it any more.
    pub(crate) fn send_response(
        &mut self,
        key: Key,
        status: StatusCode,
        headers: &Fields,
        ends: bool,
    ) -> bool {
        if self.streams.get(key).is_none_or(|stream| stream.sent) {
            return false;
        }
        self.put_block(key.id, ends, |encoder, out| {
            message::put_response(status, headers, encoder, out);
        });
        if ends {
            self.finish(key.slot);
        }
        true
    }

    /// Whether more of the body can be sent.
    pub(crate) fn room(&mut self, key: Key) -> Room {
        let (full, window) = (self.out.len() >= MOST, self.send_window);
        let Some(stream) = self.streams.get(key).filter(|stream| !stream.sent) else {
            return Room::Gone;
        };
        if stream.pending.is_empty() && stream.send_window > 0 && window > 0 {
            return if full { Room::Full } else { Room::Some };
        }
        stream.stalled = true;
        if window <= 0 && !std::mem::replace(&mut stream.queued, true) {
            self.queue.push_back(key.slot);
        }
        Room::NoWindow
    }

    /// Sends more of a body, or keeps it until there is a window.
    pub(crate) fn send_data(&mut self, key: Key, data: Bytes, ends: bool) {
        let Some(stream) = self.streams.get(key).filter(|stream| !stream.sent) else {
            return;
        };
        stream.pending = data;
        stream.ending = ends.then_some(Ending::Data);
        self.flush(key.slot);
    }

    /// Ends a body with trailers.
    pub(crate) fn send_trailers(&mut self, key: Key, trailers: HeaderMap) {
        let Some(stream) = self.streams.get(key).filter(|stream| !stream.sent) else {
            return;
        };
        stream.ending = Some(Ending::Trailers(trailers));
        self.flush(key.slot);
    }

    /// Ends a stream before its end.
    pub(crate) fn send_reset(&mut self, key: Key, reason: Reason) {
        if self.streams.find(key.id) == Some(key.slot) {
            self.put_reset(key.id, reason);
            self.end(key.slot, Error::Malformed(reason));
        }
    }

    /// Sends what is kept, as far as there are windows.
    pub(super) fn flush(&mut self, slot: usize) {
        let stream = self.streams.at(slot);
        if stream.sent {
            return;
        }
        while !stream.pending.is_empty() {
            let window = stream.send_window.min(self.send_window);
            let Ok(window @ 1..) = usize::try_from(window) else {
                if self.send_window <= 0 && !std::mem::replace(&mut stream.queued, true) {
                    self.queue.push_back(slot);
                }
                return;
            };
            let length = stream.pending.len().min(window).min(FRAME);
            let ends = length == stream.pending.len() && matches!(stream.ending, Some(Ending::Data));
            let flags = if ends { flag::END_STREAM } else { 0 };
            frame::put(
                kind::DATA,
                flags,
                stream.id,
                &stream.pending[..length],
                &mut self.out,
            );
            stream.pending.advance(length);
            stream.send_window -= length as i64;
            self.send_window -= length as i64;
            if ends {
                self.finish(slot);
                return;
            }
        }
        match stream.ending.take() {
            Some(Ending::Data) => {
                frame::put(kind::DATA, flag::END_STREAM, stream.id, &[], &mut self.out);
                self.finish(slot);
            }
            Some(Ending::Trailers(trailers)) => {
                let id = stream.id;
                self.put_block(id, true, |encoder, out| {
                    message::put_trailers(&trailers, encoder, out);
                });
                self.finish(slot);
            }
            None if stream.send_window > 0 && std::mem::take(&mut stream.stalled) => {
                self.events.push_back(Event::Room(self.streams.key(slot)));
            }
            None => {}
        }
    }

    /// The connection has a window again.
    pub(super) fn flush_queue(&mut self) {
        for _ in 0..self.queue.len() {
            if self.send_window <= 0 {
                return;
            }
            let Some(slot) = self.queue.pop_front() else {
                return;
            };
            // The place may be another stream's by now, which then is asked once for nothing.
            self.streams.at(slot).queued = false;
            self.flush(slot);
        }
    }

    /// All of a message is sent.
    fn finish(&mut self, slot: usize) {
        let stream = self.streams.at(slot);
        (stream.sent, stream.ending) = (true, None);
        if self.role == Role::Server {
            self.cancels.earn();
        }
        self.forgo(slot);
        self.settle(slot);
    }

    /// Nobody takes what may still come: the other end need not send it.
    pub(super) fn forgo(&mut self, slot: usize) {
        let role = self.role;
        let stream = self.streams.at(slot);
        if stream.held || stream.received {
            return;
        }
        let reason = match role {
            // RFC 9113, 8.1: the answer is whole, whatever else the request would have said.
            Role::Server if stream.sent => Reason::NO_ERROR,
            Role::Server => return,
            Role::Client => Reason::CANCEL,
        };
        let id = stream.id;
        self.put_reset(id, reason);
        self.end(slot, Error::Closed);
    }

    /// Appends a block of fields, in as many frames as it needs.
    pub(super) fn put_block(&mut self, id: u32, ends: bool, put: impl FnOnce(&mut Encoder, &mut Vec<u8>)) {
        let start = self.out.len();
        self.out.extend_from_slice(&[0; HEAD]);
        put(&mut self.encoder, &mut self.out);
        let length = self.out.len() - start - HEAD;
        let end_stream = if ends { flag::END_STREAM } else { 0 };
        let mut head = Head {
            length: length.min(FRAME),
            kind: kind::HEADERS,
            flags: end_stream,
            stream: id,
        };
        if length <= FRAME {
            head.flags |= flag::END_HEADERS;
            self.out[start..start + HEAD].copy_from_slice(&head.bytes());
            return;
        }
        let block = self.out.split_off(start + HEAD);
        self.out.truncate(start);
        let mut parts = block.chunks(FRAME).peekable();
        while let Some(part) = parts.next() {
            if parts.peek().is_none() {
                head.flags |= flag::END_HEADERS;
            }
            frame::put(head.kind, head.flags, id, part, &mut self.out);
            (head.kind, head.flags) = (kind::CONTINUATION, 0);
        }
    }
}
