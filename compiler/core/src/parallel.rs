//! Many things that do not depend on each other, made by all cores. What comes out is the same however many there are.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread::ScopedJoinHandle;

/// Fewer than this are not worth a thread.
const FEW: usize = 64;

/// What `make` makes of parts of `items`, in their order.
pub fn chunks<T: Sync, R: Send>(items: &[T], make: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let workers = workers();
    if items.len() < FEW || workers == 1 {
        return vec![make(items)];
    }
    let make = &make;
    std::thread::scope(|scope| {
        let parts: Vec<_> = items
            .chunks(items.len().div_ceil(workers))
            .map(|part| scope.spawn(move || make(part)))
            .collect();
        parts.into_iter().map(join).collect()
    })
}

/// What `make` makes of each of `items`, in their order, which have as much in them as `amount` says. Whoever is done
/// takes the next one: some may take far longer than others.
pub(crate) fn each<T: Sync, R: Send>(items: &[T], amount: usize, make: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let workers = workers().min(items.len());
    if workers < 2 || amount < FEW {
        return items.iter().map(make).collect();
    }
    let next = AtomicUsize::new(0);
    let made = Mutex::new(Vec::with_capacity(items.len()));
    let work = || {
        let mut own = Vec::new();
        loop {
            let at = next.fetch_add(1, Ordering::Relaxed);
            let Some(item) = items.get(at) else { break };
            own.push((at, make(item)));
        }
        if let Ok(mut made) = made.lock() {
            made.append(&mut own);
        }
    };
    std::thread::scope(|scope| {
        let others: Vec<_> = (1..workers).map(|_| scope.spawn(work)).collect();
        work();
        others.into_iter().for_each(join);
    });
    let mut made = made.into_inner().unwrap_or_default();
    made.sort_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, made)| made).collect()
}

/// Both at once.
pub(crate) fn both<A: Send, B>(aside: impl FnOnce() -> A + Send, here: impl FnOnce() -> B) -> (A, B) {
    std::thread::scope(|scope| {
        let aside = scope.spawn(aside);
        let here = here();
        (join(aside), here)
    })
}

fn workers() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// A part that panics ends the program, as it would without threads.
fn join<R>(part: ScopedJoinHandle<'_, R>) -> R {
    part.join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
