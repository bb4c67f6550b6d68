//! What gRPC is to proxies: streams in both directions at the same time, and a status behind the last message.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Request, Response};
use http_body_util::BodyExt as _;
use hyper::body::{Body, Frame, Incoming};
use tokio::sync::mpsc;

use super::{backend, client};

/// A server that sends back each message when it comes, and its status when there are no more.
pub async fn serve() -> SocketAddr {
    backend::http2(|request: Request<Incoming>| async move {
        let mut response = Response::new(Echo(Some(request.into_body())));
        let kind = HeaderValue::from_static("application/grpc");
        response.headers_mut().insert("content-type", kind);
        response
    })
    .await
}

struct Echo(Option<Incoming>);

impl Body for Echo {
    type Data = Bytes;
    type Error = hyper::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, hyper::Error>>> {
        let Some(body) = &mut self.0 else {
            return Poll::Ready(None);
        };
        match ready!(Pin::new(body).poll_frame(context)) {
            Some(Ok(frame)) if frame.is_trailers() => {}
            Some(frame) => return Poll::Ready(Some(frame)),
            None => {}
        }
        self.0 = None;
        let mut trailers = HeaderMap::new();
        trailers.insert("grpc-status", HeaderValue::from_static("0"));
        trailers.insert("grpc-message", HeaderValue::from_static("all said"));
        Poll::Ready(Some(Ok(Frame::trailers(trailers))))
    }
}

/// Messages as they are said.
pub struct Messages(pub mpsc::Receiver<Bytes>);

impl Body for Messages {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0
            .poll_recv(context)
            .map(|message| message.map(|message| Ok(Frame::data(message))))
    }
}

/// Says each message once the one before has come back. What came: status, messages, trailers.
pub async fn talk(stream: tokio::net::TcpStream, host: &str, messages: &[&'static str]) -> Vec<String> {
    let talking = async {
        let mut sender = client::http2(stream).await;
        let (say, said) = mpsc::channel(1);
        let request = Request::post(format!("http://{host}/pkg.Service/Talk"))
            .header("content-type", "application/grpc")
            .header("te", "trailers")
            .body(Messages(said))
            .unwrap();
        let response = sender.send_request(request).await.unwrap();
        let mut came = vec![response.status().as_u16().to_string()];
        let mut body = response.into_body();
        for message in messages {
            say.send(Bytes::from_static(message.as_bytes())).await.unwrap();
            let mut back = Vec::new();
            while back.len() < message.len() {
                let Some(Ok(frame)) = body.frame().await else {
                    came.push("it ends".to_owned());
                    return came;
                };
                back.extend_from_slice(frame.data_ref().map_or(&[][..], |data| &data[..]));
            }
            came.push(String::from_utf8_lossy(&back).into_owned());
        }
        drop(say);
        let rest = body.collect().await;
        let Ok(rest) = rest else {
            came.push("it breaks off".to_owned());
            return came;
        };
        let trailers = rest.trailers().cloned().unwrap_or_default();
        let mut trailers: Vec<String> = trailers
            .iter()
            .map(|(name, value)| format!("{name}: {}", value.to_str().unwrap()))
            .collect();
        trailers.sort_unstable();
        came.extend(trailers);
        came
    };
    tokio::time::timeout(Duration::from_secs(10), talking)
        .await
        .unwrap_or_else(|_| vec!["nothing comes".to_owned()])
}

/// What comes of it where all is well.
pub const TALKED: [&str; 5] = ["200", "one", "two", "grpc-message: all said", "grpc-status: 0"];
