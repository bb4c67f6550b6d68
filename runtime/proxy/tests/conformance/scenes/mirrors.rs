//! Copies of requests: what they say, and how many there are.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use mesh_wire::route::{Mirror, PerMillion};

use super::prefix;
use crate::ask::{Ask, get};
use crate::bulk;
use crate::support::{backend, snapshot::forward};
use crate::world::{Came, World};

/// What a mirror heard, by the request's key.
type Heard = Arc<Mutex<HashMap<String, Vec<String>>>>;

/// An application that keeps what it hears.
async fn listening() -> (std::net::SocketAddr, Heard) {
    let heard = Heard::default();
    let kept = heard.clone();
    let address = backend::http1(move |request: http::Request<hyper::body::Incoming>| {
        let kept = kept.clone();
        async move {
            let (parts, body) = request.into_parts();
            let size = body.collect().await.map_or(0, |body| body.to_bytes().len());
            let mut lines = vec![format!("{} {} {size}", parts.method, parts.uri)];
            lines.extend(
                parts
                    .headers
                    .iter()
                    .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())),
            );
            lines.sort_unstable();
            let key = parts
                .headers
                .get("x-key")
                .map_or("", |key| key.to_str().unwrap())
                .to_owned();
            kept.lock().unwrap().insert(key, lines);
            // Nobody looks at what a mirror answers.
            http::Response::builder()
                .status(500)
                .body(Full::<Bytes>::default())
                .unwrap()
        }
    })
    .await;
    (address, heard)
}

pub async fn put(world: &mut World) {
    let (address, heard) = listening().await;
    world.cluster("mirror", &[address]);
    let (other, heard_too) = listening().await;
    world.cluster("mirror-too", &[other]);
    let to = |shares: &[(&str, u32)]| {
        let mut to = forward("a");
        let mirrors = shares.iter().map(|(cluster, percent)| Mirror {
            cluster: (*cluster).to_owned(),
            share: PerMillion(percent * 10_000),
        });
        to.mirrors = mirrors.collect();
        to
    };
    world.host(
        "mirrors",
        vec![
            prefix("/half", to(&[("mirror", 50)])),
            prefix("/never", to(&[("mirror", 0)])),
            prefix("/both", to(&[("mirror", 100), ("mirror-too", 100)])),
            prefix("/gone", to(&[("gone", 100)])),
            prefix("/", to(&[("mirror", 100)])),
        ],
    );
    world.scene("mirrors", move |plane, world| {
        let (heard, heard_too) = (heard.clone(), heard_too.clone());
        Box::pin(async move {
            let mut came = Came::new();
            let of = |path: &str| get("mirrors", path);
            let post = |ask: Ask, size| ask.method(http::Method::POST).body(size);
            for ask in [
                of("/plain?a=1").with("x-more", "1"),
                post(of("/body"), 1000),
                of("/host").host("mirrors.test:80"),
                of("/late").told("status=503"),
                of("/both"),
                of("/gone"),
            ] {
                let label = ask.label.clone();
                let seen = ask.of(plane, world, &label).await;
                let seen = seen.into_iter().filter(|(what, _)| {
                    what == "status" || what == "application gets" || what.starts_with("log ")
                });
                came.extend(seen.map(|(what, value)| (format!("{label} {what}"), value)));
                let key = format!("{}-{label}", plane.name());
                let places: &[(&str, &Heard)] = match label.as_str() {
                    "/both" => &[("mirror", &heard), ("the other mirror", &heard_too)],
                    "/gone" => &[],
                    _ => &[("mirror", &heard)],
                };
                for (name, place) in places {
                    let lines = async {
                        loop {
                            if let Some(lines) = place.lock().unwrap().remove(&key) {
                                return lines;
                            }
                            tokio::time::sleep(Duration::from_millis(2)).await;
                        }
                    };
                    let lines = tokio::time::timeout(Duration::from_secs(5), lines)
                        .await
                        .unwrap_or_default();
                    for line in lines {
                        let (what, value) = line.split_once(": ").unwrap_or(("", &line));
                        let (value, once) = match what {
                            "x-key" | "x-request-id" => continue,
                            // Whom the copy comes from is looked at once.
                            "x-forwarded-for" => ("this machine", true),
                            "x-envoy-internal" => (value, true),
                            _ => (value, false),
                        };
                        if !once || label == "/body" {
                            came.push((format!("{label} {name} gets {what}"), value.to_owned()));
                        }
                    }
                }
            }
            // Five standard deviations.
            let _answers = bulk::ask(plane, "mirrors", "/half", 200, |_| Vec::new()).await;
            let _answers = bulk::ask(plane, "mirrors", "/never", 20, |_| Vec::new()).await;
            let last = of("/last");
            last.of(plane, world, "last").await;
            let own = |part: &str| format!("{}-mirrors/{part}", plane.name());
            let count = |part: &str| {
                let heard = heard.lock().unwrap();
                heard.keys().filter(|key| key.starts_with(&own(part))).count()
            };
            let fits = async {
                while !(65..=135).contains(&count("half")) {
                    tokio::time::sleep(Duration::from_millis(2)).await;
                }
            };
            let fits = tokio::time::timeout(Duration::from_secs(5), fits).await.is_ok();
            came.push(("half of 200 are about 100".to_owned(), fits.to_string()));
            came.push(("never".to_owned(), count("never").to_string()));
            came
        })
    });
}
