//! One request, and all that can be seen of its answer.

use std::net::SocketAddr;
use std::time::{Duration, Instant};

use bytes::Bytes;
use http::{HeaderMap, Method, Request, Response};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Incoming;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use serde_json::Value;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use crate::plane::{DataPlane, Way};
use crate::secure;
use crate::world::{Came, World};

/// A request.
#[derive(Clone, Debug)]
pub struct Ask {
    /// What it is called in the table of differences.
    pub label: String,
    pub way: Way,
    pub to: SocketAddr,
    host: String,
    method: Method,
    path: String,
    headers: Vec<(String, String)>,
    body: usize,
    http2: bool,
    mesh: bool,
    at_least: Option<Duration>,
    without: Option<String>,
}

/// `GET path` of the host of a scene, from an application.
pub fn get(scene: &str, path: &str) -> Ask {
    Ask {
        label: path.to_owned(),
        way: Way::Out,
        to: ([10, 96, 1, 10], 80).into(),
        host: format!("{scene}.test"),
        method: Method::GET,
        path: path.to_owned(),
        headers: Vec::new(),
        body: 0,
        http2: false,
        mesh: false,
        at_least: None,
        without: None,
    }
}

impl Ask {
    pub fn label(mut self, label: &str) -> Self {
        self.label = label.to_owned();
        self
    }

    pub fn with(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// What the application is to do.
    pub fn told(self, what: &str) -> Self {
        self.with("x-do", what)
    }

    pub fn method(mut self, method: Method) -> Self {
        self.method = method;
        self
    }

    pub fn path(mut self, path: &str) -> Self {
        self.path = path.to_owned();
        self
    }

    pub fn host(mut self, host: &str) -> Self {
        self.host = host.to_owned();
        self
    }

    pub fn body(mut self, size: usize) -> Self {
        self.body = size;
        self
    }

    pub fn http2(mut self) -> Self {
        self.http2 = true;
        self
    }

    /// By mutual TLS of the mesh.
    pub fn mesh(mut self) -> Self {
        self.mesh = true;
        self
    }

    /// To an application on `to`, from outside.
    pub fn inward(mut self, to: SocketAddr) -> Self {
        (self.way, self.to) = (Way::In, to);
        self
    }

    /// Whether it takes so long is looked at too.
    pub fn at_least(mut self, span: Duration) -> Self {
        self.at_least = Some(span);
        self
    }

    /// What is too long to be told.
    pub fn without(mut self, what: &str) -> Self {
        self.without = Some(what.to_owned());
        self
    }

    fn request(&self, key: &str) -> Request<Full<Bytes>> {
        let uri = if self.http2 {
            format!("http://{}{}", self.host, self.path)
        } else {
            self.path.clone()
        };
        let mut request = Request::builder().method(self.method.clone()).uri(uri);
        if !self.http2 {
            request = request.header("host", &self.host);
        }
        request = request.header("x-key", key);
        for (name, value) in &self.headers {
            request = request.header(name, value);
        }
        request
            .body(Full::new(Bytes::from(vec![b'y'; self.body])))
            .unwrap()
    }

    /// What comes of it on `plane`.
    pub async fn of(&self, plane: &dyn DataPlane, world: &World, key: &str) -> Came {
        let key = format!("{}-{key}", plane.name());
        let log = plane.log().end();
        let stream = plane.dial(self.way, self.to).await;
        let remote = stream.local_addr().unwrap();
        let since = Instant::now();
        let mut came = match self.sent(world, stream, &key).await {
            Ok(answer) => answer,
            Err(()) => vec![("status".to_owned(), "the connection ends".to_owned())],
        };
        if let Some(span) = self.at_least {
            came.push((
                format!("takes {} ms", span.as_millis()),
                (since.elapsed() >= span).to_string(),
            ));
        }
        let bare = came.iter().any(|(what, _)| what == "body");
        for entry in plane.log().entries(remote, log, 1).await {
            came.extend(logged(&entry, bare));
        }
        for (what, value) in &mut came {
            *value = normal(what, value, &key, world);
        }
        came.retain(|(what, _)| what != "header date");
        if let Some(without) = &self.without {
            came.retain(|(what, _)| !what.starts_with(without));
        }
        came
    }

    async fn sent(&self, world: &World, stream: TcpStream, key: &str) -> Result<Came, ()> {
        if self.mesh {
            let stream = secure::mesh(world, stream, self.http2).await.map_err(|_| ())?;
            self.send(stream, key).await
        } else {
            self.send(stream, key).await
        }
    }

    async fn send<S>(&self, stream: S, key: &str) -> Result<Came, ()>
    where
        S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let request = self.request(key);
        let response = if self.http2 {
            let io = TokioIo::new(stream);
            let shaken = http2::handshake(TokioExecutor::new(), io).await;
            let (mut sender, connection) = shaken.map_err(|_| ())?;
            tokio::spawn(connection);
            sender.send_request(request).await.map_err(|_| ())?
        } else {
            let shaken = http1::handshake(TokioIo::new(stream)).await;
            let (mut sender, connection) = shaken.map_err(|_| ())?;
            tokio::spawn(connection);
            let response = sender.send_request(request).await.map_err(|_| ())?;
            tokio::spawn(async move { sender.ready().await });
            response
        };
        Ok(seen(response).await)
    }
}

