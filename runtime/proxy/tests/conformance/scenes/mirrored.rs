//! Copies of bodies: however long, and however they come, mirrors get the same as the endpoint.

use std::collections::HashMap;
use std::hash::{DefaultHasher, Hasher as _};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Frame, Incoming};
use mesh_wire::cluster::HttpVersion;
use mesh_wire::route::{Mirror, PerMillion};

use super::prefix;
use crate::plane::DataPlane;
use crate::support::{backend, snapshot::forward};
use crate::upload::{self, Upload};
use crate::world::{Came, World};

/// What came to an application, by the request's key.
type Heard = Arc<Mutex<HashMap<String, String>>>;

/// A body that was heard to its end, and how it was framed.
async fn hear(heard: Heard, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, mut body) = request.into_parts();
    let (mut size, mut hasher, mut end) = (0, DefaultHasher::new(), "whole");
    let mut trailers = HeaderMap::new();
    while let Some(frame) = body.frame().await {
        match frame.map(Frame::into_data) {
            Ok(Ok(data)) => {
                size += data.len();
                hasher.write(&data);
            }
            Ok(Err(frame)) => trailers = frame.into_trailers().unwrap(),
            Err(_) => end = "broken off",
        }
    }
    let header = |name: &str| {
        let value = parts.headers.get(name).map(|value| value.to_str().unwrap());
        value.unwrap_or("-").to_owned()
    };
    let host = parts.uri.host().map_or_else(|| header("host"), ToOwned::to_owned);
    let told = format!(
        "{} {host} {size} {:x} length={} coding={} trailers={trailers:?} {end}",
        parts.method,
        hasher.finish(),
        header("content-length"),
        header("transfer-encoding"),
    );
    heard.lock().unwrap().insert(header("x-key"), told);
    Response::new(Full::default())
}

/// Applications of HTTP/1 and HTTP/2 that keep what they hear.
async fn listening() -> ([SocketAddr; 2], Heard) {
    let heard = Heard::default();
    let (of_one, of_two) = (heard.clone(), heard.clone());
    let one = backend::http1(move |request| hear(of_one.clone(), request)).await;
    let two = backend::http2(move |request| hear(of_two.clone(), request)).await;
    ([one, two], heard)
}

pub async fn put(world: &mut World) {
    let ([main, main2], heard) = listening().await;
    let ([one, two], mirrored) = listening().await;
    let deaf = upload::deaf().await;
    for (name, endpoints, version) in [
        ("heard-1", &[main][..], HttpVersion::Http1),
        ("heard-2", &[main2], HttpVersion::Http2),
        ("mirrored-1", &[one], HttpVersion::Http1),
        ("mirrored-2", &[two], HttpVersion::Http2),
        ("mirrored-none", &[], HttpVersion::Http1),
        ("deaf", &[deaf], HttpVersion::Http1),
    ] {
        world.cluster(name, endpoints).http = version;
    }
    let to = |cluster: &str, mirrors: &[&str]| {
        let mut to = forward(cluster);
        let mirrors = mirrors.iter().map(|cluster| Mirror {
            cluster: (*cluster).to_owned(),
            share: PerMillion(1_000_000),
        });
        to.mirrors = mirrors.collect();
        to
    };
    world.host(
        "mirrored",
        vec![
            prefix("/one", to("heard-1", &["mirrored-1"])),
            prefix("/two", to("heard-2", &["mirrored-2"])),
            prefix("/other", to("heard-1", &["mirrored-2"])),
            prefix("/deaf", to("heard-1", &["deaf"])),
            prefix("/nobody", to("mirrored-none", &["mirrored-1"])),
        ],
    );
    world.scene("mirrored", move |plane, _| {
        let (heard, mirrored) = (heard.clone(), mirrored.clone());
        Box::pin(async move {
            let mut came = Came::new();
            for (label, upload) in uploads() {
                let key = format!("{}-{label}", plane.name());
                let status = upload.send(plane, &key).await;
                came.push((format!("{label} status"), status));
                for (who, heard) in [("endpoint", &heard), ("mirror", &mirrored)] {
                    let told = heard_by(heard, &key, Duration::from_secs(10)).await;
                    came.push((format!("{label} {who}"), told));
                }
            }
            came.extend(nobody(plane, &mirrored).await);
            came.extend(cut(plane, &mirrored).await);
            came
        })
    });
    world.scene("deaf mirror", |plane, _| {
        Box::pin(async move {
            let upload = Upload::new("mirrored.test", "/deaf").sized(32 << 20);
            let sent = upload.send(plane, "deaf");
            let sent = tokio::time::timeout(Duration::from_secs(3), sent).await;
            vec![(
                "32 MiB".to_owned(),
                sent.unwrap_or_else(|_| "waits for the mirror".to_owned()),
            )]
        })
    });
}

/// Of each size, as they may come.
fn uploads() -> Vec<(String, Upload)> {
    let mut all = Vec::new();
    let mut trailers = HeaderMap::new();
    trailers.insert("x-end", HeaderValue::from_static("here"));
    for (path, http2) in [("/one", false), ("/one", true), ("/two", true), ("/other", false)] {
        let upload = Upload::new("mirrored.test", path);
        let upload = if http2 { upload.http2() } else { upload };
        let client = if http2 { "h2" } else { "h1" };
        let mut put = |size: usize, how, upload| all.push((format!("{path} {client} {size} {how}"), upload));
        for size in [0, 64 * 1024 + 1, 5 << 20] {
            put(size, "sized", upload.clone().sized(size));
            // Whether the end of nothing comes with the head is chance on HTTP/2.
            if size > 0 || !http2 {
                put(size, "streamed", upload.clone().streamed(size));
            }
        }
        if path == "/two" || !http2 && path == "/one" {
            let size = 100_000;
            put(size, "trailers", upload.streamed(size).trailers(trailers.clone()));
        }
    }
    all
}

async fn heard_by(heard: &Heard, key: &str, patience: Duration) -> String {
    let told = async {
        loop {
            if let Some(told) = heard.lock().unwrap().remove(key) {
                return told;
            }
            tokio::time::sleep(Duration::from_millis(2)).await;
        }
    };
    let told = tokio::time::timeout(patience, told).await;
    told.unwrap_or_else(|_| "nothing".to_owned())
}

/// What cannot go to its own endpoint goes nowhere.
async fn nobody(plane: &dyn DataPlane, mirrored: &Heard) -> Came {
    let key = format!("{}-nobody", plane.name());
    let status = Upload::new("mirrored.test", "/nobody")
        .sized(10)
        .send(plane, &key)
        .await;
    let told = heard_by(mirrored, &key, Duration::from_millis(300)).await;
    vec![
        ("nobody status".to_owned(), status),
        ("nobody mirror".to_owned(), told),
    ]
}

/// A copy ends with its request.
async fn cut(plane: &dyn DataPlane, mirrored: &Heard) -> Came {
    let key = format!("{}-cut", plane.name());
    let upload = Upload::new("mirrored.test", "/one").sized(1 << 20);
    upload.cut(plane, &key, 300_000).await;
    let told = heard_by(mirrored, &key, Duration::from_secs(5)).await;
    let end = told.rsplit(' ').take(2).collect::<Vec<_>>();
    vec![("cut mirror".to_owned(), format!("{end:?}"))]
}
