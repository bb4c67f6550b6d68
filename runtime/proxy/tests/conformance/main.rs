//! Scenes that are played on two data planes, ours and a real Envoy with the same snapshot exported: both must do the same, but
//! for the differences that docs/conformance.md lists.

#![allow(
    clippy::unwrap_used,
    unreachable_pub,
    reason = "a test that cannot go on says where"
)]
#![allow(clippy::print_stderr, reason = "a test that fails says what to write down")]

#[path = "../support/mod.rs"]
mod support;

mod app;
mod arrivals;
mod ask;
mod bulk;
mod differences;
mod plane;
mod raw;
mod scenes;
mod secure;
mod upload;
mod world;

use std::collections::BTreeMap;
use std::time::Duration;

use differences::Difference;
use plane::{DataPlane, Envoy, Ours};
use world::World;

/// What came of all scenes: scene and what was looked at -> what was seen.
pub type Seen = BTreeMap<(String, String), String>;

/// Scenes that are played at the same time: none has clusters that another one counts in.
const AT_ONCE: usize = 8;

async fn play(plane: &dyn DataPlane, world: &World) -> Seen {
    let waiting = std::sync::Mutex::new(world.scenes().iter());
    let seen = std::sync::Mutex::new(Seen::new());
    let player = || {
        let (waiting, seen) = (&waiting, &seen);
        let playing = async move {
            loop {
                let next = waiting.lock().unwrap().next();
                let Some(scene) = next else { return };
                let came = tokio::time::timeout(Duration::from_secs(90), scene.play(plane, world)).await;
                let came =
                    came.unwrap_or_else(|_| panic!("`{}` does not end on {}", scene.name(), plane.name()));
                let named = came
                    .into_iter()
                    .map(|(what, value)| ((scene.name().to_owned(), what), value));
                seen.lock().unwrap().extend(named);
            }
        };
        Box::pin(playing) as plane::Coming<'_, ()>
    };
    let mut players: Vec<_> = (0..AT_ONCE).map(|_| player()).collect();
    std::future::poll_fn(|context| {
        players.retain_mut(|player| player.as_mut().poll(context).is_pending());
        if players.is_empty() {
            std::task::Poll::Ready(())
        } else {
            std::task::Poll::Pending
        }
    })
    .await;
    std::mem::take(&mut *seen.lock().unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_do_the_same_but_for_what_is_listed() {
    if support::envoy::without_envoy() {
        return;
    }
    let mut differences = Vec::new();
    for world in scenes::all().await {
        assert_eq!(mesh_proxy::unsupported(&world.snapshot), Vec::<String>::new());
        let (ours, theirs) = tokio::join!(Ours::start(&world), Envoy::start(&world));
        let (ours, theirs) = tokio::join!(play(&ours, &world), play(&theirs, &world));
        differences.extend(Difference::between(&theirs, &ours));
    }
    let listed = differences::listed();
    let missing: Vec<&Difference> = differences.iter().filter(|own| !listed.contains(own)).collect();
    let gone: Vec<&Difference> = listed.iter().filter(|own| !differences.contains(own)).collect();
    for difference in &missing {
        eprintln!("not listed: {difference}");
    }
    for difference in &gone {
        eprintln!("no more:    {difference}");
    }
    assert!(missing.is_empty() && gone.is_empty(), "docs/conformance.md");
}
