//! The hosts of a mesh, compiled for look-ups: one block of name bytes, one of addresses, one open hash table.
//!
//! A hundred thousand names take a few MiB and some milliseconds. Short names of Kubernetes hosts and expansions by
//! the search domain are no entries: a look-up tries them (see [`lookup`](super::lookup)), which costs less than a
//! table four times as large.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use mesh_wire::NameTable;

use super::name::Name;

/// TTL of answers where the table says none (Istio's agent: 30 s).
const DEFAULT_TTL: u32 = 30;

/// The compiled hosts.
#[derive(Default)]
pub struct Names {
    bytes: Vec<u8>,
    entries: Vec<Entry>,
    /// Index of an entry plus one; `0` is free. Its length is a power of two.
    slots: Vec<u32>,
    v4: Vec<Ipv4Addr>,
    v6: Vec<Ipv6Addr>,
    wildcards: bool,
    /// Seconds that an answer may be kept.
    pub(crate) ttl: u32,
    /// Where names are searched.
    pub(crate) search: Search,
}

/// The domains that short names stand in.
#[derive(Default)]
pub(crate) struct Search {
    /// The first search domain: `<ns>.svc.<domain>`; names are expanded by it.
    pub(crate) first: Option<Name>,
    /// `svc.<domain>`, behind `name.ns`.
    pub(crate) services: Option<Name>,
    /// `<domain>`, behind `name.ns.svc`.
    pub(crate) cluster: Option<Name>,
}

#[derive(Clone, Copy)]
struct Entry {
    name: u32,
    v4: u32,
    v6: u32,
    v4_count: u16,
    v6_count: u16,
    name_len: u8,
    kubernetes: bool,
}

/// A host that is known.
#[derive(Clone, Copy)]
pub(crate) struct Host<'a> {
    /// IPv4.
    pub(crate) v4: &'a [Ipv4Addr],
    /// IPv6.
    pub(crate) v6: &'a [Ipv6Addr],
    /// A service of Kubernetes.
    pub(crate) kubernetes: bool,
}

impl Names {
    /// Compiles a table. A host that cannot be a domain name is left out, and said so in the log.
    pub fn compile(table: &NameTable) -> Self {
        let mut names = Self {
            ttl: if table.ttl == 0 { DEFAULT_TTL } else { table.ttl },
            search: Search::of(table.search.first().map(String::as_str)),
            ..Self::default()
        };
        names.entries.reserve_exact(table.hosts.len());
        for (host, entry) in &table.hosts {
            let Some(name) = Name::parse(host) else {
                tracing::warn!(%host, "left out: this is no domain name");
                continue;
            };
            names.wildcards |= host.starts_with("*.");
            names.push(&name, &entry.addresses, entry.kubernetes);
        }
        names.bytes.shrink_to_fit();
        names.v4.shrink_to_fit();
        names.v6.shrink_to_fit();
        names.index();
        names
    }

    fn push(&mut self, name: &Name, addresses: &[IpAddr], kubernetes: bool) {
        let (v4_start, v6_start, start) = (self.v4.len(), self.v6.len(), self.bytes.len());
        for address in addresses {
            match address {
                IpAddr::V4(address) => self.v4.push(*address),
                IpAddr::V6(address) => self.v6.push(*address),
            }
        }
        self.bytes.extend_from_slice(name.as_bytes());
        self.entries.push(Entry {
            name: index(start),
            name_len: u8::try_from(name.as_bytes().len()).unwrap_or(u8::MAX),
            v4: index(v4_start),
            v4_count: u16::try_from(self.v4.len() - v4_start).unwrap_or(u16::MAX),
            v6: index(v6_start),
            v6_count: u16::try_from(self.v6.len() - v6_start).unwrap_or(u16::MAX),
            kubernetes,
        });
    }

    fn index(&mut self) {
        let size = (self.entries.len() * 2).next_power_of_two().max(2);
        self.slots = vec![0; size];
        for at in 0..self.entries.len() {
            let mut slot = hash(self.name_of(self.entries[at])) & (size - 1);
            while self.slots[slot] != 0 {
                slot = (slot + 1) & (size - 1);
            }
            self.slots[slot] = index(at + 1);
        }
    }

    fn name_of(&self, entry: Entry) -> &[u8] {
        let start = entry.name as usize;
        self.bytes
            .get(start..start + usize::from(entry.name_len))
            .unwrap_or_default()
    }

    /// The host whose name has exactly this wire form.
    pub(crate) fn exact(&self, name: &[u8]) -> Option<Host<'_>> {
        let mask = self.slots.len().checked_sub(1)?;
        let mut slot = hash(name) & mask;
        loop {
            let at = self.slots.get(slot)?.checked_sub(1)?;
            let entry = *self.entries.get(at as usize)?;
            if self.name_of(entry) == name {
                return Some(self.host(entry));
            }
            slot = (slot + 1) & mask;
        }
    }

    fn host(&self, entry: Entry) -> Host<'_> {
        let (v4, v6) = (entry.v4 as usize, entry.v6 as usize);
        Host {
            v4: self
                .v4
                .get(v4..v4 + usize::from(entry.v4_count))
                .unwrap_or_default(),
            v6: self
                .v6
                .get(v6..v6 + usize::from(entry.v6_count))
                .unwrap_or_default(),
            kubernetes: entry.kubernetes,
        }
    }

    /// There is a wildcard at all.
    pub(crate) fn has_wildcards(&self) -> bool {
        self.wildcards
    }

    /// How many hosts there are.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// There is no host.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }
}

impl Search {
    fn of(first: Option<&str>) -> Self {
        let Some(first) = first.and_then(Name::parse) else {
            return Self::default();
        };
        let mut domains = first.suffixes().skip(1);
        let services = domains.next().and_then(|wire| Name::read(&rooted(wire), 0));
        let cluster = domains.next().and_then(|wire| Name::read(&rooted(wire), 0));
        let of_services = services
            .as_ref()
            .is_some_and(|(name, _)| name.as_bytes().starts_with(b"\x03svc"));
        let (services, cluster) = if of_services {
            (services, cluster)
        } else {
            (None, None)
        };
        drop(domains);
        Self {
            services: services.map(|(name, _)| name),
            cluster: cluster.map(|(name, _)| name),
            first: Some(first),
        }
    }
}

fn rooted(wire: &[u8]) -> Vec<u8> {
    [wire, &[0]].concat()
}

fn index(at: usize) -> u32 {
    // A table of more than 4 GiB of names does not come out of a bundle.
    u32::try_from(at).unwrap_or(u32::MAX)
}

/// Eight bytes at a time, multiplied and folded. Clients cannot add entries, so that no secret is needed.
fn hash(bytes: &[u8]) -> usize {
    const ODD: u64 = 0x9e37_79b9_7f4a_7c15;
    let mut state = bytes.len() as u64;
    let mut chunks = bytes.chunks_exact(8);
    for chunk in &mut chunks {
        let word = u64::from_le_bytes([
            chunk[0], chunk[1], chunk[2], chunk[3], chunk[4], chunk[5], chunk[6], chunk[7],
        ]);
        state = fold(state ^ word, ODD);
    }
    let mut last = [0_u8; 8];
    let rest = chunks.remainder();
    last[..rest.len()].copy_from_slice(rest);
    let state = fold(state ^ u64::from_le_bytes(last), ODD);
    (state ^ (state >> 32)) as usize
}

fn fold(left: u64, right: u64) -> u64 {
    let product = u128::from(left) * u128::from(right);
    (product as u64) ^ ((product >> 64) as u64) ^ right.rotate_left(17)
}
