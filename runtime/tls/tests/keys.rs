//! Keys are changed where one end asks for it, and where one has sealed as much as it is good for.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use std::sync::Arc;

use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
use rustls::{CipherSuiteCommon, SupportedCipherSuite, Tls13CipherSuite};
use support::{Trust, connect};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, duplex};
use tokio_rustls::TlsAcceptor;

const SUITE: [SupportedCipherSuite; 1] = [TLS13_AES_128_GCM_SHA256];

/// A suite whose keys are good for `limit` records.
fn tired(limit: u64) -> SupportedCipherSuite {
    let suite = TLS13_AES_128_GCM_SHA256.tls13().unwrap();
    SupportedCipherSuite::Tls13(Box::leak(Box::new(Tls13CipherSuite {
        common: CipherSuiteCommon {
            suite: suite.common.suite,
            hash_provider: suite.common.hash_provider,
            confidentiality_limit: limit,
        },
        hkdf_provider: suite.hkdf_provider,
        aead_alg: suite.aead_alg,
        quic: suite.quic,
    })))
}

#[tokio::test]
async fn a_peer_that_changes_its_keys_and_asks_for_ours_gets_both() {
    let trust = Trust::new();
    let (near, far) = duplex(4096);
    let server = TlsAcceptor::from(Arc::new(trust.server(&SUITE)));
    let client = connect(trust.client(&SUITE), near);
    let (near, far) = tokio::join!(client, server.accept(far));
    let (mut near, mut far) = (near.unwrap().stream, far.unwrap());
    for turn in 0..100_u8 {
        far.get_mut().1.refresh_traffic_keys().unwrap();
        far.write_all(&[turn; 100]).await.unwrap();
        far.flush().await.unwrap();
        let mut read = [0; 100];
        near.read_exact(&mut read).await.unwrap();
        assert_eq!(read, [turn; 100]);
        // rustls reads with our new keys what is sealed with them, and only that.
        near.write_all(&read).await.unwrap();
        near.flush().await.unwrap();
        far.read_exact(&mut read).await.unwrap();
    }
}

#[tokio::test]
async fn no_key_seals_more_than_it_is_good_for() {
    let trust = Trust::new();
    let (near, far) = duplex(4096);
    let server = TlsAcceptor::from(Arc::new(trust.server(&SUITE)));
    let client = connect(trust.client(&[tired(5)]), near);
    let (near, far) = tokio::join!(client, server.accept(far));
    let (mut near, mut far) = (near.unwrap().stream, far.unwrap());
    for turn in 0..100_u8 {
        near.write_all(&[turn; 100]).await.unwrap();
        near.flush().await.unwrap();
        let mut read = [0; 100];
        far.read_exact(&mut read).await.unwrap();
        assert_eq!(read, [turn; 100]);
    }
}

#[tokio::test]
async fn who_only_reads_answers_too() {
    let trust = Trust::new();
    let (near, far) = duplex(1 << 20);
    let server = TlsAcceptor::from(Arc::new(trust.server(&SUITE)));
    let client = connect(trust.client(&SUITE), near);
    let (near, far) = tokio::join!(client, server.accept(far));
    let (mut near, mut far) = (near.unwrap().stream, far.unwrap());
    far.get_mut().1.refresh_traffic_keys().unwrap();
    far.write_all(b"said").await.unwrap();
    far.flush().await.unwrap();
    let mut read = [0; 4];
    near.read_exact(&mut read).await.unwrap();
    // Nothing was written here, and yet the answer is on its way.
    let (mut io, _) = far.into_inner();
    let mut header = [0; 5];
    io.read_exact(&mut header).await.unwrap();
    assert_eq!(header[..3], [23, 3, 3]);
}
