//! A client that shakes hands as it should, and then says what it likes: records are sealed here by what the standard says
//! (RFC 8446, 5.2), not by what is tested.
#![allow(dead_code, reason = "each test uses some of it")]

use std::sync::Arc;

use aws_lc_rs::aead::{AES_128_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use mesh_tls::Stream;
use rustls::ConnectionTrafficSecrets;
use rustls::crypto::aws_lc_rs::cipher_suite::TLS13_AES_128_GCM_SHA256;
use tokio::io::{DuplexStream, duplex};
use tokio_rustls::TlsConnector;

use super::{Trust, accept, name};

pub(crate) struct Forger {
    pub(crate) io: DuplexStream,
    sealing: Key,
    opening: Key,
}

struct Key {
    key: LessSafeKey,
    iv: [u8; 12],
    sequence: u64,
}

impl Key {
    fn new((sequence, secrets): (u64, ConnectionTrafficSecrets)) -> Self {
        let ConnectionTrafficSecrets::Aes128Gcm { key, iv } = secrets else {
            panic!("another suite than was wanted");
        };
        Self {
            key: LessSafeKey::new(UnboundKey::new(&AES_128_GCM, &key.as_ref()[..16]).unwrap()),
            iv: iv.as_ref().try_into().unwrap(),
            sequence,
        }
    }

    fn nonce(&mut self) -> Nonce {
        let number = u128::from(self.sequence).to_be_bytes();
        self.sequence += 1;
        let nonce = std::array::from_fn(|at| self.iv[at] ^ number[at + 4]);
        Nonce::assume_unique_for_key(nonce)
    }
}

impl Forger {
    /// With the server that it talks to, which is ours.
    pub(crate) async fn new(trust: &Trust, room: usize) -> (Self, Stream<DuplexStream>) {
        let suites = [TLS13_AES_128_GCM_SHA256];
        let (near, far) = duplex(room);
        let client = TlsConnector::from(Arc::new(trust.client(&suites)));
        let mut server = trust.server(&suites);
        server.send_tls13_tickets = 0;
        let (client, server) = tokio::join!(client.connect(name(), near), accept(server, far));
        let (io, session) = client.unwrap().into_inner();
        let secrets = session.dangerous_extract_secrets().unwrap();
        let forger = Self {
            io,
            sealing: Key::new(secrets.tx),
            opening: Key::new(secrets.rx),
        };
        (forger, server.unwrap().stream)
    }

    /// One record, with `padding` zeros behind what it says it is.
    pub(crate) fn seal(&mut self, content: u8, plain: &[u8], padding: usize) -> Vec<u8> {
        let mut sealed = [plain, &[content], &vec![0; padding]].concat();
        let length = u16::try_from(sealed.len() + 16).unwrap().to_be_bytes();
        let header = [23, 3, 3, length[0], length[1]];
        let nonce = self.sealing.nonce();
        self.sealing
            .key
            .seal_in_place_append_tag(nonce, Aad::from(header), &mut sealed)
            .unwrap();
        [&header[..], &sealed].concat()
    }

    /// What a record brings, and what it is.
    pub(crate) fn open(&mut self, record: &[u8]) -> (u8, Vec<u8>) {
        let (header, sealed) = record.split_first_chunk::<5>().unwrap();
        let mut sealed = sealed.to_vec();
        let nonce = self.opening.nonce();
        let opened = self
            .opening
            .key
            .open_in_place(nonce, Aad::from(*header), &mut sealed);
        let (content, plain) = opened.unwrap().split_last().unwrap();
        (*content, plain.to_vec())
    }
}
