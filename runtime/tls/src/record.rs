use rustls::Error;
use rustls::InvalidMessage;

/// Type, version, length (RFC 8446, 5.1).
pub(crate) const HEADER: usize = 5;
/// The most plaintext of a record (RFC 8446, 5.1).
pub(crate) const MOST_PLAIN: usize = 1 << 14;
/// The most that lies behind a header: TLS 1.2 allows more beside the plaintext than TLS 1.3 (RFC 5246, 6.2.3).
const MOST_SEALED: usize = MOST_PLAIN + 2048;
/// The longest record.
pub(crate) const LONGEST: usize = HEADER + MOST_SEALED;

/// What is in a record (RFC 8446, 5.1). Others than these are none that either end may send.
pub(crate) mod content {
    pub(crate) const ALERT: u8 = 21;
    pub(crate) const HANDSHAKE: u8 = 22;
    pub(crate) const DATA: u8 = 23;
}

/// The version that records of TLS 1.2 and 1.3 bear.
const VERSION: [u8; 2] = [3, 3];

pub(crate) fn header(content: u8, length: usize) -> [u8; HEADER] {
    // Nobody seals more than MOST_SEALED.
    let length = u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes();
    [content, VERSION[0], VERSION[1], length[0], length[1]]
}

/// A record as it came.
#[derive(Clone, Copy)]
pub(crate) struct Record<'a> {
    pub(crate) header: [u8; HEADER],
    pub(crate) sealed: &'a [u8],
}

impl<'a> Record<'a> {
    /// The first record of these bytes, and what is behind it; `None` while it is not whole.
    pub(crate) fn first(bytes: &'a [u8]) -> Result<Option<(Self, &'a [u8])>, Error> {
        let Some((header, rest)) = bytes.split_first_chunk::<HEADER>() else {
            return Ok(None);
        };
        if header[1] != VERSION[0] {
            return Err(InvalidMessage::UnknownProtocolVersion.into());
        }
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        if length > MOST_SEALED {
            return Err(Error::PeerSentOversizedRecord);
        }
        Ok(rest.split_at_checked(length).map(|(sealed, behind)| {
            let header = *header;
            (Self { header, sealed }, behind)
        }))
    }
}
