//! Many machines: in parallel, and in batches.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use std::thread;

use serde::Serialize;

use crate::deploy::Done;
use crate::failure::Failure;
use crate::progress::{Event, Progress};

/// How many at a time.
#[derive(Clone, Copy, Debug)]
pub struct Options {
    /// So many machines at once.
    pub parallel: usize,
    /// After so many machines it is looked whether one failed, and the rest is not begun then; `None` for all at once.
    pub batch: Option<usize>,
}

/// Machines at once when nothing else is said. A login costs both sides some CPU and nothing else, so more than a few
/// for each core of this computer only wait for each other.
pub const PARALLEL: usize = 32;

impl Default for Options {
    fn default() -> Self {
        Self {
            parallel: PARALLEL,
            batch: None,
        }
    }
}

/// How one machine ended.
#[derive(Clone, Debug, Serialize)]
pub struct Ending {
    /// Its name.
    pub host: String,
    /// What was done, or what went wrong; `None` when it was not begun.
    #[serde(flatten)]
    pub result: Outcome,
}

/// What became of a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "outcome")]
pub enum Outcome {
    /// It is ready.
    Done {
        /// How.
        result: Done,
    },
    /// It failed.
    Failed {
        /// Why.
        error: Failure,
    },
    /// It was not begun, because an earlier batch failed.
    Skipped,
}

/// Runs `work` for every one of `jobs`, and answers in their order.
pub fn run<Job: Sync>(
    jobs: &[Job],
    name: impl Fn(&Job) -> &str + Sync,
    options: Options,
    progress: &dyn Progress,
    work: impl Fn(&Job, &mut dyn FnMut(Event)) -> Result<Done, Failure> + Sync,
) -> Vec<Ending> {
    let mut endings = Vec::with_capacity(jobs.len());
    let mut stopped = false;
    for batch in jobs.chunks(options.batch.unwrap_or(jobs.len()).max(1)) {
        if stopped {
            for job in batch {
                progress.event(name(job), &Event::Skipped);
                endings.push(Ending {
                    host: name(job).to_owned(),
                    result: Outcome::Skipped,
                });
            }
            continue;
        }
        for (job, result) in batch
            .iter()
            .zip(together(batch, &name, options.parallel, progress, &work))
        {
            stopped |= result.is_err();
            let result = match result {
                Ok(result) => Outcome::Done { result },
                Err(error) => Outcome::Failed { error },
            };
            endings.push(Ending {
                host: name(job).to_owned(),
                result,
            });
        }
    }
    endings
}

/// All of `batch`, by threads that each take the next one that nobody has begun.
fn together<Job: Sync>(
    batch: &[Job],
    name: &(impl Fn(&Job) -> &str + Sync),
    parallel: usize,
    progress: &dyn Progress,
    work: &(impl Fn(&Job, &mut dyn FnMut(Event)) -> Result<Done, Failure> + Sync),
) -> Vec<Result<Done, Failure>> {
    let next = AtomicUsize::new(0);
    let results: Vec<Mutex<Option<Result<Done, Failure>>>> = batch.iter().map(|_| Mutex::new(None)).collect();
    thread::scope(|scope| {
        for _ in 0..parallel.clamp(1, batch.len().max(1)) {
            scope.spawn(|| {
                while let Some((job, slot)) = take(batch, &results, &next) {
                    let result = work(job, &mut |event| progress.event(name(job), &event));
                    let event = match &result {
                        Ok(done) => Event::Done(*done),
                        Err(failure) => Event::Failed(failure.clone()),
                    };
                    progress.event(name(job), &event);
                    *slot.lock().unwrap_or_else(PoisonError::into_inner) = Some(result);
                }
            });
        }
    });
    let never = || {
        Err(Failure::new(
            "internal",
            "the machine was not worked on",
            "its thread ended",
            "report this",
        ))
    };
    results
        .into_iter()
        .map(|slot| {
            slot.into_inner()
                .unwrap_or_else(PoisonError::into_inner)
                .unwrap_or_else(never)
        })
        .collect()
}

fn take<'a, A, B>(jobs: &'a [A], slots: &'a [B], next: &AtomicUsize) -> Option<(&'a A, &'a B)> {
    let index = next.fetch_add(1, Ordering::Relaxed);
    Some((jobs.get(index)?, slots.get(index)?))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::progress::Silent;

    fn outcomes(options: Options) -> Vec<&'static str> {
        let jobs = ["a", "bad", "c", "d"];
        let work = |job: &&str, _: &mut dyn FnMut(Event)| match *job {
            "bad" => Err(Failure::new("bad", "", "", "")),
            _ => Ok(Done::Applied),
        };
        let endings = run(&jobs, |job| job, options, &Silent, work);
        assert!(endings.iter().map(|ending| ending.host.as_str()).eq(jobs));
        let word = |outcome: &Outcome| match outcome {
            Outcome::Done { .. } => "done",
            Outcome::Failed { .. } => "failed",
            Outcome::Skipped => "skipped",
        };
        endings.iter().map(|ending| word(&ending.result)).collect()
    }

    #[test]
    fn one_that_fails_does_not_stop_the_others() {
        assert_eq!(
            outcomes(Options {
                parallel: 2,
                batch: None
            }),
            ["done", "failed", "done", "done"]
        );
    }

    #[test]
    fn a_batch_that_fails_stops_the_later_ones() {
        assert_eq!(
            outcomes(Options {
                parallel: 2,
                batch: Some(2)
            }),
            ["done", "failed", "skipped", "skipped"]
        );
        assert_eq!(
            outcomes(Options {
                parallel: 9,
                batch: Some(1)
            }),
            ["done", "failed", "skipped", "skipped"]
        );
    }
}
