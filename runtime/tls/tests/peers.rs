//! What one end writes the other one reads, whoever it is, whatever they agree on, in parts of any size.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::sync::Arc;

use mesh_tls::Stream;
use proptest::prelude::*;
use rustls::crypto::aws_lc_rs::{ALL_CIPHER_SUITES, DEFAULT_CIPHER_SUITES};
use support::{Trust, accept, connect, name};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, DuplexStream, duplex};
use tokio_rustls::{TlsAcceptor, TlsConnector};

/// So much passes between the ends before one of them has to read.
const ROOM: usize = 1000;

fn bytes(length: usize) -> Vec<u8> {
    (0..length).map(|at| (at % 251) as u8).collect()
}

/// Each end says something at once, and goes when it has heard all.
async fn talk<A, B>(mut one: A, mut other: B, up: &[u8], down: &[u8])
where
    A: AsyncRead + AsyncWrite + Unpin,
    B: AsyncRead + AsyncWrite + Unpin,
{
    async fn say<S: AsyncRead + AsyncWrite + Unpin>(stream: &mut S, says: &[u8], hears: usize) -> Vec<u8> {
        let (mut read, mut write) = tokio::io::split(stream);
        let mut heard = vec![0; hears];
        let writes = async {
            write.write_all(says).await.unwrap();
            write.flush().await.unwrap();
        };
        tokio::join!(writes, async { read.read_exact(&mut heard).await.unwrap() });
        heard
    }
    let (heard_down, heard_up) = tokio::join!(say(&mut one, up, down.len()), say(&mut other, down, up.len()));
    assert!(heard_up == up && heard_down == down);
    let mut rest = Vec::new();
    one.shutdown().await.unwrap();
    // A goodbye: no error of an end that came too early.
    assert_eq!(other.read_to_end(&mut rest).await.unwrap(), 0);
    other.shutdown().await.unwrap();
    assert_eq!(one.read_to_end(&mut rest).await.unwrap(), 0);
}

/// Both ends ours.
async fn ours(trust: &Trust, room: usize) -> (Stream<DuplexStream>, Stream<DuplexStream>) {
    let (near, far) = duplex(room);
    let (near, far) = tokio::join!(
        connect(trust.client(DEFAULT_CIPHER_SUITES), near),
        accept(trust.server(DEFAULT_CIPHER_SUITES), far)
    );
    (near.unwrap().stream, far.unwrap().stream)
}

#[tokio::test]
async fn rustls_at_the_other_end_reads_what_is_written_with_every_suite() {
    let trust = Trust::new();
    // Certificates of P-256 do not go with suites that sign with RSA.
    let usable = |suite: &usize| !format!("{:?}", ALL_CIPHER_SUITES[*suite]).contains("_RSA_");
    let suites: Vec<usize> = (0..ALL_CIPHER_SUITES.len()).filter(usable).collect();
    assert_eq!(suites.len(), 6, "three of TLS 1.3, three of TLS 1.2");
    for suite in suites {
        let suite = &ALL_CIPHER_SUITES[suite..=suite];
        let (near, far) = duplex(ROOM);
        let server = TlsAcceptor::from(Arc::new(trust.server(suite)));
        let (ours, theirs) = tokio::join!(connect(trust.client(suite), near), server.accept(far));
        let ours = ours.unwrap();
        assert!(ours.peer.is_some());
        talk(ours.stream, theirs.unwrap(), &bytes(100_000), &bytes(70_000)).await;

        let (near, far) = duplex(ROOM);
        let client = TlsConnector::from(Arc::new(trust.client(suite)));
        let (theirs, ours) = tokio::join!(client.connect(name(), near), accept(trust.server(suite), far));
        let ours = ours.unwrap();
        assert!(ours.peer.is_some());
        talk(theirs.unwrap(), ours.stream, &bytes(100_000), &bytes(70_000)).await;
    }
}

#[tokio::test]
async fn both_ends_agree_on_a_protocol_and_know_who_the_other_is() {
    let trust = Trust::new();
    let mut client = trust.client(DEFAULT_CIPHER_SUITES);
    let mut server = trust.server(DEFAULT_CIPHER_SUITES);
    client.alpn_protocols = vec![b"istio".to_vec(), b"h2".to_vec()];
    server.alpn_protocols = vec![b"h2".to_vec()];
    let (near, far) = duplex(ROOM);
    let (near, far) = tokio::join!(connect(client, near), accept(server, far));
    let (near, far) = (near.unwrap(), far.unwrap());
    assert_eq!(near.stream.alpn(), Some(&b"h2"[..]));
    assert_eq!(far.stream.alpn(), Some(&b"h2"[..]));
    assert_eq!(near.peer, far.peer);
    assert!(near.peer.is_some());
}

#[tokio::test]
async fn what_was_read_of_the_client_before_counts() {
    let trust = Trust::new();
    let (near, mut far) = duplex(ROOM);
    let config = Arc::new(trust.server(DEFAULT_CIPHER_SUITES));
    let server = async {
        let mut read = vec![0; 100];
        far.read_exact(&mut read).await.unwrap();
        mesh_tls::accept(config, read, far).await.unwrap()
    };
    let client = connect(trust.client(DEFAULT_CIPHER_SUITES), near);
    let (near, far) = tokio::join!(client, server);
    talk(near.unwrap().stream, far.stream, b"hello", b"hello").await;
}

