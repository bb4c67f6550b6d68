//! The scenes.

mod asked;
mod balance;
mod bytes;
mod forward;
mod inward;
mod mirrors;
mod overflow;
mod policies;
mod routes;
mod streams;
mod tokens;

use mesh_wire::route::{Forward, Route, RouteAction};

use crate::support::snapshot;
use crate::world::World;

/// The world with all of them.
pub async fn all() -> World {
    let mut world = World::new().await;
    routes::put(&mut world);
    forward::put(&mut world);
    balance::put(&mut world);
    overflow::put(&mut world).await;
    mirrors::put(&mut world).await;
    inward::put(&mut world).await;
    policies::put(&mut world).await;
    streams::put(&mut world).await;
    tokens::put(&mut world).await;
    asked::put(&mut world).await;
    bytes::put(&mut world).await;
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
