//! What a client asks (RFC 1035, section 4; RFC 6891 for EDNS).

use super::name::Name;

/// Bytes of the header.
pub(crate) const HEADER: usize = 12;
/// What a client without EDNS can take over UDP (RFC 1035, section 2.3.4).
const PLAIN_SIZE: u16 = 512;
const OPT: u16 = 41;

/// Types and classes that are told apart here.
pub(crate) const A: u16 = 1;
pub(crate) const CNAME: u16 = 5;
pub(crate) const AAAA: u16 = 28;
pub(crate) const IN: u16 = 1;

/// Response codes (RFC 1035, section 4.1.1; RFC 6891, section 9).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Code {
    Ok = 0,
    FormErr = 1,
    ServFail = 2,
    NotImp = 4,
}

/// One question with what matters of its packet.
pub(crate) struct Query<'a> {
    /// The whole packet.
    pub(crate) packet: &'a [u8],
    /// The name that is asked for.
    pub(crate) name: Name,
    /// Record type.
    pub(crate) kind: u16,
    /// Record class.
    pub(crate) class: u16,
    /// Behind the question.
    pub(crate) question_end: usize,
    /// The size that the client takes over UDP; `None` without EDNS.
    pub(crate) edns: Option<u16>,
}

/// What is to be done with a packet that is no question.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// It is a response, or not even a header: an answer could start a war between two servers.
    Drop,
    /// It is answered with this code.
    Refuse(Code),
}

impl<'a> Query<'a> {
    /// Reads a packet.
    pub(crate) fn read(packet: &'a [u8]) -> Result<Self, Malformed> {
        let header = packet.get(..HEADER).ok_or(Malformed::Drop)?;
        if header[2] & 0x80 != 0 {
            return Err(Malformed::Drop);
        }
        if header[2] & 0x78 != 0 {
            return Err(Malformed::Refuse(Code::NotImp));
        }
        if count(header, 4) != 1 {
            return Err(Malformed::Refuse(Code::FormErr));
        }
        Self::read_question(packet).ok_or(Malformed::Refuse(Code::FormErr))
    }

    fn read_question(packet: &'a [u8]) -> Option<Self> {
        let (name, at) = Name::read(packet, HEADER)?;
        let kind = short(packet, at)?;
        let class = short(packet, at + 2)?;
        let question_end = at + 4;
        let records = usize::from(count(packet, 6)) + usize::from(count(packet, 8));
        let additional = count(packet, 10);
        let mut query = Self {
            packet,
            name,
            kind,
            class,
            question_end,
            edns: None,
        };
        let mut place = question_end;
        for _ in 0..records {
            place = Record::read(packet, place)?.end;
        }
        for _ in 0..additional {
            let record = Record::read(packet, place)?;
            if record.kind == OPT {
                query.edns = Some(record.class.max(PLAIN_SIZE));
            }
            place = record.end;
        }
        Some(query)
    }

    /// The size that an answer over UDP may have.
    pub(crate) fn udp_size(&self) -> usize {
        usize::from(self.edns.unwrap_or(PLAIN_SIZE))
    }

    /// The question as it lies in the packet.
    pub(crate) fn question(&self) -> &'a [u8] {
        self.packet.get(HEADER..self.question_end).unwrap_or_default()
    }
}

struct Record {
    kind: u16,
    class: u16,
    end: usize,
}

impl Record {
    fn read(packet: &[u8], start: usize) -> Option<Self> {
        let at = skip_name(packet, start)?;
        let length = usize::from(short(packet, at + 8)?);
        let end = at + 10 + length;
        if end > packet.len() {
            return None;
        }
        Some(Self {
            kind: short(packet, at)?,
            class: short(packet, at + 2)?,
            end,
        })
    }
}

/// Behind a name that may end in a pointer; pointers are not followed, so that none can lead in a circle.
fn skip_name(packet: &[u8], mut at: usize) -> Option<usize> {
    loop {
        match *packet.get(at)? {
            0 => return Some(at + 1),
            length @ 1..=63 => at += 1 + usize::from(length),
            192.. => return Some(at + 2),
            _ => return None,
        }
    }
}

fn short(packet: &[u8], at: usize) -> Option<u16> {
    let bytes = packet.get(at..at + 2)?;
    Some(u16::from_be_bytes([bytes[0], bytes[1]]))
}

fn count(packet: &[u8], at: usize) -> u16 {
    short(packet, at).unwrap_or_default()
}
