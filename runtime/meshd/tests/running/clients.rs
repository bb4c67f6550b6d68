//! Who asks without pause, over new connections and over those that it keeps.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty};
use hyper::Request;
use hyper::client::conn::{http1, http2};
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpStream, UdpSocket};
use tokio::time::timeout;

use crate::world::{ECHO, Machine, OWN, WEB, until};

const NAMES: &str = "127.0.0.1:15053";
/// Nobody waits for longer, not even while one process hands over to the next.
const PATIENCE: Duration = Duration::from_secs(10);
/// What everybody asks before a test goes on.
const MORE: u64 = 50;

/// A question for the address of `web.example`, and what its answer ends with.
const QUESTION: &[u8] =
    b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03web\x07example\x00\x00\x01\x00\x01";
const ADDRESS: [u8; 4] = [10, 9, 0, 2];

type Answered = Result<(), String>;

/// What one client met.
#[derive(Default)]
struct Met {
    name: &'static str,
    answers: AtomicU64,
    failures: Mutex<Vec<String>>,
}

/// All of them.
pub(crate) struct Clients {
    over: Arc<AtomicBool>,
    met: Vec<Arc<Met>>,
    threads: Vec<JoinHandle<()>>,
}

impl Clients {
    /// Applications of the machine, and others that ask its own.
    pub(crate) fn start(machine: &Machine) -> Self {
        let mut clients = Self {
            over: Arc::default(),
            met: Vec::new(),
            threads: Vec::new(),
        };
        let here = |name, how| (&machine.here, name, how);
        let there = |name, how| (&machine.there, name, how);
        for (place, name, how) in [
            here("HTTP/1.1 out, new", How::Http1(WEB, false)),
            here("HTTP/1.1 out, kept", How::Http1(WEB, true)),
            here("HTTP/2 out, new", How::Http2(WEB, false)),
            here("HTTP/2 out, kept", How::Http2(WEB, true)),
            here("TCP out, new", How::Tcp),
            here("DNS by UDP", How::Udp),
            here("DNS by TCP, new", How::DnsTcp(false)),
            here("DNS by TCP, kept", How::DnsTcp(true)),
            there("HTTP/1.1 in, new", How::Http1(OWN, false)),
            there("HTTP/1.1 in, kept", How::Http1(OWN, true)),
            there("HTTP/2 in, kept", How::Http2(OWN, true)),
        ] {
            let met = Arc::new(Met {
                name,
                ..Met::default()
            });
            clients.met.push(met.clone());
            let over = clients.over.clone();
            clients.threads.push(place.run(move || {
                std::thread::spawn(move || {
                    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                    runtime.unwrap().block_on(ask_on(&how, &met, &over));
                })
            }));
        }
        clients
    }

    /// Waits until every client has had answers to what it asked from now on.
    pub(crate) fn have_asked_more(&self) {
        for met in &self.met {
            let goal = met.answers.load(Ordering::Relaxed) + MORE;
            until(met.name, || {
                let failures = met.failures.lock().unwrap();
                assert!(failures.is_empty(), "{}: {failures:?}", met.name);
                met.answers.load(Ordering::Relaxed) >= goal
            });
        }
    }

    /// Has them end; none has met a failure.
    pub(crate) fn end(self) {
        self.over.store(true, Ordering::Relaxed);
        for thread in self.threads {
            thread.join().unwrap();
        }
        for met in self.met {
            let failures = met.failures.lock().unwrap();
            assert!(failures.is_empty(), "{}: {failures:?}", met.name);
            println!("{}: {} answers", met.name, met.answers.load(Ordering::Relaxed));
        }
    }
}

