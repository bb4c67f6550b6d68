use bytes::Bytes;
use http::{Request, Response};
use http_body_util::{BodyExt as _, Empty};
use hyper::body::{Body, Incoming};
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::net::TcpStream;

pub const HOST: &str = "forum.forum.svc.cluster.local";

pub async fn http1<B>(stream: TcpStream) -> http1::SendRequest<B>
where
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + 'static,
{
    let (sender, connection) = http1::handshake(TokioIo::new(stream)).await.unwrap();
    tokio::spawn(connection.with_upgrades());
    sender
}

pub async fn http2<B>(stream: TcpStream) -> http2::SendRequest<B>
where
    B: Body<Data = Bytes, Error: std::error::Error + Send + Sync> + Send + Unpin + 'static,
{
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream))
        .await
        .unwrap();
    tokio::spawn(connection);
    sender
}

pub fn get(path: &str) -> Request<Empty<Bytes>> {
    Request::get(path)
        .header("host", HOST)
        .body(Empty::new())
        .unwrap()
}

pub fn get2(path: &str) -> Request<Empty<Bytes>> {
    Request::get(format!("http://{HOST}{path}"))
        .body(Empty::new())
        .unwrap()
}

/// One request on a connection of its own.
pub async fn once(stream: TcpStream, request: Request<Empty<Bytes>>) -> Response<Incoming> {
    let mut sender = http1(stream).await;
    let response = sender.send_request(request).await.unwrap();
    // The connection lives until the body is read.
    tokio::spawn(async move { sender.ready().await });
    response
}

pub async fn text(response: Response<Incoming>) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}
