//! An instance metadata service, version 2: it tells nothing without a session, and a session is asked for by PUT.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::{TcpListener, TcpStream};

const SESSION: &str = "a-session";

/// What it tells, below `/latest/meta-data/`. The machine is no spot instance: there is no `spot/instance-action`.
const FACTS: &[(&str, &str)] = &[
    ("local-ipv4", "10.30.0.17"),
    ("instance-id", "i-0a1b2c3d4e5f60718"),
    ("placement/region", "ap-northeast-2"),
    ("placement/availability-zone", "ap-northeast-2a"),
    ("autoscaling/target-lifecycle-state", "Terminated"),
];

/// Answers at port 80 of `address` in this thread's network, as long as the test runs.
pub(crate) fn serve(address: &str) {
    let listener = TcpListener::bind((address, 80)).unwrap();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let _ = answer(&stream.unwrap());
        }
    });
}

fn answer(mut stream: &TcpStream) -> std::io::Result<()> {
    let mut lines = BufReader::new(stream).lines();
    let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
    let mut headers = BTreeMap::new();
    for line in lines {
        match line?.split_once(':') {
            Some((name, value)) => headers.insert(name.to_lowercase(), value.trim().to_owned()),
            None => break,
        };
    }
    let asks = |name: &str| headers.get(name).map(String::as_str);
    let mut words = request.split(' ');
    let (method, path) = (words.next().unwrap_or_default(), words.next().unwrap_or_default());
    let (status, body) = match (method, path.strip_prefix("/latest/")) {
        ("PUT", Some("api/token")) if asks("x-aws-ec2-metadata-token-ttl-seconds").is_some() => {
            ("200 OK", SESSION)
        }
        ("GET", Some(_)) if asks("x-aws-ec2-metadata-token") != Some(SESSION) => ("401 Unauthorized", ""),
        ("GET", Some(path)) => {
            let known = FACTS
                .iter()
                .find(|(name, _)| path.strip_prefix("meta-data/") == Some(name));
            known.map_or(("404 Not Found", ""), |(_, fact)| ("200 OK", fact))
        }
        _ => ("400 Bad Request", ""),
    };
    let length = body.len();
    write!(
        stream,
        "HTTP/1.1 {status}\r\ncontent-length: {length}\r\nconnection: close\r\n\r\n{body}"
    )
}
