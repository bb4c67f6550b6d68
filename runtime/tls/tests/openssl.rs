//! OpenSSL at the other end: its suites of both versions, and its changes of keys.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::process::Stdio;

use rustls::crypto::aws_lc_rs::{ALL_CIPHER_SUITES, DEFAULT_CIPHER_SUITES};
use support::{NAME, Trust, accept, connect};
use tokio::io::{AsyncBufReadExt as _, AsyncRead, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::{Child, Command};

/// `openssl`, with files of `trust` in `folder`.
fn openssl(command: &str, trust: &Trust, folder: &std::path::Path) -> Command {
    let file = |name: &str, text: &str| {
        let path = folder.join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let mut openssl = Command::new("openssl");
    openssl
        .arg(command)
        .arg("-CAfile")
        .arg(file("root.pem", &trust.root))
        .arg("-cert")
        .arg(file("chain.pem", &trust.chain))
        .arg("-key")
        .arg(file("key.pem", &trust.key))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true);
    openssl
}

/// Reads until a line has `wanted` in it.
async fn line(from: &mut (impl AsyncRead + Unpin), wanted: &str) -> String {
    let mut from = BufReader::with_capacity(1, from);
    loop {
        let mut line = String::new();
        assert!(from.read_line(&mut line).await.unwrap() > 0, "no `{wanted}` came");
        if line.contains(wanted) {
            return line;
        }
    }
}

#[tokio::test]
async fn its_server_answers_with_every_suite() {
    let trust = Trust::new();
    let folder = tempfile::tempdir().unwrap();
    // It turns lines around.
    let mut server = openssl("s_server", &trust, folder.path());
    server.args([
        "-accept",
        "127.0.0.1:0",
        "-Verify",
        "1",
        "-verify_return_error",
        "-rev",
    ]);
    let mut server: Child = server.spawn().unwrap();
    let mut said = server.stdout.take().unwrap();
    let accepts = line(&mut said, "ACCEPT ").await;
    let address = accepts.trim().strip_prefix("ACCEPT ").unwrap().to_owned();
    tokio::spawn(async move { tokio::io::copy(&mut said, &mut tokio::io::sink()).await });
    for suite in ALL_CIPHER_SUITES {
        if format!("{suite:?}").contains("_RSA_") {
            continue;
        }
        let io = TcpStream::connect(&address).await.unwrap();
        let mut stream = connect(trust.client(&[*suite]), io).await.unwrap().stream;
        for line in ["hello\n".to_owned(), "x".repeat(10_000) + "y\n"] {
            stream.write_all(line.as_bytes()).await.unwrap();
            stream.flush().await.unwrap();
            let mut answer = vec![0; line.len()];
            stream.read_exact(&mut answer).await.unwrap();
            let turned: String = line.trim().chars().rev().collect();
            assert_eq!(String::from_utf8(answer).unwrap().trim(), turned, "{suite:?}");
        }
        stream.shutdown().await.unwrap();
    }
}

#[tokio::test]
async fn its_client_changes_keys_and_asks_for_ours() {
    let trust = Trust::new();
    let folder = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let mut client = openssl("s_client", &trust, folder.path());
    client.args(["-connect", &address, "-servername", NAME, "-tls1_3"]);
    let mut client = client.spawn().unwrap();
    let echoes = async {
        let (io, _) = listener.accept().await.unwrap();
        let mut stream = accept(trust.server(DEFAULT_CIPHER_SUITES), io)
            .await
            .unwrap()
            .stream;
        let mut part = [0; 100];
        loop {
            let count = stream.read(&mut part).await.unwrap();
            if count == 0 {
                return;
            }
            stream.write_all(&part[..count]).await.unwrap();
            stream.flush().await.unwrap();
        }
    };
    let asks = async {
        let mut asked = client.stdin.take().unwrap();
        let (mut said, mut told) = (client.stdout.take().unwrap(), client.stderr.take().unwrap());
        for turn in 0..3 {
            let words = format!("turn {turn}");
            asked.write_all(format!("{words}\n").as_bytes()).await.unwrap();
            line(&mut said, &words).await;
            // `K` changes its keys and asks for ours, `k` does the first alone.
            for command in ["K\n", "k\n"] {
                asked.write_all(command.as_bytes()).await.unwrap();
                line(&mut told, "KEYUPDATE").await;
            }
        }
        asked.write_all(b"Q\n").await.unwrap();
        client.wait().await.unwrap();
    };
    tokio::join!(echoes, asks);
}
