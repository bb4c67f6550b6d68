use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Lines that may wait for a slow reader; what comes beyond is dropped and counted, for no request waits for a log.
const WAITING: usize = 8192;

/// Where the access log goes, without ever making anybody wait.
#[derive(Clone)]
pub struct LogSink {
    sender: Option<SyncSender<String>>,
    dropped: Arc<AtomicU64>,
}

impl fmt::Debug for LogSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LogSink")
            .field("dropped", &self.dropped())
            .finish_non_exhaustive()
    }
}

impl LogSink {
    /// Nowhere.
    pub fn none() -> Self {
        Self {
            sender: None,
            dropped: Arc::default(),
        }
    }

    /// To standard output.
    pub fn stdout() -> Self {
        Self::to(io::stdout())
    }

    /// To any writer, which a thread of its own serves.
    pub fn to(writer: impl Write + Send + 'static) -> Self {
        let (sender, receiver) = sync_channel(WAITING);
        let thread = std::thread::Builder::new().name("access-log".to_owned());
        match thread.spawn(move || write(&receiver, writer)) {
            Ok(_) => Self {
                sender: Some(sender),
                dropped: Arc::default(),
            },
            Err(error) => {
                tracing::error!(%error, "there is no access log: its thread cannot be started");
                Self::none()
            }
        }
    }

    /// Lines that were lost because the reader was too slow.
    pub fn dropped(&self) -> u64 {
        self.dropped.load(Ordering::Relaxed)
    }

    pub(crate) fn is_on(&self) -> bool {
        self.sender.is_some()
    }

    pub(crate) fn line(&self, line: String) {
        let Some(sender) = &self.sender else { return };
        if sender.try_send(line).is_err() {
            self.dropped.fetch_add(1, Ordering::Relaxed);
        }
    }
}

/// Writes what there is in one go.
fn write(lines: &Receiver<String>, mut writer: impl Write) {
    let mut buffer = String::new();
    while let Ok(line) = lines.recv() {
        buffer.clear();
        buffer.push_str(&line);
        for line in lines.try_iter().take(512) {
            buffer.push_str(&line);
        }
        if writer
            .write_all(buffer.as_bytes())
            .and_then(|()| writer.flush())
            .is_err()
        {
            return;
        }
    }
}
