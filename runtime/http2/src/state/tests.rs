#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use std::task::{Context, Waker};

use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, Uri};
use proptest::prelude::*;

use super::{Event, Key, Limits, Role, State};
use crate::error::{Error, Reason};
use crate::frame::{self, PREFACE, kind};
use crate::{Fields, RequestHead};

const LIMITS: Limits = Limits {
    stream_window: 1 << 16,
    connection_window: 1 << 17,
    streams: 4,
    headers: 2048,
};

/// What one end does, or has to bear.
#[derive(Clone, Debug)]
enum Step {
    Frame(u8, u8, u32, Vec<u8>),
    Ask(bool),
    Answer(usize, bool),
    Data(usize, usize, bool),
    Trailers(usize),
    Reset(usize),
    Take(usize),
    LetGo(usize),
    Drain,
}

fn payload() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        // A request and an answer, each with more or less behind it.
        3 => prop::collection::vec(any::<u8>(), 0..4).prop_map(|rest| [&[0x82, 0x86, 0x84, 0x01, 0x01, b'a'], &rest[..]].concat()),
        3 => prop::collection::vec(any::<u8>(), 0..4).prop_map(|rest| [&[0x88], &rest[..]].concat()),
        2 => any::<u32>().prop_map(|number| number.to_be_bytes().to_vec()),
        1 => (0u16..8, any::<u32>()).prop_map(|(name, value)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat()),
        1 => (0u16..8, 0u32..100_000).prop_map(|(name, value)| [&name.to_be_bytes()[..], &value.to_be_bytes()].concat()),
        2 => prop::collection::vec(any::<u8>(), 0..40),
        1 => (0usize..20_000).prop_map(|size| vec![0; size]),
    ]
}

fn step() -> impl Strategy<Value = Step> {
    let stream = 0usize..6;
    prop_oneof![
        8 => (0u8..11, any::<u8>(), 0u32..12, payload()).prop_map(|(kind, flags, id, payload)| Step::Frame(kind, flags, id, payload)),
        4 => (0u8..2, prop_oneof![Just(4u8), Just(5)], (0u32..8).prop_map(|id| id * 2 + 1), payload())
            .prop_map(|(kind, flags, id, payload)| Step::Frame(kind, flags, id, payload)),
        2 => any::<bool>().prop_map(Step::Ask),
        2 => (stream.clone(), any::<bool>()).prop_map(|(at, ends)| Step::Answer(at, ends)),
        3 => (stream.clone(), 0usize..100_000, any::<bool>()).prop_map(|(at, size, ends)| Step::Data(at, size, ends)),
        1 => stream.clone().prop_map(Step::Trailers),
        1 => stream.clone().prop_map(Step::Reset),
        3 => stream.clone().prop_map(Step::Take),
        2 => stream.prop_map(Step::LetGo),
        1 => Just(Step::Drain),
    ]
}

/// One end, with the streams that it knows.
struct End {
    state: State,
    role: Role,
    keys: Vec<Key>,
}

impl End {
    fn new(role: Role) -> Self {
        let mut state = State::new(role, LIMITS);
        let mut greeting = Vec::new();
        frame::put(kind::SETTINGS, 0, 0, &[], &mut greeting);
        assert_eq!(state.receive(&greeting), greeting.len());
        Self {
            state,
            role,
            keys: Vec::new(),
        }
    }

    fn does(&mut self, step: Step) {
        let cx = Context::from_waker(Waker::noop());
        let key = |at: usize| self.keys.get(at % self.keys.len().max(1)).copied();
        let state = &mut self.state;
        match step {
            Step::Frame(kind, flags, stream, payload) => {
                let mut bytes = Vec::new();
                frame::put(kind, flags, stream, &payload, &mut bytes);
                let taken = state.receive(&bytes);
                assert!(taken == bytes.len() || state.error().is_some());
            }
            Step::Ask(ends) if self.role == Role::Client && !state.is_closing() && state.has_room() => {
                let parts = RequestHead::to(Method::GET, Uri::from_static("http://a/"));
                let key = state.send_request(&parts, None, ends);
                self.keys.push(key);
            }
            Step::Answer(at, ends) if self.role == Role::Server => {
                if let Some(key) = key(at) {
                    state.send_response(key, StatusCode::OK, &Fields::new(), ends);
                }
            }
            Step::Data(at, size, ends) => {
                if let Some(key) = key(at)
                    && state.room(key) == super::Room::Some
                {
                    state.send_data(key, Bytes::from(vec![0; size]), ends);
                }
            }
            Step::Trailers(at) => {
                if let Some(key) = key(at)
                    && state.room(key) == super::Room::Some
                {
                    state.send_trailers(key, HeaderMap::new());
                }
            }
            Step::Reset(at) => {
                if let Some(key) = key(at) {
                    state.send_reset(key, Reason::CANCEL);
                }
            }
            Step::Take(at) => {
                if let Some(key) = key(at) {
                    let _head = state.take_head(key, &cx);
                    let _piece = state.take_piece(key, &cx);
                    let _left = (state.left(key), state.is_taken(key));
                }
            }
            Step::LetGo(at) => {
                if let Some(key) = key(at) {
                    state.let_go(key);
                }
            }
            Step::Drain if self.role == Role::Server => state.drain(),
            Step::Ask(_) | Step::Answer(..) | Step::Drain => {}
        }
        for event in std::mem::take(state.events()) {
            if let Event::Request(key, ..) = event {
                self.keys.push(key);
            }
        }
        // Whatever goes out can be read again.
        let out = std::mem::take(state.output());
        let mut rest = &out[..];
        if let Some(behind) = rest.strip_prefix(PREFACE) {
            rest = behind;
        }
        while !rest.is_empty() {
            let head = frame::Head::of(rest).unwrap();
            assert!(head.length <= frame::LARGEST);
            rest = &rest[frame::HEAD + head.length..];
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(500))]

    #[test]
    fn whatever_comes_and_whatever_is_done_nothing_is_left_over(client: bool, steps in prop::collection::vec(step(), 0..80)) {
        let mut end = End::new(if client { Role::Client } else { Role::Server });
        for step in steps {
            end.does(step);
        }
        end.state.fail(Error::Closed);
        for key in std::mem::take(&mut end.keys) {
            end.state.let_go(key);
        }
        prop_assert_eq!(end.state.streams.open(), 0);
        prop_assert!(end.state.streams.is_free());
    }

    #[test]
    fn parts_mean_what_the_whole_does(steps in prop::collection::vec((0u8..11, any::<u8>(), 0u32..6, payload()), 0..20), size in 1usize..50) {
        let mut bytes = Vec::new();
        frame::put(kind::SETTINGS, 0, 0, &[], &mut bytes);
        for (kind, flags, stream, payload) in steps {
            frame::put(kind, flags, stream, &payload, &mut bytes);
        }
        let mut whole = State::new(Role::Server, LIMITS);
        whole.receive(&bytes);
        let mut parts = State::new(Role::Server, LIMITS);
        let mut kept = Vec::new();
        for part in bytes.chunks(size) {
            kept.extend_from_slice(part);
            let taken = parts.receive(&kept);
            kept.drain(..taken);
        }
        prop_assert_eq!(whole.output(), parts.output());
        prop_assert_eq!(whole.events().len(), parts.events().len());
    }
}
