//! The state of one connection: bytes go in and come out, and nothing else happens. Whoever owns the socket carries them.

mod budget;
mod control;
mod heads;
mod receive;
mod send;
mod streams;
mod take;
#[cfg(test)]
mod tests;

use std::collections::VecDeque;
use std::task::Waker;

use http::uri::Authority;

use crate::RequestHead;
use crate::error::{Error, Reason};
use crate::frame::{self, LARGEST, kind, setting};
use crate::hpack::{Decoder, Encoder};
use budget::Budget;
pub(crate) use send::Room;
use streams::Streams;
pub(crate) use streams::{Ending, Key};
pub(crate) use take::Piece;

/// Windows and streams before anything is said (RFC 9113, 6.5.2).
const WINDOW: u32 = 65_535;
const LARGEST_WINDOW: i64 = (1 << 31) - 1;
const LAST_ID: u32 = (1 << 31) - 1;
/// Requests that are sent before the server has said how many it takes.
const STREAMS: usize = 100;
/// Streams that were reset here lately: what still comes for them is no mistake.
const RESETS: usize = 64;

/// PING tells nothing but that it came.
const ALIVE: [u8; 8] = *b"is there";
const DRAINED: [u8; 8] = *b"draining";

/// Which end of a connection this is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    Client,
    Server,
}

/// What the other end is told.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// How much of a body may come that nobody has taken yet, bytes.
    pub stream_window: u32,
    /// The same for all streams together, bytes.
    pub connection_window: u32,
    /// Requests under way at once, for servers.
    pub streams: u32,
    /// A message's headers, as RFC 9113, 6.5.2 counts them, bytes.
    pub headers: u32,
}

/// What happened, for who drives the connection.
#[derive(Debug)]
pub(crate) enum Event {
    /// A request came; `true` where its body may still come.
    Request(Key, RequestHead, bool),
    /// Nothing more can be sent on a stream.
    Ended(Key),
    /// There is a window again for who was stalled.
    Room(Key),
}

/// A block of fields that has not ended.
#[derive(Debug)]
struct Block {
    head: frame::Head,
    bytes: Vec<u8>,
    /// How many frames it came in.
    frames: u32,
}

/// What the other end has said of itself.
#[derive(Debug)]
struct Peer {
    window: i64,
    streams: usize,
    /// It has said so once at least.
    known: bool,
}

/// One connection.
#[derive(Debug)]
pub(crate) struct State {
    role: Role,
    limits: Limits,
    decoder: Decoder,
    encoder: Encoder,
    streams: Streams,
    out: Vec<u8>,
    events: VecDeque<Event>,
    block: Option<Block>,
    peer: Peer,
    /// The last stream that the other end has begun.
    last: u32,
    /// The next stream that is begun here.
    next: u32,
    send_window: i64,
    receive_window: i64,
    taken: u32,
    /// Streams that wait for `send_window`.
    queue: VecDeque<usize>,
    resets: VecDeque<u32>,
    /// The last stream that is served, once that was said.
    going: Option<u32>,
    /// The other end takes no more requests.
    gone: bool,
    error: Option<Error>,
    drained: bool,
    /// Nobody is left who could send a request.
    left: bool,
    alive: bool,
    control: Budget,
    cancels: Budget,
    authority: Option<Authority>,
    /// Who drives the connection.
    driver: Option<Waker>,
    /// Requests that wait until the server takes more.
    waiting: Vec<Waker>,
}

impl State {
    pub(crate) fn new(role: Role, limits: Limits) -> Self {
        let mut state = Self {
            role,
            limits,
            decoder: Decoder::default(),
            encoder: Encoder::default(),
            streams: Streams::default(),
            out: Vec::new(),
            events: VecDeque::new(),
            block: None,
            peer: Peer {
                window: i64::from(WINDOW),
                streams: STREAMS,
                known: false,
            },
            last: 0,
            next: 1,
            send_window: i64::from(WINDOW),
            receive_window: i64::from(limits.connection_window.max(WINDOW)),
            taken: 0,
            queue: VecDeque::new(),
            resets: VecDeque::new(),
            going: None,
            gone: false,
            error: None,
            drained: false,
            left: false,
            alive: true,
            control: Budget::new(10_000, 5_000),
            cancels: Budget::new(2_000, 500),
            authority: None,
            driver: None,
            waiting: Vec::new(),
        };
        state.greet();
        state
    }

