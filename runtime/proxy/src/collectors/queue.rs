use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use prometheus_client::metrics::counter::Counter;
use tokio::sync::mpsc::{Receiver, Sender, channel};

/// What may wait for its collector; what comes beyond is dropped and counted, for no request waits for one.
const WAITING: usize = 4096;
/// Bytes that may wait: requests can be long.
const HELD: usize = 16 << 20;
/// As many are sent at once.
const MOST: usize = 512;
/// And as many bytes: far from what servers of gRPC take by default, 4 MiB.
const LONGEST: usize = 512 << 10;
/// How long is gathered (Envoy gathers records for a second, Zipkin's spans for five at most).
const GATHERED: Duration = Duration::from_secs(1);

/// Something that is kept for a while.
pub(crate) trait Weigh {
    /// About as many bytes.
    fn weight(&self) -> usize;
}

/// What is on its way to collectors.
#[derive(Debug)]
pub(crate) struct Queue<T> {
    what: &'static str,
    sender: Sender<T>,
    /// Taken by who sends it.
    receiver: Mutex<Option<Receiver<T>>>,
    held: AtomicUsize,
    pub(crate) dropped: Counter,
}

impl<T: Weigh> Queue<T> {
    /// For `what`, said in the plural.
    pub(crate) fn new(what: &'static str) -> Self {
        let (sender, receiver) = channel(WAITING);
        Self {
            what,
            sender,
            receiver: Mutex::new(Some(receiver)),
            held: AtomicUsize::new(0),
            dropped: Counter::default(),
        }
    }

    pub(crate) fn put(&self, item: T) {
        let weight = item.weight();
        let held = self.held.fetch_add(weight, Ordering::Relaxed) + weight;
        if held <= HELD && self.sender.try_send(item).is_ok() {
            return;
        }
        self.held.fetch_sub(weight, Ordering::Relaxed);
        if self.dropped.inc().is_multiple_of(10_000) {
            let what = self.what;
            tracing::warn!("{what} are dropped: the collector takes them too slowly, or not at all");
        }
    }

    /// What comes, for the first that asks.
    pub(crate) fn take(&self) -> Option<Batches<'_, T>> {
        let mut receiver = self.receiver.lock().unwrap_or_else(PoisonError::into_inner);
        let receiver = receiver.take()?;
        Some(Batches {
            queue: self,
            receiver,
        })
    }
}

/// What a queue hands on.
pub(crate) struct Batches<'a, T> {
    queue: &'a Queue<T>,
    receiver: Receiver<T>,
}

impl<T: Weigh> Batches<'_, T> {
    /// What is to be sent next; `None` where nothing can come any more.
    pub(crate) async fn next(&mut self) -> Option<Vec<T>> {
        let first = self.receiver.recv().await?;
        let mut bytes = first.weight();
        let mut batch = vec![first];
        let more = async {
            while batch.len() < MOST && bytes < LONGEST {
                let Some(next) = self.receiver.recv().await else {
                    return;
                };
                bytes += next.weight();
                batch.push(next);
            }
        };
        let _gathered = tokio::time::timeout(GATHERED, more).await;
        self.queue.held.fetch_sub(bytes, Ordering::Relaxed);
        Some(batch)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    impl Weigh for usize {
        fn weight(&self) -> usize {
            *self
        }
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_too_many_or_too_much_is_dropped_and_counted() {
        let queue = Queue::new("numbers");
        for _ in 0..WAITING + 3 {
            queue.put(1);
        }
        assert_eq!(queue.dropped.get(), 3);
        let mut batches = queue.take().unwrap();
        assert!(queue.take().is_none(), "one sends");
        let mut came = 0;
        while came < WAITING {
            came += batches.next().await.unwrap().len();
        }
        assert_eq!(queue.held.load(Ordering::Relaxed), 0);
        for _ in 0..40 {
            queue.put(LONGEST);
        }
        assert_eq!(queue.dropped.get(), 3 + 40 - (HELD / LONGEST) as u64);
        assert_eq!(
            batches.next().await.unwrap().len(),
            1,
            "as much as is sent at once"
        );
    }

    #[tokio::test(start_paused = true)]
    async fn nothing_waits_longer_than_is_gathered() {
        let queue = Queue::new("numbers");
        let mut batches = queue.take().unwrap();
        let began = tokio::time::Instant::now();
        queue.put(1);
        queue.put(1);
        assert_eq!(batches.next().await.unwrap(), [1, 1]);
        assert_eq!(began.elapsed(), GATHERED);
    }
}
