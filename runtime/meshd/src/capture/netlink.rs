//! Deleting a table of nftables without its program: whoever removed `nft` must not be left with rules that lead nowhere.
//!
//! The messages are those of the kernel's `linux/netlink.h` and `linux/netfilter/nf_tables.h`.

use std::io::{self, Read as _, Write as _};
use std::time::Duration;

use nix::libc;
use socket2::{Domain, Protocol, Socket, Type};

/// `NFPROTO_*`: what a table is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Family {
    Inet = 1,
    Ipv4 = 2,
    Ipv6 = 10,
}

/// `NFNL_SUBSYS_NFTABLES`.
const NFTABLES: u16 = 10;
const DELETE_TABLE: u16 = NFTABLES << 8 | 2;
const BATCH_BEGIN: u16 = 0x10;
const BATCH_END: u16 = 0x11;
const REQUEST: u16 = 1;
const ACKNOWLEDGE: u16 = 4;
/// `NLMSG_ERROR`, which is also the type of an acknowledgement.
const ANSWER: u16 = 2;
/// The number that the answer to the deletion bears.
const SEQUENCE: u32 = 2;
const PATIENCE: Duration = Duration::from_secs(2);

/// Deletes the table with all in it; nothing where the kernel has no such table, or no nftables.
pub(crate) fn delete_table(family: Family, name: &str) -> io::Result<()> {
    let protocol = Protocol::from(libc::NETLINK_NETFILTER);
    let mut socket = match Socket::new(Domain::from(libc::AF_NETLINK), Type::RAW, Some(protocol)) {
        Err(error) if error.raw_os_error() == Some(libc::EPROTONOSUPPORT) => return Ok(()),
        socket => socket?,
    };
    socket.set_read_timeout(Some(PATIENCE))?;
    let batch = [
        message(BATCH_BEGIN, REQUEST, 1, 0, NFTABLES, &[]),
        message(
            DELETE_TABLE,
            REQUEST | ACKNOWLEDGE,
            SEQUENCE,
            family as u8,
            0,
            &named(name),
        ),
        message(BATCH_END, REQUEST, 3, 0, NFTABLES, &[]),
    ];
    socket.write_all(&batch.concat())?;
    let mut answer = [0; 8192];
    let length = socket.read(&mut answer)?;
    match verdict(&answer[..length]) {
        Some(0 | libc::ENOENT | libc::EOPNOTSUPP) => Ok(()),
        Some(error) => Err(io::Error::from_raw_os_error(error)),
        None => Err(io::Error::new(
            io::ErrorKind::InvalidData,
            "the kernel's answer is not understood",
        )),
    }
}

/// `nlmsghdr`, `nfgenmsg`, and attributes.
fn message(kind: u16, flags: u16, sequence: u32, family: u8, subsystem: u16, attributes: &[u8]) -> Vec<u8> {
    let length = u32::try_from(20 + attributes.len()).unwrap_or(u32::MAX);
    let mut bytes = Vec::with_capacity(20 + attributes.len());
    bytes.extend(length.to_ne_bytes());
    bytes.extend(kind.to_ne_bytes());
    bytes.extend(flags.to_ne_bytes());
    bytes.extend(sequence.to_ne_bytes());
    bytes.extend(0_u32.to_ne_bytes());
    bytes.extend([family, 0]);
    bytes.extend(subsystem.to_be_bytes());
    bytes.extend(attributes);
    bytes
}

/// The attribute `NFTA_TABLE_NAME`: its length without the padding, its type, text and NUL.
fn named(name: &str) -> Vec<u8> {
    let length = u16::try_from(4 + name.len() + 1).unwrap_or(u16::MAX);
    let mut bytes = [length.to_ne_bytes(), 1_u16.to_ne_bytes()].concat();
    bytes.extend(name.as_bytes());
    bytes.push(0);
    bytes.resize(bytes.len().next_multiple_of(4), 0);
    bytes
}

/// The error number of the answer; 0 where all went well.
fn verdict(answer: &[u8]) -> Option<i32> {
    let kind = u16::from_ne_bytes(answer.get(4..6)?.try_into().ok()?);
    let error = i32::from_ne_bytes(answer.get(16..20)?.try_into().ok()?);
    (kind == ANSWER).then_some(-error)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_padded_and_an_answer_is_read() {
        assert_eq!(
            named("meshd"),
            [10, 0, 1, 0, b'm', b'e', b's', b'h', b'd', 0, 0, 0]
        );
        let mut answer = message(ANSWER, 0, SEQUENCE, 0, 0, &[]);
        answer[16..20].copy_from_slice(&(-libc::ENOENT).to_ne_bytes());
        assert_eq!(verdict(&answer), Some(libc::ENOENT));
        assert_eq!(verdict(&answer[..10]), None);
    }
}
