//! The scenes.

mod asked;
mod balance;
mod bodies;
mod broken;
mod bytes;
mod clients;
mod collected;
mod connections;
mod forward;
mod growing;
mod interim;
mod interim2;
mod inward;
mod lines;
mod mirrored;
mod mirrors;
mod named;
mod overflow;
mod policies;
mod routes;
mod streams;
mod tokens;
mod tried;
mod tunnels;
mod values;

use mesh_wire::route::{Forward, Route, RouteAction};

use crate::support::snapshot;
use crate::world::World;

/// The worlds with all of them: each has a log of its own form.
pub async fn all() -> [World; 4] {
    [
        told_in_json().await,
        lines::world().await,
        collected::world().await,
        tried::world().await,
    ]
}

async fn told_in_json() -> World {
    let mut world = World::new("json").await;
    routes::put(&mut world);
    forward::put(&mut world);
    balance::put(&mut world);
    growing::put(&mut world);
    named::put(&mut world).await;
    broken::put(&mut world).await;
    tunnels::put(&mut world);
    overflow::put(&mut world).await;
    mirrors::put(&mut world).await;
    mirrored::put(&mut world).await;
    inward::put(&mut world).await;
    interim::put(&mut world).await;
    interim2::put(&mut world).await;
    policies::put(&mut world).await;
    streams::put(&mut world).await;
    tokens::put(&mut world).await;
    asked::put(&mut world).await;
    connections::put(&mut world).await;
    bytes::put(&mut world).await;
    bodies::put(&mut world).await;
    clients::put(&mut world);
    values::put(&mut world).await;
    world
}

/// A route for a prefix.
pub fn prefix(path: &str, forward: Forward) -> Route {
    let mut route = snapshot::route(forward);
    route.matches.path = mesh_wire::route::PathMatch::Prefix(path.to_owned());
    route
}

/// A route for a prefix, and what becomes of requests there.
pub fn action(path: &str, action: RouteAction) -> Route {
    let mut route = prefix(path, snapshot::forward(""));
    route.action = action;
    route
}