fn headers(of: &str, headers: &HeaderMap) -> Came {
    let mut came = Came::new();
    for name in headers.keys() {
        let values = headers
            .get_all(name)
            .iter()
            .map(|value| value.to_str().unwrap_or("?"));
        let values: Vec<&str> = values.collect();
        came.push((format!("{of} {name}"), values.join(" & ")));
    }
    came
}

/// All of a response.
pub async fn seen(response: Response<Incoming>) -> Came {
    let mut came = vec![("status".to_owned(), response.status().as_u16().to_string())];
    came.extend(headers("header", response.headers()));
    let Ok(collected) = response.into_body().collect().await else {
        came.push(("body".to_owned(), "breaks off".to_owned()));
        return came;
    };
    if let Some(trailers) = collected.trailers() {
        came.extend(headers("trailer", trailers));
    }
    let body = collected.to_bytes();
    let text = String::from_utf8_lossy(&body);
    if !text.contains("\ntries: ") {
        let told = if body.len() > 200 {
            format!("{} bytes", body.len())
        } else {
            text.into_owned()
        };
        came.push(("body".to_owned(), told));
        return came;
    }
    came.retain(|(what, _)| what != "header content-length");
    // What the application was told.
    for line in text.lines() {
        match line.split_once(": ") {
            Some((name, value)) if !line.contains(" HTTP/") => {
                came.push((format!("application gets {name}"), value.to_owned()));
            }
            _ => came.push(("application gets".to_owned(), line.to_owned())),
        }
    }
    came
}

/// What the log says; sizes only where they do not depend on what the application was told.
fn logged(entry: &Value, sizes: bool) -> Came {
    let members = entry.as_object().unwrap().iter();
    let kept = members.filter(|(key, _)| *key != "remote" && (sizes || *key != "sent"));
    kept.map(|(key, value)| {
        let text = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
        (format!("log {key}"), text)
    })
    .collect()
}

/// Without what chance decides.
fn normal(what: &str, value: &str, key: &str, world: &World) -> String {
    let mut value = value.replace(key, "KEY");
    for (name, address) in world.apps {
        value = value.replace(&address.to_string(), &format!("APP-{name}"));
    }
    let is_uuid = value.len() == 36 && value.chars().filter(|char| *char == '-').count() == 4;
    if let Some((before, _)) = value
        .split_once("delayed connect error: ")
        .or(value.split_once("transport failure reason: "))
    {
        return format!("{before}...");
    }
    if is_uuid {
        return "UUID".to_owned();
    }
    if what.ends_with("x-envoy-upstream-service-time") {
        return "MS".to_owned();
    }
    value
}
