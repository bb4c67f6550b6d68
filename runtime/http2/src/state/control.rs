//! What the other end says of streams and of itself.

use super::{ALIVE, DRAINED, LARGEST_WINDOW, Role, State};
use crate::error::{Error, Fault, Reason, broken};
use crate::frame::{self, Head, LARGEST, flag, kind, setting};

impl State {
    pub(super) fn reset(&mut self, head: &Head, payload: &[u8]) -> Result<(), Fault> {
        let code = number(head, payload, 4)?;
        if head.stream == 0 || self.is_idle(head.stream) {
            return Err(broken("a reset of no stream"));
        }
        let Some(slot) = self.streams.find(head.stream) else {
            return self.idle_work();
        };
        self.end(slot, Error::Reset(Reason(code)));
        // CVE-2023-44487: requests that are begun only to be given up.
        if self.role == Role::Server && !self.cancels.spend() {
            return Err(Fault::Connection(
                Reason::ENHANCE_YOUR_CALM,
                "too many requests are given up",
            ));
        }
        Ok(())
    }

    pub(super) fn settings(&mut self, head: &Head, payload: &[u8]) -> Result<(), Fault> {
        if head.stream != 0 {
            return Err(broken("settings of a stream"));
        }
        let acknowledges = head.has(flag::ACK);
        if !head.length.is_multiple_of(6) || acknowledges && head.length > 0 {
            return Err(Fault::Connection(
                Reason::FRAME_SIZE_ERROR,
                "settings of a wrong length",
            ));
        }
        if acknowledges {
            return if self.peer.known {
                Ok(())
            } else {
                Err(broken("settings have to come first"))
            };
        }
        self.idle_work()?;
        self.peer.known = true;
        for (name, value) in frame::settings(payload) {
            match name {
                setting::HEADER_TABLE_SIZE => self.encoder.limit(value as usize),
                setting::ENABLE_PUSH if value > 1 || value == 1 && self.role == Role::Client => {
                    return Err(broken("a setting that cannot be"));
                }
                setting::MAX_CONCURRENT_STREAMS => {
                    self.peer.streams = value as usize;
                    self.waiting.drain(..).for_each(std::task::Waker::wake);
                }
                setting::INITIAL_WINDOW_SIZE => self.resize(i64::from(value))?,
                setting::MAX_FRAME_SIZE if !(LARGEST as u32..1 << 24).contains(&value) => {
                    return Err(broken("a setting that cannot be"));
                }
                _ => {}
            }
        }
        frame::put(kind::SETTINGS, flag::ACK, 0, &[], &mut self.out);
        Ok(())
    }

    /// The windows of all streams become larger or smaller (RFC 9113, 6.9.2).
    fn resize(&mut self, window: i64) -> Result<(), Fault> {
        let overflow = Fault::Connection(Reason::FLOW_CONTROL_ERROR, "a window that is too large");
        if window > LARGEST_WINDOW {
            return Err(overflow);
        }
        let more = window - std::mem::replace(&mut self.peer.window, window);
        for slot in self.streams.all() {
            let stream = self.streams.at(slot);
            stream.send_window += more;
            if stream.send_window > LARGEST_WINDOW {
                return Err(overflow);
            }
            self.flush(slot);
        }
        Ok(())
    }

    pub(super) fn ping(&mut self, head: &Head, payload: &[u8]) -> Result<(), Fault> {
        if head.stream != 0 {
            return Err(broken("a ping of a stream"));
        }
        if head.length != 8 {
            return Err(Fault::Connection(
                Reason::FRAME_SIZE_ERROR,
                "a ping of a wrong length",
            ));
        }
        if !head.has(flag::ACK) {
            self.idle_work()?;
            frame::put(kind::PING, flag::ACK, 0, payload, &mut self.out);
        } else if payload == ALIVE {
            self.alive = true;
        } else if payload == DRAINED && self.going.is_some() && !self.drained {
            (self.going, self.drained) = (Some(self.last), true);
            self.go_away(self.last, Reason::NO_ERROR);
        }
        Ok(())
    }

    pub(super) fn goaway(&mut self, head: &Head, payload: &[u8]) -> Result<(), Fault> {
        if head.stream != 0 {
            return Err(broken("a farewell of a stream"));
        }
        let (Some(last), Some(code)) = (frame::number(payload), payload.get(4..).and_then(frame::number))
        else {
            return Err(Fault::Connection(
                Reason::FRAME_SIZE_ERROR,
                "a farewell that is too short",
            ));
        };
        self.gone = true;
        self.waiting.drain(..).for_each(std::task::Waker::wake);
        if self.role == Role::Server {
            return Ok(());
        }
        let reason = Reason(code);
        for slot in self.streams.all() {
            // Nothing was done for what is behind the last one (RFC 9113, 6.8).
            if self.streams.at(slot).id > last & 0x7fff_ffff {
                let error = if reason == Reason::NO_ERROR {
                    Error::Reset(Reason::REFUSED_STREAM)
                } else {
                    Error::GoAway(reason)
                };
                self.end(slot, error);
            }
        }
        Ok(())
    }

    pub(super) fn window(&mut self, head: &Head, payload: &[u8]) -> Result<(), Fault> {
        let more = i64::from(number(head, payload, 4)? & 0x7fff_ffff);
        if head.stream == 0 {
            if more == 0 {
                return Err(broken("a window of nothing"));
            }
            self.send_window += more;
            if self.send_window > LARGEST_WINDOW {
                let why = "a window that is too large";
                return Err(Fault::Connection(Reason::FLOW_CONTROL_ERROR, why));
            }
            self.flush_queue();
            return Ok(());
        }
        if self.is_idle(head.stream) {
            return Err(broken("a window of no stream"));
        }
        let Some(slot) = self.streams.find(head.stream) else {
            return self.idle_work();
        };
        if more == 0 {
            return Err(Fault::Stream(head.stream, Reason::PROTOCOL_ERROR));
        }
        let stream = self.streams.at(slot);
        stream.send_window += more;
        if stream.send_window > LARGEST_WINDOW {
            return Err(Fault::Stream(head.stream, Reason::FLOW_CONTROL_ERROR));
        }
        // CVE-2019-9511: a window of a few bytes at a time makes a frame of each.
        if more < 64 && !stream.pending.is_empty() {
            self.idle_work()?;
        }
        self.flush(slot);
        Ok(())
    }

    /// Priorities were given up (RFC 9113, 5.3), but not their form.
    pub(super) fn priority(&mut self, head: &Head, payload: &[u8]) -> Result<(), Fault> {
        if head.stream == 0 {
            return Err(broken("a priority of no stream"));
        }
        if head.length != 5 {
            return Err(Fault::Stream(head.stream, Reason::FRAME_SIZE_ERROR));
        }
        if frame::number(payload).is_some_and(|on| on & 0x7fff_ffff == head.stream) {
            return Err(Fault::Stream(head.stream, Reason::PROTOCOL_ERROR));
        }
        self.idle_work()
    }
}

fn number(head: &Head, payload: &[u8], length: usize) -> Result<u32, Fault> {
    frame::number(payload)
        .filter(|_| head.length == length)
        .ok_or(Fault::Connection(
            Reason::FRAME_SIZE_ERROR,
            "a frame of a wrong length",
        ))
}
