//! What a name server says of a name.

use std::net::IpAddr;
use std::time::Duration;

use hickory_proto::op::{Message, ResponseCode};
use hickory_proto::rr::RData;

use super::{A, Found};

/// An answer, as far as it matters here.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reply {
    Found(Found),
    /// The server does not know; another one might.
    Failed(String),
}

/// Reads the addresses of type `kind`. How long they hold is said by whichever record ends first, aliases on the way
/// to them included.
pub(super) fn read(packet: &[u8], kind: u16) -> Reply {
    let message = match Message::from_vec(packet) {
        Ok(message) => message,
        Err(error) => return Reply::Failed(error.to_string()),
    };
    match message.metadata.response_code {
        ResponseCode::NoError => {}
        ResponseCode::NXDomain => return Reply::Found(Found::default()),
        code => return Reply::Failed(code.to_string()),
    }
    let mut found = Found::default();
    let mut ttl = u32::MAX;
    for record in &message.answers {
        let address = match &record.data {
            RData::A(address) if kind == A => Some(IpAddr::V4(address.0)),
            RData::AAAA(address) if kind != A => Some(IpAddr::V6(address.0)),
            RData::CNAME(_) => None,
            _ => continue,
        };
        ttl = ttl.min(record.ttl);
        found
            .addresses
            .extend(address.filter(|address| !found.addresses.contains(address)));
    }
    if !found.addresses.is_empty() {
        found.ttl = Some(Duration::from_secs(ttl.into()));
    }
    Reply::Found(found)
}
