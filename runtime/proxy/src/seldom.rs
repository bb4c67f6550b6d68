//! Waiting for what seldom comes beside what often does.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// A future that is polled again only when it was itself that woke its task: deadlines and drains beside bytes cost
/// nothing a byte.
#[derive(Debug)]
pub(crate) struct Seldom<F> {
    inner: F,
    bell: Option<Arc<Bell>>,
}

#[derive(Debug)]
struct Bell {
    rung: AtomicBool,
    task: Waker,
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        self.rung.store(true, Ordering::Release);
        self.task.wake_by_ref();
    }
}

impl<F> Seldom<F> {
    pub(crate) fn new(inner: F) -> Self {
        Self { inner, bell: None }
    }
}

impl<F: Future + Unpin> Future for Seldom<F> {
    type Output = F::Output;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<F::Output> {
        let bell = match &self.bell {
            Some(bell) if bell.task.will_wake(cx.waker()) => {
                if !bell.rung.swap(false, Ordering::AcqRel) {
                    return Poll::Pending;
                }
                bell.clone()
            }
            // The first time, or in another task.
            _ => {
                let bell = Arc::new(Bell {
                    rung: AtomicBool::new(false),
                    task: cx.waker().clone(),
                });
                self.bell = Some(bell.clone());
                bell
            }
        };
        Pin::new(&mut self.inner).poll(&mut Context::from_waker(&Waker::from(bell)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::poll_fn;
    use std::pin::pin;
    use std::sync::atomic::AtomicU32;
    use tokio::sync::Notify;

    #[tokio::test]
    async fn it_is_polled_when_it_is_due_and_not_when_others_are() {
        let (due, often, polls) = (Notify::new(), Notify::new(), AtomicU32::new(0));
        let waiting = pin!(async {
            let mut notified = pin!(due.notified());
            poll_fn(|cx| {
                polls.fetch_add(1, Ordering::Relaxed);
                notified.as_mut().poll(cx)
            })
            .await;
        });
        let mut seldom = Seldom::new(waiting);
        for _ in 0..100 {
            let others = async {
                tokio::task::yield_now().await;
                often.notified().await;
            };
            often.notify_one();
            tokio::select! {
                biased;
                () = &mut seldom => panic!("nothing was due"),
                () = others => {}
            }
        }
        assert_eq!(polls.load(Ordering::Relaxed), 1);
        let ring = async {
            tokio::task::yield_now().await;
            due.notify_one();
        };
        tokio::join!(seldom, ring);
        assert_eq!(polls.load(Ordering::Relaxed), 2);
    }
}
