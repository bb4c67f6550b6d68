//! Ending without breaking what is under way.

use std::pin::pin;
use std::time::Duration;

use tokio::sync::watch;

use crate::seldom::Seldom;

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Phase {
    Serving,
    Draining,
    Closed,
}

/// A drain and the one who may begin it.
pub fn new() -> (Drainer, Drain) {
    let (sender, receiver) = watch::channel(Phase::Serving);
    (Drainer { sender }, Drain { receiver })
}

/// The side that says when it is over.
#[derive(Debug)]
pub struct Drainer {
    sender: watch::Sender<Phase>,
}

/// Begins the drain that somebody else will wait for.
#[derive(Clone, Debug)]
pub struct Beginner {
    sender: watch::Sender<Phase>,
}

impl Beginner {
    /// Nothing new is accepted from now on; what is under way goes on.
    pub fn begin(&self) {
        self.sender.send_modify(|now| *now = (*now).max(Phase::Draining));
    }
}

impl Drainer {
    /// For who may begin it early.
    pub fn beginner(&self) -> Beginner {
        Beginner {
            sender: self.sender.clone(),
        }
    }

    /// Nothing new is accepted; what is under way has until `deadline`, then it is closed.
    ///
    /// Returns when every [`Drain`] has been dropped, so hold none.
    pub async fn drain(self, deadline: Duration) {
        self.sender.send_replace(Phase::Draining);
        if tokio::time::timeout(deadline, self.sender.closed())
            .await
            .is_err()
        {
            self.sender.send_replace(Phase::Closed);
            // What is left only has to notice; a task that cannot is not worth waiting for.
            let _late = tokio::time::timeout(Duration::from_secs(1), self.sender.closed()).await;
        }
    }
}

/// The side of those who serve; every connection holds one.
#[derive(Clone, Debug)]
pub struct Drain {
    receiver: watch::Receiver<Phase>,
}

impl Drain {
    /// Waits until no new work is to be begun.
    pub async fn draining(&mut self) {
        self.reached(Phase::Draining).await;
    }

    /// Waits until all work is to be given up.
    pub async fn closed(&mut self) {
        self.reached(Phase::Closed).await;
    }

    /// No new work is to be begun.
    pub fn is_draining(&self) -> bool {
        *self.receiver.borrow() >= Phase::Draining
    }

    async fn reached(&mut self, phase: Phase) {
        let reached = pin!(self.receiver.wait_for(|now| *now >= phase));
        // A drainer that was dropped ends everything: nobody is left who could.
        let _gone = Seldom::new(reached).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn a_connection_that_does_not_end_is_closed_at_the_deadline() {
        let (drainer, mut drain) = new();
        let task = tokio::spawn(async move {
            drain.draining().await;
            drain.closed().await;
        });
        drainer.drain(Duration::from_secs(5)).await;
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn it_may_begin_early_and_ends_all_the_same() {
        let (drainer, mut drain) = new();
        let beginner = drainer.beginner();
        beginner.begin();
        drain.draining().await;
        let task = tokio::spawn(async move { drain.closed().await });
        drainer.drain(Duration::from_secs(5)).await;
        beginner.begin();
        task.await.unwrap();
    }

    #[tokio::test(start_paused = true)]
    async fn it_ends_as_soon_as_the_last_connection_does() {
        let (drainer, drain) = new();
        let begin = tokio::time::Instant::now();
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(1)).await;
            drop(drain);
        });
        drainer.drain(Duration::from_secs(60)).await;
        assert_eq!(begin.elapsed(), Duration::from_secs(1));
    }
}