#[tokio::test]
async fn what_comes_right_behind_the_handshake_is_read_without_more() {
    let trust = Trust::new();
    let (near, far) = duplex(ROOM);
    let client = async {
        let config = Arc::new(trust.client(DEFAULT_CIPHER_SUITES));
        let mut near = mesh_tls::connect(config, name(), near).await.unwrap().stream;
        // With the last of the handshake.
        near.write_all(b"hello").await.unwrap();
        near
    };
    let (_near, far) = tokio::join!(client, accept(trust.server(DEFAULT_CIPHER_SUITES), far));
    let mut read = [0; 5];
    far.unwrap().stream.read_exact(&mut read).await.unwrap();
    assert_eq!(&read, b"hello");
}

#[tokio::test]
async fn a_client_that_offers_a_session_again_is_taken_up() {
    let trust = Trust::new();
    let client = trust.client(DEFAULT_CIPHER_SUITES);
    let server = Arc::new(trust.server(DEFAULT_CIPHER_SUITES));
    let mut kinds = Vec::new();
    for _ in 0..2 {
        let (near, far) = duplex(ROOM);
        let accepting = TlsAcceptor::from(server.clone());
        let connecting = connect(client.clone(), near);
        let (near, far) = tokio::join!(connecting, accepting.accept(far));
        let (mut near, far) = (near.unwrap().stream, far.unwrap());
        kinds.push(far.get_ref().1.handshake_kind().unwrap());
        // The ticket comes with what the server says.
        talk(&mut near, far, b"hello", b"hello").await;
    }
    use rustls::HandshakeKind::{Full, Resumed};
    assert_eq!(kinds, [Full, Resumed]);
}

#[tokio::test]
async fn a_server_outside_that_is_not_trusted_is_told_so() {
    let (trust, other) = (Trust::new(), Trust::new());
    let (near, far) = duplex(ROOM);
    let server = TlsAcceptor::from(Arc::new(other.server(DEFAULT_CIPHER_SUITES)));
    let client = connect(trust.client(DEFAULT_CIPHER_SUITES), near);
    let (ours, theirs) = tokio::join!(client, server.accept(far));
    let ours = ours.err().unwrap().to_string();
    assert!(ours.contains("invalid peer certificate"), "{ours}");
    let theirs = theirs.err().unwrap().to_string();
    assert!(theirs.contains("received fatal alert"), "{theirs}");
}

#[tokio::test]
async fn a_client_without_a_certificate_is_told_so() {
    let trust = Trust::new();
    let (near, far) = duplex(ROOM);
    let client = TlsConnector::from(Arc::new(trust.nobody(DEFAULT_CIPHER_SUITES)));
    let server = accept(trust.server(DEFAULT_CIPHER_SUITES), far);
    let (theirs, ours) = tokio::join!(client.connect(name(), near), server);
    let ours = ours.err().unwrap().to_string();
    assert_eq!(ours, "peer sent no certificates");
    // With TLS 1.3 a client is through before the server has judged it.
    let theirs = theirs.unwrap().read(&mut [0; 10]).await.unwrap_err().to_string();
    assert_eq!(theirs, "received fatal alert: CertificateRequired");
}

#[tokio::test]
async fn what_is_no_tls_is_refused() {
    let trust = Trust::new();
    for said in [&b"GET / HTTP/1.1\r\n\r\n"[..], b"\x16\x03\x01\xff\xff"] {
        let (mut near, far) = duplex(ROOM);
        near.write_all(said).await.unwrap();
        let refused = accept(trust.server(DEFAULT_CIPHER_SUITES), far).await;
        let error = refused.err().unwrap();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData, "{error}");
        let mut alert = Vec::new();
        near.read_to_end(&mut alert).await.unwrap();
        assert_eq!(alert.first(), Some(&21), "{said:?}: {alert:?}");
    }
}

#[tokio::test]
async fn a_peer_that_goes_away_in_the_middle_is_no_end() {
    let trust = Trust::new();
    let (mut ours, theirs) = ours(&trust, ROOM).await;
    drop(theirs);
    let error = ours.read(&mut [0; 10]).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::UnexpectedEof);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn all_arrives_however_it_is_written_and_read(
        writes in proptest::collection::vec(0_usize..40_000, 1..5),
        reads in proptest::collection::vec(1_usize..40_000, 1..6),
        room in 30_usize..70_000,
        vectored in any::<bool>(),
    ) {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(async {
            let trust = Trust::new();
            let (mut near, mut far) = ours(&trust, room).await;
            let all = bytes(writes.iter().sum());
            let writing = async {
                let mut rest = &all[..];
                for length in &writes {
                    let (mut now, later) = rest.split_at(*length);
                    rest = later;
                    while vectored && now.len() > 2 {
                        let (one, other) = now.split_at(now.len() / 3);
                        let slices = [std::io::IoSlice::new(one), std::io::IoSlice::new(&[]), std::io::IoSlice::new(other)];
                        let count = near.write_vectored(&slices).await.unwrap();
                        now = &now[count..];
                    }
                    near.write_all(now).await.unwrap();
                }
                near.shutdown().await.unwrap();
            };
            let reading = async {
                let mut read = Vec::new();
                for length in reads.iter().cycle() {
                    let mut part = vec![0; *length];
                    match far.read(&mut part).await.unwrap() {
                        0 => break,
                        count => read.extend_from_slice(&part[..count]),
                    }
                }
                read
            };
            let ((), read) = tokio::join!(writing, reading);
            prop_assert!(read == all);
            Ok(())
        })?;
    }
}
