//! Threads that carry traffic, each with a runtime of its own: a connection stays with one of them, and so does all that
//! is done for it. Nothing of it is handed to another processor, and none waits for another's lock.

use std::cell::Cell;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::runtime::{Builder, Handle};

/// How many there are: a VM's processors belong to its application. Connections to endpoints are kept for so many apart.
pub const WORKERS: usize = 2;

thread_local! {
    static INDEX: Cell<usize> = const { Cell::new(0) };
}

/// The threads. They end with the process.
#[derive(Debug)]
pub struct Workers {
    handles: Vec<Handle>,
    next: AtomicUsize,
}

impl Workers {
    /// Starts [`WORKERS`] of them.
    ///
    /// # Errors
    /// Where the system has no thread or no poll to give.
    pub fn start() -> io::Result<Self> {
        let handles = (0..WORKERS).map(start).collect::<io::Result<_>>()?;
        Ok(Self {
            handles,
            next: AtomicUsize::new(0),
        })
    }

    /// Has the next of them serve a connection.
    pub(crate) fn serve(&self, serve: impl Future<Output = ()> + Send + 'static) {
        // In turn: connections that last are shared evenly, whoever accepted them.
        let index = self.next.fetch_add(1, Ordering::Relaxed) % self.handles.len();
        self.handles[index].spawn(serve);
    }

    /// Has one of them do `work`, another one for each `index`.
    pub(crate) async fn run(&self, index: usize, work: impl Future<Output = ()> + Send + 'static) {
        let _ended = self.handles[index % self.handles.len()].spawn(work).await;
    }
}

/// The one that runs this; the first for threads that are none.
pub(crate) fn current() -> usize {
    INDEX.get()
}

fn start(index: usize) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name(format!("worker-{index}"))
        .spawn(move || {
            INDEX.set(index);
            runtime.block_on(std::future::pending::<()>());
        })?;
    Ok(handle)
}
