//! Messages of gRPC, counted while they pass (Istio `istio_request_messages_total`, `istio_response_messages_total`): streams
//! that stay open for hours are told of while they do.

use std::sync::{Mutex, PoisonError};

use prometheus_client::metrics::counter::Counter;

/// What stands before a message: whether it is compressed, and its length.
const HEAD: usize = 5;

/// Finds the messages in a stream of bytes, however they come.
#[derive(Debug, Default)]
struct Finder {
    head: [u8; HEAD],
    /// How much of the head has come.
    came: usize,
    /// How much of the message is still to come.
    rest: usize,
}

impl Finder {
    /// How many messages end in `data`.
    fn find(&mut self, mut data: &[u8]) -> u64 {
        let mut found = 0;
        while !data.is_empty() {
            if self.came < HEAD {
                let part = data.len().min(HEAD - self.came);
                self.head[self.came..self.came + part].copy_from_slice(&data[..part]);
                self.came += part;
                data = &data[part..];
                let [_, length @ ..] = self.head;
                self.rest = u32::from_be_bytes(length) as usize;
            } else {
                let part = data.len().min(self.rest);
                self.rest -= part;
                data = &data[part..];
            }
            if self.came == HEAD && self.rest == 0 {
                self.came = 0;
                found += 1;
            }
        }
        found
    }
}

/// One direction.
#[derive(Debug, Default)]
struct Way {
    finder: Finder,
    /// Those that came before it was known who is asked.
    waiting: u64,
    counter: Option<Counter>,
}

impl Way {
    fn see(&mut self, data: &[u8]) {
        let found = self.finder.find(data);
        match &self.counter {
            Some(counter) => _ = counter.inc_by(found),
            None => self.waiting += found,
        }
    }

    fn told_to(&mut self, counter: Counter) {
        counter.inc_by(std::mem::take(&mut self.waiting));
        self.counter = Some(counter);
    }
}

/// The messages of one call.
#[derive(Debug, Default)]
pub(crate) struct Messages {
    request: Mutex<Way>,
    response: Mutex<Way>,
}

/// Where messages are counted.
#[derive(Clone, Debug)]
pub(crate) struct MessageSeries {
    pub(super) requests: Counter,
    pub(super) responses: Counter,
}

fn with(way: &Mutex<Way>, act: impl FnOnce(&mut Way)) {
    act(&mut way.lock().unwrap_or_else(PoisonError::into_inner));
}

impl Messages {
    /// A part of the request's body.
    pub(crate) fn request(&self, data: &[u8]) {
        with(&self.request, |way| way.see(data));
    }

    /// A part of the answer's body.
    pub(crate) fn response(&self, data: &[u8]) {
        with(&self.response, |way| way.see(data));
    }

    /// From now on, and what came already.
    pub(crate) fn count(&self, series: MessageSeries) {
        with(&self.request, |way| way.told_to(series.requests));
        with(&self.response, |way| way.told_to(series.responses));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_are_found_however_they_come() {
        let mut bytes = Vec::new();
        for size in [0_u32, 3, 300, 0] {
            bytes.push(0);
            bytes.extend(size.to_be_bytes());
            bytes.extend(vec![b'x'; size as usize]);
        }
        for size in 1..bytes.len() {
            let mut finder = Finder::default();
            let found: u64 = bytes.chunks(size).map(|part| finder.find(part)).sum();
            assert_eq!(found, 4, "{size}");
        }
        let mut finder = Finder::default();
        assert_eq!(finder.find(&bytes[..bytes.len() - 6]), 2);
    }

    #[test]
    fn those_that_came_first_are_counted_too() {
        let series = MessageSeries {
            requests: Counter::default(),
            responses: Counter::default(),
        };
        let messages = Messages::default();
        messages.request(&[0, 0, 0, 0, 0]);
        messages.count(series.clone());
        messages.request(&[0, 0, 0, 0, 1, 7]);
        messages.response(&[0, 0, 0, 0, 0]);
        assert_eq!((series.requests.get(), series.responses.get()), (2, 1));
    }
}
