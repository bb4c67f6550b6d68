//! No bytes make the translation panic, and bytes that are no answer are refused with the place.

#![allow(
    clippy::disallowed_methods,
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "tests: they read the disk and may panic"
)]

mod sent;

use mesh_wire::Snapshot;
use mesh_xds::{Response, translate};
use proptest::prelude::*;

/// What comes of an answer can be kept on disk and read again.
fn check(bytes: &[u8]) {
    let Ok(response) = Response::read(bytes) else {
        return;
    };
    let snapshot = translate([response]).snapshot;
    let text = serde_json::to_string(&snapshot).unwrap();
    assert_eq!(serde_json::from_str::<Snapshot>(&text).unwrap(), snapshot);
}

proptest! {
    #[test]
    fn any_bytes_are_translated_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        check(&bytes);
    }

    #[test]
    fn what_was_sent_and_was_damaged_is_translated_or_refused(
        kind in 0..sent::KINDS.len(),
        at in any::<prop::sample::Index>(),
        new in any::<u8>(),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let Some(folder) = sent::reference("xds/mysql-1") else {
            return Ok(());
        };
        let file = folder.join(format!("{}.pb", sent::KINDS[kind]));
        let mut bytes = std::fs::read(file).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = new;
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        check(&bytes);
    }
}

#[test]
fn the_place_of_what_is_wrong_is_told() {
    // A resource that is a cluster whose name is no UTF-8.
    let kind = b"\x0a\x2dtype.googleapis.com/envoy.config.cluster.v3.";
    let kind = [&kind[..], b"Cluster"].concat();
    let mut kind = kind;
    kind[1] = u8::try_from(kind.len() - 2).unwrap();
    let value = b"\x12\x03\x0a\x01\xff";
    let any = [&kind[..], value].concat();
    let length = u8::try_from(any.len()).unwrap();
    let bytes = [&[0x12, length][..], &any].concat();
    assert_eq!(
        Response::read(&bytes).unwrap_err().to_string(),
        "resources: [0]: envoy.config.cluster.v3.Cluster: name: a text that is no UTF-8"
    );
}

#[test]
fn messages_inside_messages_have_an_end() {
    let nested = |depth: u32| {
        // `any`, and so many times `not_rule` around it.
        let any = vec![0x18, 0x01];
        (0..depth).fold(any, |inner, _| length_delimited(8, &inner))
    };
    let read = |bytes: &[u8]| mesh_xds::decode("envoy.config.rbac.v3.Permission", bytes);
    assert!(read(&nested(90)).is_ok());
    let error = read(&nested(200)).unwrap_err().to_string();
    assert!(error.ends_with("messages inside messages, too deep"), "{error}");
}

#[test]
fn answers_may_come_in_any_order() {
    let Some(folder) = sent::reference("xds/mysql-1") else {
        return;
    };
    let forwards = translate(sent::responses(&folder));
    let backwards = translate(sent::responses(&folder).into_iter().rev());
    assert_eq!(forwards.snapshot, backwards.snapshot);
    assert_eq!(forwards.names, backwards.names);
}

fn length_delimited(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut out = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        out.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    out.push(u8::try_from(length).unwrap());
    out.extend_from_slice(bytes);
    out
}
