//! Endpoints that come later begin with a small share.

use std::time::Duration;

use mesh_wire::Millis;
use mesh_wire::cluster::{Balance, WarmupCurve};

use super::prefix;
use crate::bulk;
use crate::support::snapshot::forward;
use crate::world::{Came, World};

/// How long a share grows.
const WINDOW: Duration = Duration::from_secs(6);

pub fn put(world: &mut World) {
    let [(_, a), (_, b), _] = world.apps;
    let kinds = [
        ("warm-turns", Balance::RoundRobin),
        ("warm-least", Balance::LeastRequest),
    ];
    for (name, balance) in &kinds {
        let cluster = world.cluster(name, &[a]);
        cluster.balance = balance.clone();
        cluster.warmup = Millis(6000);
        // By the fifth power of time: it is at the least for more than half of the window.
        cluster.warmup_curve = Some(WarmupCurve {
            aggression: 0.2,
            min_percent: 10,
        });
    }
    let names = kinds.map(|(name, _)| name);
    let routes = names.map(|name| prefix(&format!("/{name}"), forward(name)));
    world.host("growing", routes.into());
    world.scene("growing", move |plane, _| {
        Box::pin(async move {
            let mut came = Came::new();
            // Those who were there from the beginning are new themselves until then.
            tokio::time::sleep(WINDOW).await;
            let ask = async |name: &str, count| {
                bulk::ask(plane, "growing", &format!("/{name}"), count, |_| Vec::new()).await
            };
            for name in names {
                plane.join(name, b);
                while !ask(name, 4).await.has("b") {
                    tokio::task::yield_now().await;
                }
                // A tenth, and somewhat more where all is slow.
                let shares = [("a", 134..=199), ("b", 1..=66)];
                came.extend(ask(name, 200).await.within(&format!("{name} at first"), &shares));
            }
            tokio::time::sleep(WINDOW).await;
            for name in names {
                let shares = [("a", 65..=135), ("b", 65..=135)];
                came.extend(ask(name, 200).await.within(&format!("{name} grown"), &shares));
            }
            came
        })
    });
}