#[derive(Clone, Copy)]
enum How {
    Http1(&'static str, bool),
    Http2(&'static str, bool),
    Tcp,
    Udp,
    DnsTcp(bool),
}

async fn ask_on(how: &How, met: &Met, over: &AtomicBool) {
    let mut kept = Kept::default();
    while !over.load(Ordering::Relaxed) {
        let asked = async {
            match *how {
                How::Http1(to, keep) => http1(to, &mut kept.http1, keep).await,
                How::Http2(to, keep) => http2(to, &mut kept.http2, keep).await,
                How::Tcp => tcp().await,
                How::Udp => udp().await,
                How::DnsTcp(keep) => dns_by_tcp(&mut kept.dns, keep).await,
            }
        };
        let answered = timeout(PATIENCE, asked)
            .await
            .unwrap_or_else(|_| Err("no answer".to_owned()));
        match answered {
            Ok(()) => _ = met.answers.fetch_add(1, Ordering::Relaxed),
            Err(failure) => {
                met.failures.lock().unwrap().push(failure);
                return;
            }
        }
    }
}

#[derive(Default)]
struct Kept {
    http1: Option<http1::SendRequest<Empty<Bytes>>>,
    http2: Option<http2::SendRequest<Empty<Bytes>>>,
    dns: Option<TcpStream>,
}

fn failed(what: &'static str) -> impl Fn(hyper::Error) -> String {
    move |error| format!("{what}: {error:?}")
}

async fn open(to: &str) -> Result<TcpStream, String> {
    let stream = TcpStream::connect(to)
        .await
        .map_err(|error| format!("connect: {error}"))?;
    stream.set_nodelay(true).map_err(|error| error.to_string())?;
    Ok(stream)
}

fn request() -> Request<Empty<Bytes>> {
    Request::get("http://web/path")
        .header("host", "web")
        .body(Empty::new())
        .unwrap()
}

async fn read(answer: hyper::Response<hyper::body::Incoming>) -> Answered {
    let status = answer.status();
    let body = answer
        .into_body()
        .collect()
        .await
        .map_err(failed("body"))?
        .to_bytes();
    if status == 200 && body == "/path" {
        return Ok(());
    }
    Err(format!("{status}: {body:?}"))
}

/// A connection that says that it ends is replaced by another one. What was not sent is asked there.
async fn http1(to: &str, kept: &mut Option<http1::SendRequest<Empty<Bytes>>>, keep: bool) -> Answered {
    loop {
        let mut sender = match kept.take() {
            Some(sender) => sender,
            None => {
                let stream = TokioIo::new(open(to).await?);
                let (sender, connection) = http1::handshake(stream).await.map_err(failed("handshake"))?;
                tokio::spawn(connection);
                sender
            }
        };
        if sender.ready().await.is_err() {
            continue;
        }
        match sender.try_send_request(request()).await {
            Ok(answer) => {
                read(answer).await?;
                *kept = keep.then_some(sender);
                return Ok(());
            }
            Err(mut error) => {
                if error.take_message().is_none() {
                    return Err(failed("send")(error.into_error()));
                }
            }
        }
    }
}

/// The same; several requests are under way at once.
async fn http2(to: &str, kept: &mut Option<http2::SendRequest<Empty<Bytes>>>, keep: bool) -> Answered {
    loop {
        let mut sender = match kept.take() {
            Some(sender) => sender,
            None => {
                let stream = TokioIo::new(open(to).await?);
                let (sender, connection) = http2::handshake(TokioExecutor::new(), stream)
                    .await
                    .map_err(failed("handshake"))?;
                tokio::spawn(connection);
                sender
            }
        };
        if sender.ready().await.is_err() {
            continue;
        }
        let mut other = sender.clone();
        let (one, two) = tokio::join!(
            sender.try_send_request(request()),
            other.try_send_request(request())
        );
        let mut unsent = false;
        for answer in [one, two] {
            match answer {
                Ok(answer) => read(answer).await?,
                Err(mut error) => {
                    if error.take_message().is_none() {
                        return Err(failed("send")(error.into_error()));
                    }
                    unsent = true;
                }
            }
        }
        if !unsent {
            *kept = keep.then_some(sender);
            return Ok(());
        }
    }
}

async fn tcp() -> Answered {
    let mut stream = open(ECHO).await?;
    let talk = async {
        let mut heard = [0; 4];
        stream.write_all(b"word").await?;
        stream.read_exact(&mut heard).await?;
        std::io::Result::Ok(heard)
    };
    match talk.await {
        Ok(heard) if heard == *b"word" => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

async fn udp() -> Answered {
    let talk = async {
        let socket = UdpSocket::bind("127.0.0.1:0").await?;
        socket.connect(NAMES).await?;
        socket.send(QUESTION).await?;
        let mut answer = vec![0; 512];
        let length = socket.recv(&mut answer).await?;
        answer.truncate(length);
        std::io::Result::Ok(answer)
    };
    named(talk.await)
}

fn named(answer: std::io::Result<Vec<u8>>) -> Answered {
    match answer {
        Ok(answer) if answer.ends_with(&ADDRESS) => Ok(()),
        other => Err(format!("{other:?}")),
    }
}

/// A server may end a connection between two questions: RFC 7766 has clients ask again on another one then.
async fn dns_by_tcp(kept: &mut Option<TcpStream>, keep: bool) -> Answered {
    loop {
        let (mut stream, fresh) = match kept.take() {
            Some(stream) => (stream, false),
            None => (open(NAMES).await?, true),
        };
        let talk = async {
            let length = u16::try_from(QUESTION.len()).unwrap_or_default();
            stream
                .write_all(&[&length.to_be_bytes(), QUESTION].concat())
                .await?;
            let mut answer = vec![0; usize::from(stream.read_u16().await?)];
            stream.read_exact(&mut answer).await?;
            std::io::Result::Ok(answer)
        };
        match talk.await {
            Err(_) if !fresh => {}
            told => {
                *kept = keep.then_some(stream);
                return named(told);
            }
        }
    }
}
