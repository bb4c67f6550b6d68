//! What comes from the other end.

use super::{RESETS, Role, State};
use crate::error::{Error, Fault, Reason, broken};
use crate::frame::{self, Head, LARGEST, flag, kind};

impl State {
    /// Takes what came, as far as it is whole; tells how much that was.
    pub(crate) fn receive(&mut self, input: &[u8]) -> usize {
        let mut taken = 0;
        while self.error.is_none() {
            let rest = &input[taken..];
            let Some(head) = Head::of(rest) else { break };
            if head.length > LARGEST {
                self.fault(Fault::Connection(
                    Reason::FRAME_SIZE_ERROR,
                    "a frame that is too large",
                ));
                break;
            }
            let Some(payload) = rest.get(frame::HEAD..frame::HEAD + head.length) else {
                break;
            };
            taken += frame::HEAD + head.length;
            if let Err(fault) = self.frame(&head, payload) {
                self.fault(fault);
            }
        }
        taken
    }

    fn fault(&mut self, fault: Fault) {
        match fault {
            Fault::Connection(reason, why) => {
                self.go_away(self.last, reason);
                self.fail(Error::Protocol(reason, why));
            }
            Fault::Stream(id, reason) => {
                self.put_reset(id, reason);
                if let Some(slot) = self.streams.find(id) {
                    self.end(slot, Error::Malformed(reason));
                }
                // Whoever breaks the protocol on and on is not to be answered on and on.
                if !self.cancels.spend() {
                    self.fault(Fault::Connection(
                        Reason::ENHANCE_YOUR_CALM,
                        "too many streams that fail",
                    ));
                }
            }
        }
    }

    pub(super) fn put_reset(&mut self, id: u32, reason: Reason) {
        frame::put(kind::RST_STREAM, 0, id, &reason.0.to_be_bytes(), &mut self.out);
        if self.resets.len() == RESETS {
            self.resets.pop_front();
        }
        self.resets.push_back(id);
    }

    fn frame(&mut self, head: &Head, payload: &[u8]) -> Result<(), Fault> {
        if !self.peer.known && head.kind != kind::SETTINGS {
            return Err(broken("settings have to come first"));
        }
        if self.block.is_some() && head.kind != kind::CONTINUATION {
            return Err(broken("a frame within a block of fields"));
        }
        match head.kind {
            kind::DATA => self.data(head, payload),
            kind::HEADERS => self.headers(head, payload),
            kind::CONTINUATION => self.continuation(head, payload),
            kind::RST_STREAM => self.reset(head, payload),
            kind::SETTINGS => self.settings(head, payload),
            kind::PING => self.ping(head, payload),
            kind::GOAWAY => self.goaway(head, payload),
            kind::WINDOW_UPDATE => self.window(head, payload),
            kind::PRIORITY => self.priority(head, payload),
            kind::PUSH_PROMISE => Err(broken("a push that nobody asked for")),
            // Frames of kinds that are not known mean nothing (RFC 9113, 4.1).
            _ => self.idle_work(),
        }
    }

    /// Something that leads to nothing.
    pub(super) fn idle_work(&mut self) -> Result<(), Fault> {
        if self.control.spend() {
            return Ok(());
        }
        Err(Fault::Connection(
            Reason::ENHANCE_YOUR_CALM,
            "too many frames that say nothing",
        ))
    }

    /// The stream has not begun.
    pub(super) fn is_idle(&self, id: u32) -> bool {
        match (self.role, id % 2 == 1) {
            (Role::Server, true) => id > self.last,
            (Role::Client, true) => id >= self.next,
            // Only servers begin streams with even numbers, and only where they may push.
            (_, false) => true,
        }
    }

    fn data(&mut self, head: &Head, payload: &[u8]) -> Result<(), Fault> {
        if head.stream == 0 || self.is_idle(head.stream) {
            return Err(broken("data for no stream"));
        }
        let size = head.length as i64;
        self.receive_window -= size;
        if self.receive_window < 0 {
            return Err(Fault::Connection(
                Reason::FLOW_CONTROL_ERROR,
                "more data than the window",
            ));
        }
        let data = frame::unpadded(head, payload).ok_or(broken("more padding than payload"))?;
        let ends = head.has(flag::END_STREAM);
        if data.is_empty() && !ends {
            self.idle_work()?;
        }
        let Some(slot) = self.streams.find(head.stream) else {
            self.give_back(head.length as u32);
            return self.late(head.stream);
        };
        let padding = (head.length - data.len()) as u32;
        let stream = self.streams.at(slot);
        if stream.received {
            self.give_back(head.length as u32);
            return Err(Fault::Stream(head.stream, Reason::STREAM_CLOSED));
        }
        stream.receive_window -= size;
        if stream.receive_window < 0 {
            self.give_back(head.length as u32);
            return Err(Fault::Stream(head.stream, Reason::FLOW_CONTROL_ERROR));
        }
        let left = stream.length.map(|left| left.checked_sub(data.len() as u64));
        if matches!(left, Some(None)) || ends && matches!(left, Some(Some(1..))) {
            self.give_back(head.length as u32);
            return Err(Fault::Stream(head.stream, Reason::PROTOCOL_ERROR));
        }
        stream.length = left.flatten();
        let kept = stream.held && !data.is_empty();
        if kept {
            stream.keep(data);
        }
        if !data.is_empty() {
            self.control.earn();
        }
        stream.received = ends;
        stream.wake();
        let free = if kept { padding } else { head.length as u32 };
        if free > 0 {
            self.release(slot, free);
        }
        self.settle(slot);
        Ok(())
    }

    /// Something for a stream that is closed: it may have been reset here, and the other end not know it yet.
    fn late(&mut self, id: u32) -> Result<(), Fault> {
        if self.resets.contains(&id) || self.role == Role::Client {
            return self.idle_work();
        }
        Err(Fault::Stream(id, Reason::STREAM_CLOSED))
    }
}
