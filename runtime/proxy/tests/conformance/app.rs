//! Applications that do what requests ask of them.

use std::collections::HashMap;
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderName, HeaderValue, Request, Response, StatusCode};
use http_body_util::{BodyExt as _, Full, combinators::BoxBody};
use hyper::body::{Frame, Incoming};
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::{TcpListener, TcpStream};

/// How often each request was tried, by its key; all applications share it.
pub type Tries = Arc<Mutex<HashMap<String, usize>>>;

/// An application of HTTP/1 and HTTP/2 that says `name`.
///
/// The header `x-do` says what it does, several things with `;` between them: `status=CODE`, `first=N:CODE` for the first
/// N tries only, `at=NAME:CODE` for the one application, `sleep=MILLISECONDS`, `header=NAME:VALUE`, `trailer=NAME:VALUE`,
/// `body=BYTES`, `big-header=BYTES`, `headers=COUNT`, `break` closes the connection instead of an answer, `first-break=N`.
pub async fn serve(name: &'static str, tries: Tries) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    serve_on(listener, name, tries);
    address
}

/// The same where somebody listens already.
pub fn serve_on(listener: TcpListener, name: &'static str, tries: Tries) {
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(connection(name, tries.clone(), stream));
        }
    });
}

async fn connection(name: &'static str, tries: Tries, stream: TcpStream) {
    let mut first = [0; 3];
    if stream.peek(&mut first).await.unwrap_or(0) == 0 {
        return;
    }
    let service = service_fn(move |request| answer(name, tries.clone(), request));
    // A client that breaks off is part of the scene.
    if &first == b"PRI" {
        let server = http2::Builder::new(TokioExecutor::new());
        let _over = server.serve_connection(TokioIo::new(stream), service).await;
    } else {
        let server = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
        let _over = server.with_upgrades().await;
    }
}

type Answer = Response<BoxBody<Bytes, Infallible>>;

async fn answer(name: &'static str, tries: Tries, mut request: Request<Incoming>) -> std::io::Result<Answer> {
    let key = text(&request, "x-key");
    let wanted = text(&request, "x-do");
    let tried = {
        let mut tries = tries.lock().unwrap();
        let tried = tries.entry(key).or_default();
        *tried += 1;
        *tried
    };
    let upgrade = request.headers().get("upgrade").cloned();
    if let Some(upgrade) = upgrade {
        let on = hyper::upgrade::on(&mut request);
        tokio::spawn(async move {
            let mut stream = TokioIo::new(on.await.unwrap());
            let (mut read, mut write) = tokio::io::split(&mut stream);
            let _over = tokio::io::copy(&mut read, &mut write).await;
        });
        let response = Response::builder()
            .status(101)
            .header("upgrade", upgrade)
            .header("connection", "upgrade");
        return Ok(response.body(Full::default().boxed()).unwrap());
    }
    let head = format!("{} {} {:?}", request.method(), request.uri(), request.version());
    let mut lines = vec![head];
    for (name, value) in request.headers() {
        lines.push(format!("{name}: {}", value.to_str().unwrap_or("?")));
    }
    lines.sort_unstable();
    let received = request
        .into_body()
        .collect()
        .await
        .map_err(std::io::Error::other)?;
    lines.push(format!("tries: {tried}"));
    lines.push(format!("received: {}", received.to_bytes().len()));
    let mut response = Response::new(());
    response
        .headers_mut()
        .insert("x-from", HeaderValue::from_static(name));
    let (mut size, mut trailers) = (None, http::HeaderMap::new());
    for part in wanted.split(';').map(str::trim).filter(|part| !part.is_empty()) {
        let (what, value) = part.split_once('=').unwrap_or((part, ""));
        let pair = value.split_once(':').unwrap_or((value, ""));
        match what {
            "status" => *response.status_mut() = status(value),
            "first" if tried <= pair.0.parse().unwrap() => *response.status_mut() = status(pair.1),
            "at" if pair.0 == name => *response.status_mut() = status(pair.1),
            "sleep" => tokio::time::sleep(Duration::from_millis(value.parse().unwrap())).await,
            "first-sleep" if tried <= pair.0.parse().unwrap() => {
                tokio::time::sleep(Duration::from_millis(pair.1.parse().unwrap())).await;
            }
            "header" => {
                let name = HeaderName::try_from(pair.0).unwrap();
                response.headers_mut().append(name, pair.1.parse().unwrap());
            }
            "big-header" => {
                let long = HeaderValue::from_bytes(&vec![b'y'; value.parse().unwrap()]).unwrap();
                response.headers_mut().insert("x-big", long);
            }
            "headers" => {
                for number in 0..value.parse::<usize>().unwrap() {
                    let name = HeaderName::try_from(format!("x-many-{number}")).unwrap();
                    response.headers_mut().insert(name, HeaderValue::from_static("1"));
                }
            }
            "trailer" => _ = trailers.insert(HeaderName::try_from(pair.0).unwrap(), pair.1.parse().unwrap()),
            "body" => size = Some(value.parse::<usize>().unwrap()),
            "break" => return Err(std::io::Error::other("as it was asked")),
            "first-break" if tried <= value.parse().unwrap() => {
                return Err(std::io::Error::other("as it was asked"));
            }
            _ => {}
        }
    }
    let content = size.map_or_else(
        || Bytes::from(lines.join("\n")),
        |size| Bytes::from(vec![b'x'; size]),
    );
    let frames = std::iter::once(Frame::data(content))
        .chain((!trailers.is_empty()).then(|| Frame::trailers(trailers)));
    let body = Frames(frames.collect()).boxed();
    Ok(response.map(|()| body))
}

fn status(text: &str) -> StatusCode {
    StatusCode::from_bytes(text.as_bytes()).unwrap()
}

fn text(request: &Request<Incoming>, name: &str) -> String {
    let value = request.headers().get(name).and_then(|value| value.to_str().ok());
    value.unwrap_or_default().to_owned()
}

/// A body of frames that are all there.
pub struct Frames(pub std::collections::VecDeque<Frame<Bytes>>);

impl hyper::body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: std::pin::Pin<&mut Self>,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        std::task::Poll::Ready(self.0.pop_front().map(Ok))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> hyper::body::SizeHint {
        let sizes = self
            .0
            .iter()
            .map(|frame| frame.data_ref().map(|data| data.len() as u64));
        let whole: Option<u64> = sizes.sum();
        whole.map_or_else(hyper::body::SizeHint::default, hyper::body::SizeHint::with_exact)
    }
}
