//! The same on HTTP/2, on either side.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Method, StatusCode, Uri};
use http_body_util::{BodyExt as _, Full};
use mesh_http2::{Fields, Limits, Request, RequestHead, Response, client, server};
use mesh_wire::cluster::HttpVersion;
use tokio::net::TcpListener;

use super::prefix;
use crate::plane::{DataPlane, Way};
use crate::raw;
use crate::support::snapshot::forward;
use crate::world::{Came, World};

const LIMITS: Limits = Limits {
    stream_window: 1 << 16,
    connection_window: 1 << 17,
    streams: 100,
    headers: 16 * 1024,
};

/// A server that says, before its answers, what paths ask for.
async fn scripted() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(server::serve(stream, LIMITS, answer));
        }
    });
    address
}

async fn answer(mut request: Request<mesh_http2::Incoming>) -> Response<Full<Bytes>> {
    let path = request.head.path.map_or(String::new(), |path| path.to_string());
    let asking = request.body.asking().unwrap();
    let mut headers = Fields::new();
    headers.insert(
        HeaderName::from_static("x-from"),
        HeaderValue::from_static("endpoint"),
    );
    if path.ends_with("hint") {
        asking.tell(StatusCode::EARLY_HINTS, &headers);
    }
    if path.ends_with("wanted") {
        asking.tell(StatusCode::CONTINUE, &headers);
    }
    tokio::time::sleep(Duration::from_millis(30)).await;
    let body = request.body.collect().await.unwrap().to_bytes();
    let expects = request
        .head
        .headers
        .contains_key(HeaderName::from_static("expect"));
    let text = format!("expects={expects} received: {}", body.len());
    Response::new(Full::new(Bytes::from(text)))
}

pub async fn put(world: &mut World) {
    let endpoint = scripted().await;
    world.cluster("interim-2", &[endpoint]).http = HttpVersion::Http2;
    world.host(
        "interim-2",
        vec![
            prefix("/one", forward("interim")),
            prefix("/", forward("interim-2")),
        ],
    );
    world.scene("interim on HTTP/2", |plane, _| {
        Box::pin(async move {
            let mut came = Came::new();
            let out = SocketAddr::from(([10, 96, 1, 10], 80));
            let head = |method: &str, path: &str, more: &str| {
                format!("{method} {path} HTTP/1.1\r\nHost: interim-2.test\r\nx-key: interim-2\r\n{more}\r\n")
            };
            let expects = head("POST", "/wanted", "Expect: 100-continue\r\nContent-Length: 4\r\n");
            let parts = [(&*expects, "\r\n\r\n"), ("body", "received: 4")];
            came.extend(raw::talk(plane, out, "HTTP/1 wanted", &parts).await);
            let hinted = head("GET", "/hint", "");
            let hints = raw::talk(plane, out, "HTTP/1 hint", &[(&*hinted, "received: 0")]).await;
            // How a status is called is anybody's choice.
            let called = hints
                .into_iter()
                .map(|(what, value)| (what, value.replace("early hints", "unknown")));
            came.extend(called);
            for path in ["/hint", "/wanted", "/one/hint", "/one/wanted", "/none"] {
                for expects in [false, true] {
                    let label = format!("{path} expects={expects}");
                    came.push((label, said(plane, path, expects).await));
                }
            }
            came
        })
    });
}

/// What a client of HTTP/2 hears.
async fn said(plane: &dyn DataPlane, path: &str, expects: bool) -> String {
    let stream = plane.dial(Way::Out, ([10, 96, 1, 10], 80).into()).await;
    let (client, connection) = client::connect(stream, LIMITS, None);
    tokio::spawn(connection);
    let uri: Uri = format!("http://interim-2.test{path}").parse().unwrap();
    let method = if expects { Method::POST } else { Method::GET };
    let mut head = RequestHead::to(method, uri);
    let key = format!("{}{path}-{expects}", plane.name());
    head.headers.insert(
        HeaderName::from_static("x-key"),
        HeaderValue::try_from(key).unwrap(),
    );
    let mut body = Full::<Bytes>::default();
    if expects {
        head.headers.insert(
            HeaderName::from_static("expect"),
            HeaderValue::from_static("100-continue"),
        );
        body = Full::new(Bytes::from_static(b"body"));
    }
    let mut heard = Vec::new();
    let hear = |said: mesh_http2::ResponseHead| {
        let from = said.headers.get(HeaderName::from_static("x-from"));
        heard.push(format!("{} {from:?}", said.status.as_u16()));
    };
    let body = body.map_err(|never: Infallible| match never {});
    let answer = client.send_head(&head, body, hear).await;
    let told = match answer {
        Ok(answer) => {
            let status = answer.head.status.as_u16();
            let body = answer.body.collect().await.map(|body| body.to_bytes());
            format!("{status} {body:?}")
        }
        Err(error) => format!("{:?}", error.error),
    };
    heard.push(told);
    heard.join(" + ")
}
