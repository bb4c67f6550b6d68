//! Peer metadata on TCP connections: what both sides say first where TLS settled on `istio-peer-exchange`
//! (Envoy `contrib/istio/filters/network/metadata_exchange`).
//!
//! A magic number and a length, each four bytes in network order, and then a `google.protobuf.Any` with a
//! `google.protobuf.Struct` in it: the metadata under one key, the node's ID under another.

use std::sync::OnceLock;

use tokio::sync::Notify;

use super::{METADATA, proto};
use crate::telemetry::Party;

/// The protocol's name in TLS.
pub(crate) const ALPN: &[u8] = b"istio-peer-exchange";

const MAGIC: u32 = 0x3D23_0467;
/// Magic number and length.
const HEAD: usize = 8;
/// A peer that says more of itself is none.
const LONGEST: usize = 64 * 1024;
const STRUCT: &str = "type.googleapis.com/google.protobuf.Struct";

/// What a side says of itself.
pub(super) fn encode(id: &str, metadata: &[(&str, proto::Value<'_>)]) -> Vec<u8> {
    let keys = [METADATA, super::ID];
    let fields = [
        (keys[0].as_str(), proto::Value::Fields(metadata)),
        (keys[1].as_str(), proto::Value::Text(id)),
    ];
    let mut any = Vec::new();
    proto::bytes(&mut any, 1, STRUCT.as_bytes());
    proto::bytes(&mut any, 2, &proto::encode(&fields));
    let mut out = MAGIC.to_be_bytes().to_vec();
    // What is said of a node is far from four gigabytes.
    out.extend_from_slice(&u32::try_from(any.len()).unwrap_or(u32::MAX).to_be_bytes());
    out.extend_from_slice(&any);
    out
}

/// What the first bytes of a peer are.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Preface {
    /// More has to come.
    Short,
    /// The application's own bytes: the peer says nothing of itself.
    Absent,
    /// So many bytes are the peer's words of itself, which may be none that can be read.
    Said(usize, Option<Box<Party>>),
    /// They are nothing that can be passed on.
    Endless,
}

impl Preface {
    pub(crate) fn read(bytes: &[u8]) -> Self {
        let Some((head, rest)) = bytes.split_first_chunk::<HEAD>() else {
            return Self::Short;
        };
        let [a, b, c, d, length @ ..] = *head;
        if u32::from_be_bytes([a, b, c, d]) != MAGIC {
            return Self::Absent;
        }
        let length = u32::from_be_bytes(length) as usize;
        if length > LONGEST {
            return Self::Endless;
        }
        match rest.get(..length) {
            None => Self::Short,
            Some(any) => Self::Said(HEAD + length, decode(any).map(Box::new)),
        }
    }
}

fn decode(any: &[u8]) -> Option<Party> {
    let fields = proto::decode(proto::field(any, 2)?)?;
    let before = format!("{METADATA}.");
    fields
        .keys()
        .any(|key| key.starts_with(&before))
        .then(|| super::described(|key| fields.get(&format!("{before}{key}")).cloned().unwrap_or_default()))
}

/// What a peer says of itself, once it has.
#[derive(Debug, Default)]
pub(crate) struct Introduction {
    said: OnceLock<Option<Box<Party>>>,
    changed: Notify,
}

impl Introduction {
    /// The peer has said it, or will not.
    pub(crate) fn tell(&self, party: Option<Box<Party>>) {
        let _again = self.said.set(party);
        self.changed.notify_waiters();
    }

    /// Waits until the peer has said it, or has said something else.
    pub(crate) async fn told(&self) {
        loop {
            let changed = self.changed.notified();
            if self.said.get().is_some() {
                return;
            }
            changed.await;
        }
    }

    pub(crate) fn party(&self) -> Option<&Party> {
        self.said.get()?.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// As Envoy's filter writes it, by hand from protobuf's rules.
    fn by_hand() -> Vec<u8> {
        fn field(number: u8, content: &[u8]) -> Vec<u8> {
            let mut out = vec![number << 3 | 2];
            let mut length = content.len();
            while length >= 0x80 {
                out.push((length & 0x7f) as u8 | 0x80);
                length >>= 7;
            }
            out.push(length as u8);
            out.extend_from_slice(content);
            out
        }
        let entry =
            |key: &str, value: Vec<u8>| field(1, &[field(1, key.as_bytes()), field(2, &value)].concat());
        let text = |text: &str| field(3, text.as_bytes());
        let labels = [
            entry("app", text("forum")),
            entry("service.istio.io/canonical-name", text("forum-api")),
        ];
        let metadata = [
            entry("NAMESPACE", text("forum")),
            entry("WORKLOAD_NAME", text("forum-v1")),
            entry("LABELS", field(5, &labels.concat())),
        ];
        let whole = [
            entry("x-envoy-peer-metadata", field(5, &metadata.concat())),
            entry(
                "x-envoy-peer-metadata-id",
                text("sidecar~10.0.0.1~forum-1.forum~x"),
            ),
        ];
        let any = [
            field(1, b"type.googleapis.com/google.protobuf.Struct"),
            field(2, &whole.concat()),
        ]
        .concat();
        let length = (any.len() as u32).to_be_bytes();
        [&[0x3d, 0x23, 0x04, 0x67][..], &length, &any].concat()
    }

    #[test]
    fn what_envoy_says_is_read_whole_and_in_parts() {
        let said = by_hand();
        for end in 0..said.len() {
            assert_eq!(Preface::read(&said[..end]), Preface::Short, "{end}");
        }
        let mut more = said.clone();
        more.extend_from_slice(b"SELECT 1");
        let Preface::Said(length, Some(party)) = Preface::read(&more) else {
            panic!("{:?}", Preface::read(&more));
        };
        assert_eq!(&more[length..], b"SELECT 1");
        assert_eq!(
            (&*party.workload, &*party.namespace, &*party.app, &*party.service),
            ("forum-v1", "forum", "forum", "forum-api")
        );
    }

    #[test]
    fn what_is_said_here_is_read_there() {
        let labels = [("app", proto::Value::Text("webapp"))];
        let said = encode(
            "sidecar~1~a.b~c",
            &[
                ("WORKLOAD_NAME", proto::Value::Text("webapp-v2")),
                ("LABELS", proto::Value::Fields(&labels)),
            ],
        );
        let Preface::Said(length, Some(party)) = Preface::read(&said) else {
            panic!("{:?}", Preface::read(&said));
        };
        assert_eq!(length, said.len());
        assert_eq!((&*party.workload, &*party.app), ("webapp-v2", "webapp"));
    }

    #[test]
    fn what_is_something_else_is_told_apart() {
        assert_eq!(Preface::read(b"GET / HTTP/1.1"), Preface::Absent);
        let endless = [&[0x3d, 0x23, 0x04, 0x67][..], &[0xff; 4]].concat();
        assert_eq!(Preface::read(&endless), Preface::Endless);
        let unread = [
            &[0x3d, 0x23, 0x04, 0x67][..],
            &2u32.to_be_bytes(),
            &[0xff, 0xff],
            b"x",
        ]
        .concat();
        assert_eq!(Preface::read(&unread), Preface::Said(10, None));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_fail(bytes: Vec<u8>) {
            let _preface = Preface::read(&bytes);
            let length = (bytes.len() as u32).to_be_bytes();
            let _preface = Preface::read(&[&MAGIC.to_be_bytes()[..], &length, &bytes].concat());
        }
    }
}
