//! HTTP/2 (RFC 9113) for a proxy, where every request costs what a connection does for it.
//!
//! One task drives a connection: it reads, answers or sends what its streams have to say, and writes all of that at once.
//! No stream has a task of its own. Bodies are polled only as far as windows and the socket take them, so that who reads
//! slowly slows the other end down. [`server::serve`] answers requests, [`client::connect`] sends them; bodies are
//! those of [`http_body`], and heads of messages are [`RequestHead`] and [`ResponseHead`], as HTTP/1 can have them too.
//!
//! Within, frames, field blocks and streams are a state into which bytes go and out of which bytes come; nothing of it
//! knows sockets, and whatever comes in is bounded. Tests hold it against the examples of the standards, against hyper at
//! either end and against clients that break the rules; all 146 cases of h2spec, strict ones too, pass by hand.

#![forbid(unsafe_code)]

mod body;
pub mod client;
pub mod date;
mod driver;
mod error;
mod fields;
mod frame;
mod head;
mod hpack;
mod message;
pub mod server;
mod slots;
mod state;
mod wire;

pub use body::{Asking, Incoming};
pub use error::{Error, Reason};
pub use fields::Fields;
pub use head::{Request, RequestHead, Response, ResponseHead};
pub use state::Limits;

/// Ways in for the fuzz targets, to what no public item reaches.
#[cfg(fuzzing)]
pub mod fuzz {
    use crate::state::{Event, Limits, Role, State};

    /// Both ends take what the other one never says, in parts of any size.
    pub fn receive(bytes: &[u8]) {
        let limits = Limits {
            stream_window: 1 << 16,
            connection_window: 1 << 17,
            streams: 10,
            headers: 4096,
        };
        for role in [Role::Server, Role::Client] {
            let mut state = State::new(role, limits);
            let mut rest = bytes;
            while let Some((size, behind)) = rest.split_first() {
                let taken = state.receive(&behind[..behind.len().min(usize::from(*size) * 64)]);
                for event in std::mem::take(state.events()) {
                    if let Event::Request(key, _, true) = event {
                        state.let_go(key);
                    }
                }
                state.output().clear();
                rest = &behind[taken.min(behind.len())..];
            }
        }
    }

    /// Decodes field blocks.
    pub fn fields(bytes: &[u8]) {
        let mut decoder = crate::hpack::Decoder::default();
        for block in bytes.split(|byte| *byte == 0xff) {
            let _invalid = decoder.decode(block, drop);
        }
    }
}
