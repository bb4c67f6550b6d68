//! Questions of the proxy's own.

use std::io;
use std::net::SocketAddr;

use super::forward::{self, Transport};
use super::name::Name;
use super::query::{IN, Query};
use super::resolvers::Resolvers;

/// What is taken over UDP: no packet of this size is cut in pieces on its way (DNS Flag Day 2020).
const UDP_SIZE: u16 = 1232;
const OPT: u16 = 41;
const RECURSION_DESIRED: u8 = 1;

/// A question for the records of one name.
pub(crate) struct Question {
    name: Name,
    packet: Vec<u8>,
}

impl Question {
    /// For records of type `kind`; `None` where `name` cannot be one.
    pub(crate) fn new(name: &str, kind: u16) -> Option<Self> {
        let name = Name::parse(name)?;
        // Which id it goes out with is decided each time that it is asked.
        let mut packet = vec![0, 0, RECURSION_DESIRED, 0, 0, 1, 0, 0, 0, 0, 0, 1];
        packet.extend_from_slice(name.as_bytes());
        packet.push(0);
        packet.extend_from_slice(&kind.to_be_bytes());
        packet.extend_from_slice(&IN.to_be_bytes());
        packet.push(0);
        packet.extend_from_slice(&OPT.to_be_bytes());
        packet.extend_from_slice(&UDP_SIZE.to_be_bytes());
        packet.extend_from_slice(&[0; 6]);
        Some(Self { name, packet })
    }

    /// Who is asked, in order.
    pub(crate) fn servers<'a>(&self, resolvers: &'a Resolvers) -> &'a [SocketAddr] {
        resolvers.of_name(&self.name)
    }

    /// The packet that `server` answers with, over TCP where UDP has no room for all of it.
    pub(crate) async fn ask(&self, server: SocketAddr) -> io::Result<Vec<u8>> {
        let query = Query::read(&self.packet).map_err(|_| io::ErrorKind::InvalidInput)?;
        forward::ask_one(&query, server, Transport::Udp).await
    }
}
