//! Answers about hosts of the mesh, written beside the question.

use std::net::{Ipv4Addr, Ipv6Addr};

use super::lookup::Found;
use super::query::{A, AAAA, CNAME, Code, HEADER, IN, Query};

/// Points at the name of the question (RFC 1035, section 4.1.4).
const QUESTION: u16 = 0xc000 | 12;
/// What is said about our own UDP size (RFC 6891): a size that never breaks into fragments.
const OWN_SIZE: u16 = 1232;

/// A response that is being written.
pub(crate) struct Answer<'b> {
    out: &'b mut Vec<u8>,
    limit: usize,
    records: u16,
    truncated: bool,
}

impl<'b> Answer<'b> {
    /// Writes what `query` is told about `found`, at most `limit` bytes, the addresses from the `turn`-th on.
    pub(crate) fn found(
        out: &'b mut Vec<u8>,
        query: &Query<'_>,
        found: &Found<'_>,
        ttl: u32,
        limit: usize,
        turn: usize,
    ) {
        let reserved = if query.edns.is_some() { 11 } else { 0 };
        let mut answer = Self::begin(out, query, limit.saturating_sub(reserved));
        let owner = match &found.canonical {
            Some(short) => answer.alias(short.as_bytes(), ttl),
            None => QUESTION,
        };
        match query.kind {
            A => answer.addresses(owner, A, ttl, found.host.v4, turn, Ipv4Addr::octets),
            AAAA => answer.addresses(owner, AAAA, ttl, found.host.v6, turn, Ipv6Addr::octets),
            _ => {}
        }
        answer.end(query, Code::Ok, true);
    }

    /// Writes a response without records.
    pub(crate) fn code(out: &'b mut Vec<u8>, query: &Query<'_>, code: Code) {
        Self::begin(out, query, usize::MAX).end(query, code, false);
    }

    /// Writes an empty response that sends the client to TCP.
    pub(crate) fn truncated(out: &'b mut Vec<u8>, query: &Query<'_>) {
        let mut answer = Self::begin(out, query, usize::MAX);
        answer.truncated = true;
        answer.end(query, Code::Ok, false);
    }

    fn begin(out: &'b mut Vec<u8>, query: &Query<'_>, limit: usize) -> Self {
        out.clear();
        out.extend_from_slice(&query.packet[..query.question_end]);
        Self {
            out,
            limit,
            records: 0,
            truncated: false,
        }
    }

    fn alias(&mut self, short: &[u8], ttl: u32) -> u16 {
        let length = u16::try_from(short.len() + 1).unwrap_or(u16::MAX);
        self.record(QUESTION, CNAME, ttl, length);
        let target = u16::try_from(self.out.len()).unwrap_or(0);
        self.out.extend_from_slice(short);
        self.out.push(0);
        self.records += 1;
        0xc000 | target
    }

    fn addresses<T: Copy, const N: usize>(
        &mut self,
        owner: u16,
        kind: u16,
        ttl: u32,
        addresses: &[T],
        turn: usize,
        octets: impl Fn(&T) -> [u8; N],
    ) {
        let first = if addresses.is_empty() {
            0
        } else {
            turn % addresses.len()
        };
        for address in addresses[first..].iter().chain(&addresses[..first]) {
            if self.out.len() + 12 + N > self.limit {
                self.truncated = true;
                return;
            }
            self.record(owner, kind, ttl, u16::try_from(N).unwrap_or(0));
            self.out.extend_from_slice(&octets(address));
            self.records += 1;
        }
    }

    fn record(&mut self, owner: u16, kind: u16, ttl: u32, length: u16) {
        self.out.extend_from_slice(&owner.to_be_bytes());
        self.out.extend_from_slice(&kind.to_be_bytes());
        self.out.extend_from_slice(&IN.to_be_bytes());
        self.out.extend_from_slice(&ttl.to_be_bytes());
        self.out.extend_from_slice(&length.to_be_bytes());
    }

    fn end(self, query: &Query<'_>, code: Code, authoritative: bool) {
        let edns = query.edns.is_some();
        let asked = query.packet[2];
        let flags = 0x80 | (asked & 0x79) | (u8::from(authoritative) << 2) | (u8::from(self.truncated) << 1);
        self.out[2] = flags;
        self.out[3] = 0x80 | (query.packet[3] & 0x10) | code as u8;
        self.out[6..8].copy_from_slice(&self.records.to_be_bytes());
        self.out[8..10].fill(0);
        self.out[10..12].copy_from_slice(&u16::from(edns).to_be_bytes());
        if edns {
            self.out.extend_from_slice(&[0, 0, 41]);
            self.out.extend_from_slice(&OWN_SIZE.to_be_bytes());
            self.out.extend_from_slice(&[0; 6]);
        }
    }
}

/// Refuses a packet whose question cannot be read: the header alone.
pub(crate) fn refuse(out: &mut Vec<u8>, packet: &[u8], code: Code) {
    out.clear();
    let Some(header) = packet.get(..HEADER) else {
        return;
    };
    out.extend_from_slice(header);
    out[2] = 0x80 | (header[2] & 0x79);
    out[3] = 0x80 | code as u8;
    out[4..].fill(0);
}
