//! Endpoints with names: what comes of what a name server says of them.

use std::net::SocketAddr;

use mesh_wire::cluster::{Balance, Discovery};
use tokio::net::TcpListener;

use super::prefix;
use crate::app;
use crate::bulk::{Answers, settled};
use crate::plane::DataPlane;
use crate::support::snapshot::{endpoint, forward};
use crate::support::zone::{NXDOMAIN, SERVFAIL, Says};
use crate::world::{Came, World};

/// Every try is on a connection of its own.
const ANEW: &str = "header=connection:close";

pub async fn put(world: &mut World) {
    let port = applications(world).await;
    for (name, discovery) in [("each", Discovery::StrictDns), ("newest", Discovery::LogicalDns)] {
        let cluster = world.cluster(name, &[]);
        (cluster.discovery, cluster.balance) = (discovery, Balance::RoundRobin);
        let mut named = endpoint(SocketAddr::from(([0; 4], port)), 1, false);
        named.address = format!("{name}.names.test");
        cluster.endpoints[0].endpoints = vec![named];
        for plane in ["meshd", "Envoy"] {
            let zone = world.zone(plane);
            zone.addresses(&format!("{name}.names.test"), &["127.0.0.1", "127.0.0.2"], 1);
        }
        world.host(name, vec![prefix("/", forward(name))]);
        world.scene(&format!("names, {name}"), move |plane, world| {
            Box::pin(played(plane, world, name))
        });
    }
}

/// Those of 127.0.0.1 to 127.0.0.3, on one port.
async fn applications(world: &World) -> u16 {
    loop {
        let first = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = first.local_addr().unwrap().port();
        let at = |last| TcpListener::bind(SocketAddr::from(([127, 0, 0, last], port)));
        if let (Ok(second), Ok(third)) = (at(2).await, at(3).await) {
            for (listener, name) in [(first, "first"), (second, "second"), (third, "third")] {
                app::serve_on(listener, name, world.tries.clone());
            }
            return port;
        }
    }
}

async fn played(plane: &dyn DataPlane, world: &World, scene: &'static str) -> Came {
    let (zone, name) = (world.zone(plane.name()), format!("{scene}.names.test"));
    let ask = async |wanted: &(dyn Fn(&Answers) -> bool + Sync)| {
        settled(plane, scene, "/", ANEW, |answers| wanted(answers)).await
    };
    let each = scene == "each";
    let of_both = |some: [&'static str; 2]| {
        move |answers: &Answers| answers.has(some[0]) && (answers.has(some[1]) || !each)
    };
    let mut came = ask(&of_both(["first", "second"])).await.kinds("at first");
    zone.addresses(&name, &["127.0.0.3", "127.0.0.2"], 1);
    let third = |answers: &Answers| answers.has("third") && !answers.has("first");
    came.extend(ask(&third).await.kinds("others"));
    zone.say(&name, Says::Code(SERVFAIL));
    zone.asked_again(&name, 2).await;
    came.extend(ask(&third).await.kinds("servers that fail"));
    zone.say(&name, Says::Code(NXDOMAIN));
    zone.asked_again(&name, 2).await;
    came.extend(
        ask(&|answers| each != answers.has("third"))
            .await
            .kinds("no such name"),
    );
    let (all, over_tcp) = (vec!["127.0.0.1".parse().unwrap()], true);
    zone.say(
        &name,
        Says::Addresses {
            all,
            ttl: 1,
            over_tcp,
        },
    );
    let first = |answers: &Answers| answers.has("first") && answers.of_few(1);
    let last = ask(&first).await;
    assert!(
        last.has("first"),
        "nobody found out that {} says something else",
        plane.name()
    );
    came.extend(last.kinds("cut off"));
    came
}
