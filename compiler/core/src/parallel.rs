//! Many things that do not depend on each other, made by all cores. What comes out is the same however many there are.

/// Fewer than this are not worth a thread.
const FEW: usize = 64;

/// What `make` makes of parts of `items`, in their order.
pub fn chunks<T: Sync, R: Send>(items: &[T], make: impl Fn(&[T]) -> R + Sync) -> Vec<R> {
    let workers = std::thread::available_parallelism().map_or(1, usize::from);
    if items.len() < FEW || workers == 1 {
        return vec![make(items)];
    }
    let make = &make;
    std::thread::scope(|scope| {
        let parts: Vec<_> = items
            .chunks(items.len().div_ceil(workers))
            .map(|part| scope.spawn(move || make(part)))
            .collect();
        // A part that panics ends the program, as it would without threads.
        let join = |part: std::thread::ScopedJoinHandle<'_, R>| {
            part.join()
                .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
        };
        parts.into_iter().map(join).collect()
    })
}
