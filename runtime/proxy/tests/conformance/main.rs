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
mod ask;
mod differences;
mod plane;
mod raw;
mod scenes;
mod secure;
mod world;

use std::collections::BTreeMap;
use std::time::Duration;

use differences::Difference;
use plane::{DataPlane, Envoy, Ours};
use world::World;

/// What came of all scenes: scene and what was looked at -> what was seen.
pub type Seen = BTreeMap<(String, String), String>;

async fn play(plane: &dyn DataPlane, world: &World) -> Seen {
    let mut seen = Seen::new();
    for scene in world.scenes() {
        let playing = scene.play(plane, world);
        let came = tokio::time::timeout(Duration::from_secs(40), playing).await;
        let came = came.unwrap_or_else(|_| panic!("`{}` does not end on {}", scene.name(), plane.name()));
        for (what, value) in came {
            seen.insert((scene.name().to_owned(), what), value);
        }
    }
    seen
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn both_do_the_same_but_for_what_is_listed() {
    if support::envoy::without_envoy() {
        return;
    }
    let world = scenes::all().await;
    assert_eq!(mesh_proxy::unsupported(&world.snapshot), Vec::<String>::new());
    let (ours, theirs) = tokio::join!(Ours::start(&world), Envoy::start(&world));
    let (ours, theirs) = tokio::join!(play(&ours, &world), play(&theirs, &world));
    let differences = Difference::between(&theirs, &ours);
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
