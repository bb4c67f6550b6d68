//! Heads of messages, and trailers, that come.

use super::{Block, Event, Key, Role, State, WINDOW};
use crate::Fields;
use crate::error::{Fault, Reason, broken};
use crate::frame::{self, Head, flag};
use crate::message::{self, Malformed, Taken};

/// How many frames a block of fields may come in.
const FRAMES: u32 = 32;
/// Fields are decoded for who breaks the limit too, but not without end.
const BLOCK: usize = 256 * 1024;

/// More of what is said before an answer is not kept for who does not take it.
const INTERIM: usize = 16;

impl State {
    pub(super) fn headers(&mut self, head: &Head, payload: &[u8]) -> Result<(), Fault> {
        if head.stream == 0 || head.stream.is_multiple_of(2) {
            return Err(broken("headers for no stream"));
        }
        let block = frame::unpadded(head, payload).ok_or(broken("more padding than payload"))?;
        let block = if head.has(flag::PRIORITY) {
            let (priority, block) = block.split_first_chunk::<5>().ok_or(Fault::Connection(
                Reason::FRAME_SIZE_ERROR,
                "headers that are too short",
            ))?;
            if frame::number(priority).is_some_and(|on| on & 0x7fff_ffff == head.stream) {
                return Err(broken("a stream that depends on itself"));
            }
            block
        } else {
            block
        };
        if head.has(flag::END_HEADERS) {
            return self.fields(head, block);
        }
        self.block = Some(Block {
            head: *head,
            bytes: block.to_vec(),
            frames: 1,
        });
        Ok(())
    }

    pub(super) fn continuation(&mut self, head: &Head, payload: &[u8]) -> Result<(), Fault> {
        let Some(mut block) = self.block.take().filter(|block| block.head.stream == head.stream) else {
            return Err(broken("a continuation of nothing"));
        };
        block.frames += 1;
        block.bytes.extend_from_slice(payload);
        if block.frames > FRAMES || block.bytes.len() > BLOCK {
            let why = "a block of fields without end";
            return Err(Fault::Connection(Reason::ENHANCE_YOUR_CALM, why));
        }
        if head.has(flag::END_HEADERS) {
            return self.fields(&block.head, &block.bytes);
        }
        self.block = Some(block);
        Ok(())
    }

    fn fields(&mut self, head: &Head, block: &[u8]) -> Result<(), Fault> {
        let mut fields = Taken::default();
        let most = self.limits.headers as usize;
        // Also where nobody wants them: the table is that of the connection.
        let decoded = self.decoder.decode(block, |field| fields.take(field, most));
        if decoded.is_err() {
            let why = "fields that cannot be decoded";
            return Err(Fault::Connection(Reason::COMPRESSION_ERROR, why));
        }
        let (id, ends) = (head.stream, head.has(flag::END_STREAM));
        match (self.streams.find(id), self.role) {
            (Some(slot), Role::Server) => self.trailers(slot, id, ends, fields),
            (Some(slot), Role::Client) if self.streams.at(slot).has_head => {
                self.trailers(slot, id, ends, fields)
            }
            (Some(slot), Role::Client) => self.response(slot, id, ends, fields),
            (None, Role::Server) if id > self.last => self.request(id, ends, fields),
            (None, Role::Server) if self.resets.contains(&id) => self.idle_work(),
            (None, Role::Server) => Err(Fault::Connection(
                Reason::STREAM_CLOSED,
                "headers for a closed stream",
            )),
            (None, Role::Client) if self.is_idle(id) => Err(broken("an answer to nothing")),
            (None, Role::Client) => self.idle_work(),
        }
    }

    fn request(&mut self, id: u32, ends: bool, fields: Taken) -> Result<(), Fault> {
        self.last = id;
        if self.going.is_some_and(|going| id > going) {
            return Ok(());
        }
        if self.streams.open() >= self.limits.streams as usize {
            return Err(Fault::Stream(id, Reason::REFUSED_STREAM));
        }
        if fields.too_large {
            return self.refuse(id, ends);
        }
        let malformed = |_: Malformed| Fault::Stream(id, Reason::PROTOCOL_ERROR);
        let mut known = self.authority.take();
        let parts = fields.request(&mut known).map_err(malformed);
        self.authority = known;
        let parts = parts?;
        let length = message::length(&parts.headers).map_err(malformed)?;
        if ends && length.is_some_and(|length| length > 0) {
            return Err(malformed(Malformed));
        }
        let key = self.begin(id);
        let stream = self.streams.at(key.slot);
        (stream.length, stream.received, stream.held) = (length, ends, !ends);
        self.events.push_back(Event::Request(key, parts, !ends));
        Ok(())
    }

    /// A request with more headers than are taken.
    fn refuse(&mut self, id: u32, ends: bool) -> Result<(), Fault> {
        let status = http::StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE;
        let headers = Fields::new();
        self.put_block(id, true, |encoder, out| {
            message::put_response(status, &headers, encoder, out);
        });
        if !ends {
            self.put_reset(id, Reason::NO_ERROR);
        }
        self.idle_work()
    }

    pub(super) fn begin(&mut self, id: u32) -> Key {
        let key = self.streams.insert(id);
        let stream = self.streams.at(key.slot);
        // Who has not read our settings yet has the usual window.
        stream.receive_window = i64::from(self.limits.stream_window.max(WINDOW));
        stream.send_window = self.peer.window;
        key
    }

    fn response(&mut self, slot: usize, id: u32, ends: bool, fields: Taken) -> Result<(), Fault> {
        let malformed = |_: Malformed| Fault::Stream(id, Reason::PROTOCOL_ERROR);
        if fields.too_large {
            return Err(malformed(Malformed));
        }
        let parts = fields.response().map_err(malformed)?;
        if parts.status.is_informational() {
            // What is told on the way is not the answer.
            if ends {
                return Err(malformed(Malformed));
            }
            let stream = self.streams.at(slot);
            if stream.interim.len() < INTERIM {
                stream.interim.push(parts);
                stream.wake();
            }
            return self.idle_work();
        }
        let length = message::length(&parts.headers).map_err(malformed)?;
        let stream = self.streams.at(slot);
        let bodiless = stream.only_head || matches!(parts.status.as_u16(), 204 | 304);
        let length = if bodiless { Some(0) } else { length };
        if ends && length.is_some_and(|length| length > 0) {
            return Err(malformed(Malformed));
        }
        (stream.head, stream.has_head) = (Some(parts), true);
        (stream.length, stream.received) = (length, ends);
        stream.wake();
        self.settle(slot);
        Ok(())
    }

    fn trailers(&mut self, slot: usize, id: u32, ends: bool, fields: Taken) -> Result<(), Fault> {
        let stream = self.streams.at(slot);
        if stream.received {
            return Err(Fault::Stream(id, Reason::STREAM_CLOSED));
        }
        let left = stream.length.is_some_and(|left| left > 0);
        if !ends || fields.too_large || left {
            return Err(Fault::Stream(id, Reason::PROTOCOL_ERROR));
        }
        let trailers = fields.trailers();
        let trailers = trailers.map_err(|_| Fault::Stream(id, Reason::PROTOCOL_ERROR))?;
        (stream.trailers, stream.received) = (Some(trailers), true);
        stream.wake();
        self.settle(slot);
        Ok(())
    }
}
