use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use serde::{Deserialize, Serialize};

use crate::command::{command, run};

/// One start of a program.
#[derive(Serialize, Deserialize)]
pub(super) struct Run {
    /// From the start of the process to the first good answer, milliseconds.
    pub(super) ready_ms: f64,
    /// Resident memory once it is ready, MiB.
    pub(super) memory_mib: f64,
}

/// Runs inside the namespace: starts the program again and again, and prints what was measured.
pub(super) fn inside(port: u16, program: &[String], runs: u32) -> Result<()> {
    run(command("ip").args(["link", "set", "lo", "up"]))?;
    let runs: Vec<_> = (0..runs).map(|_| once(port, program)).collect::<Result<_>>()?;
    println!("{}", serde_json::to_string(&runs)?);
    Ok(())
}

fn once(port: u16, program: &[String]) -> Result<Run> {
    let [name, args @ ..] = program else {
        bail!("no program to measure")
    };
    let start = Instant::now();
    let child = Command::new(name)
        .args(args)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn();
    let mut child = Stopped(child.with_context(|| name.to_owned())?);
    while !answers(port) {
        if let Some(status) = child.0.try_wait()? {
            bail!("{name} ended with {status} before it answered");
        }
        if start.elapsed() > Duration::from_secs(20) {
            bail!("{name} did not answer on {port} within 20 s");
        }
        std::thread::sleep(Duration::from_micros(500));
    }
    let ready_ms = start.elapsed().as_secs_f64() * 1000.0;
    Ok(Run {
        ready_ms,
        memory_mib: memory(child.0.id())?,
    })
}

/// A process that ends with its owner.
struct Stopped(Child);

impl Drop for Stopped {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn answers(port: u16) -> bool {
    let ask = || -> std::io::Result<bool> {
        let mut stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_read_timeout(Some(Duration::from_secs(1)))?;
        stream.write_all(b"GET /healthz/ready HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n")?;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer)?;
        Ok(answer.ends_with(b"200"))
    };
    ask().unwrap_or(false)
}

fn memory(pid: u32) -> Result<f64> {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .context("no VmRSS")?;
    let kib: f64 = line.trim().trim_end_matches("kB").trim().parse()?;
    Ok(kib / 1024.0)
}
