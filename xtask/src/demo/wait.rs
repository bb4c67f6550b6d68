use std::time::{Duration, Instant};

use anyhow::{Context, Result};

/// Asks again until the answer is there, or the bound has passed; how long it took.
pub(super) fn until<T>(bound: Duration, mut ask: impl FnMut() -> Result<T>) -> Result<(T, Duration)> {
    let start = Instant::now();
    loop {
        match ask() {
            Ok(answer) => return Ok((answer, start.elapsed())),
            Err(error) if start.elapsed() >= bound => {
                return Err(error).with_context(|| format!("not within {:.0} s", bound.as_secs_f32()));
            }
            Err(_) => std::thread::sleep(Duration::from_millis(50)),
        }
    }
}
