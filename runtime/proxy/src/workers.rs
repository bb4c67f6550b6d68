//! Threads that carry traffic, each with a runtime of its own: a connection stays with one of them, and so does all that
//! is done for it. Nothing of it is handed to another processor, and none waits for another's lock.

use std::cell::Cell;
use std::io;
use std::net::TcpStream as Std;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::net::TcpStream;
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

    /// Has the next of them serve `stream`.
    pub(crate) fn serve<F, S>(&self, stream: TcpStream, serve: F) -> io::Result<()>
    where
        F: FnOnce(TcpStream) -> S + Send + 'static,
        S: Future<Output = ()> + Send + 'static,
    {
        // In turn: connections that last are shared evenly, whoever accepted them.
        let index = self.next.fetch_add(1, Ordering::Relaxed) % self.handles.len();
        let stream: Std = stream.into_std()?;
        self.handles[index].spawn(async move {
            match TcpStream::from_std(stream) {
                Ok(stream) => serve(stream).await,
                Err(error) => tracing::warn!(%error, "a connection cannot be served"),
            }
        });
        Ok(())
    }
}

/// The one that runs this; the first for threads that are none.
pub(crate) fn current() -> usize {
    INDEX.get()
}

fn start(index: usize) -> io::Result<Handle> {
    let runtime = Builder::new_current_thread()
        .enable_all()
        // For names that are looked up.
        .max_blocking_threads(1)
        .build()?;
    let handle = runtime.handle().clone();
    std::thread::Builder::new()
        .name(format!("worker-{index}"))
        .spawn(move || {
            INDEX.set(index);
            runtime.block_on(std::future::pending::<()>());
        })?;
    Ok(handle)
}
