use std::net::{SocketAddr, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

/// A process that ends with its owner.
pub(super) struct Running {
    child: Child,
    /// From its start until it listened.
    pub(super) started: Duration,
}

impl Running {
    /// Starts `command` and waits until somebody listens on `address`.
    pub(super) fn start(command: &mut Command, address: SocketAddr) -> Result<Self> {
        let name = command.get_program().to_string_lossy().into_owned();
        let start = Instant::now();
        let child = command
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .with_context(|| format!("cannot start {name}"))?;
        let mut running = Self {
            child,
            started: Duration::ZERO,
        };
        while TcpStream::connect(address).is_err() {
            if let Some(status) = running.child.try_wait()? {
                bail!("{name} ended with {status}: {}", running.said());
            }
            if start.elapsed() > Duration::from_secs(20) {
                bail!("{name} does not listen on {address}");
            }
            std::thread::sleep(Duration::from_micros(500));
        }
        running.started = start.elapsed();
        Ok(running)
    }

    /// An error with what it said, where it has ended.
    pub(super) fn still_runs(&mut self) -> Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("it ended with {status}: {}", self.said()),
        }
    }

    pub(super) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Resident memory, MiB.
    pub(super) fn memory(&self) -> Result<f64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
        let kib: f64 = line
            .context("no VmRSS")?
            .trim()
            .trim_end_matches("kB")
            .trim()
            .parse()?;
        Ok(kib / 1024.0)
    }

    fn said(&mut self) -> String {
        use std::io::Read as _;
        let mut text = String::new();
        if let Some(stderr) = &mut self.child.stderr {
            // What cannot be read is not told.
            let _ = stderr.read_to_string(&mut text);
        }
        text
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