    /// What every connection begins with.
    fn greet(&mut self) {
        let limits = self.limits;
        let mut settings = vec![
            (setting::INITIAL_WINDOW_SIZE, limits.stream_window),
            (setting::MAX_HEADER_LIST_SIZE, limits.headers),
        ];
        match self.role {
            Role::Client => {
                self.out.extend_from_slice(frame::PREFACE);
                settings.push((setting::ENABLE_PUSH, 0));
            }
            Role::Server => settings.push((setting::MAX_CONCURRENT_STREAMS, limits.streams)),
        }
        let mut payload = Vec::new();
        for (name, value) in settings {
            payload.extend_from_slice(&name.to_be_bytes());
            payload.extend_from_slice(&value.to_be_bytes());
        }
        frame::put(kind::SETTINGS, 0, 0, &payload, &mut self.out);
        let more = limits.connection_window.saturating_sub(WINDOW);
        if more > 0 {
            frame::put(kind::WINDOW_UPDATE, 0, 0, &more.to_be_bytes(), &mut self.out);
        }
    }

    /// What is to be written, for whoever leaves an empty one in its place.
    pub(crate) fn output(&mut self) -> &mut Vec<u8> {
        &mut self.out
    }

    /// What happened, in its order, for whoever leaves none in its place.
    pub(crate) fn events(&mut self) -> &mut VecDeque<Event> {
        &mut self.events
    }

    /// Why the connection is at its end.
    pub(crate) fn error(&self) -> Option<&Error> {
        self.error.as_ref()
    }

    /// Takes no more requests.
    pub(crate) fn is_closing(&self) -> bool {
        self.gone || self.error.is_some() || self.next > LAST_ID
    }

    /// Who drives the connection is woken when there is something to do.
    pub(crate) fn park(&mut self, driver: &Waker) {
        self.driver = Some(driver.clone());
    }

    /// Who drives the connection does so now.
    pub(crate) fn unpark(&mut self) {
        self.driver = None;
    }

    pub(crate) fn wake(&mut self) {
        if let Some(driver) = self.driver.take() {
            driver.wake();
        }
    }

    /// Nothing more comes of this connection.
    pub(crate) fn fail(&mut self, error: Error) {
        if self.error.is_some() {
            return;
        }
        for slot in self.streams.all() {
            self.end(slot, error.clone());
        }
        self.error = Some(error);
        self.waiting.drain(..).for_each(Waker::wake);
    }

    /// A stream is over before its end.
    fn end(&mut self, slot: usize, error: Error) {
        let stream = self.streams.at(slot);
        if !stream.received {
            stream.error = Some(error);
        }
        (stream.received, stream.sent) = (true, true);
        stream.pending.clear();
        stream.ending = None;
        stream.wake();
        self.events.push_back(Event::Ended(self.streams.key(slot)));
        self.settle(slot);
    }

    /// A stream may have come to its end on both sides.
    fn settle(&mut self, slot: usize) {
        if self.streams.settle(slot) {
            // Who waits may be many: each looks for itself whether there is room now.
            self.waiting.drain(..).for_each(Waker::wake);
        }
    }

    fn go_away(&mut self, last: u32, reason: Reason) {
        let mut payload = last.to_be_bytes().to_vec();
        payload.extend_from_slice(&reason.0.to_be_bytes());
        frame::put(kind::GOAWAY, 0, 0, &payload, &mut self.out);
    }

    /// The other end is to send no more requests; those that it has sent are answered (RFC 9113, 6.8).
    pub(crate) fn drain(&mut self) {
        if self.going.is_none() {
            self.going = Some(LAST_ID);
            self.go_away(LAST_ID, Reason::NO_ERROR);
            // Once this is back, whatever was on its way has come.
            frame::put(kind::PING, 0, 0, &DRAINED, &mut self.out);
        }
    }

    /// Nobody can send a request any more.
    pub(crate) fn leave(&mut self) {
        self.left = true;
        self.wake();
    }

    /// All that was to be answered is, and nothing else will be.
    pub(crate) fn is_over(&self) -> bool {
        let ends = match self.role {
            Role::Server => self.drained,
            Role::Client => self.left || self.gone,
        };
        ends && self.streams.open() == 0
    }

    /// Asks whether the other end is there.
    pub(crate) fn ask(&mut self) {
        self.alive = false;
        frame::put(kind::PING, 0, 0, &ALIVE, &mut self.out);
    }

    /// It has answered since.
    pub(crate) fn is_alive(&self) -> bool {
        self.alive
    }

    /// Says goodbye where nothing went wrong.
    pub(crate) fn close(&mut self) {
        if self.error.is_none() {
            self.go_away(self.last, Reason::NO_ERROR);
            self.fail(Error::Closed);
        }
    }
}

/// The largest frame that is sent.
const FRAME: usize = LARGEST;
