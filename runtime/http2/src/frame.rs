//! Frames (RFC 9113, 4 and 6).

/// How every connection begins.
pub(crate) const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Of what is before a frame's payload.
pub(crate) const HEAD: usize = 9;
/// The largest payload that is taken, and sent: what all have to take.
pub(crate) const LARGEST: usize = 16_384;

pub(crate) mod kind {
    pub(crate) const DATA: u8 = 0;
    pub(crate) const HEADERS: u8 = 1;
    pub(crate) const PRIORITY: u8 = 2;
    pub(crate) const RST_STREAM: u8 = 3;
    pub(crate) const SETTINGS: u8 = 4;
    pub(crate) const PUSH_PROMISE: u8 = 5;
    pub(crate) const PING: u8 = 6;
    pub(crate) const GOAWAY: u8 = 7;
    pub(crate) const WINDOW_UPDATE: u8 = 8;
    pub(crate) const CONTINUATION: u8 = 9;
}

pub(crate) mod flag {
    pub(crate) const ACK: u8 = 0x1;
    pub(crate) const END_STREAM: u8 = 0x1;
    pub(crate) const END_HEADERS: u8 = 0x4;
    pub(crate) const PADDED: u8 = 0x8;
    pub(crate) const PRIORITY: u8 = 0x20;
}

pub(crate) mod setting {
    pub(crate) const HEADER_TABLE_SIZE: u16 = 1;
    pub(crate) const ENABLE_PUSH: u16 = 2;
    pub(crate) const MAX_CONCURRENT_STREAMS: u16 = 3;
    pub(crate) const INITIAL_WINDOW_SIZE: u16 = 4;
    pub(crate) const MAX_FRAME_SIZE: u16 = 5;
    pub(crate) const MAX_HEADER_LIST_SIZE: u16 = 6;
}

/// What is before a frame's payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) length: usize,
    pub(crate) kind: u8,
    pub(crate) flags: u8,
    pub(crate) stream: u32,
}

impl Head {
    pub(crate) fn of(bytes: &[u8]) -> Option<Self> {
        let [a, b, c, kind, flags, s, t, u, v] = *bytes.first_chunk::<HEAD>()?;
        Some(Self {
            length: usize::from(a) << 16 | usize::from(b) << 8 | usize::from(c),
            kind,
            flags,
            // The highest bit says nothing.
            stream: u32::from_be_bytes([s & 0x7f, t, u, v]),
        })
    }

    pub(crate) fn has(&self, flag: u8) -> bool {
        self.flags & flag != 0
    }

    pub(crate) fn bytes(&self) -> [u8; HEAD] {
        let [_, a, b, c] = u32::try_from(self.length).unwrap_or(u32::MAX).to_be_bytes();
        let [s, t, u, v] = self.stream.to_be_bytes();
        [a, b, c, self.kind, self.flags, s, t, u, v]
    }
}

/// Appends a frame.
pub(crate) fn put(kind: u8, flags: u8, stream: u32, payload: &[u8], out: &mut Vec<u8>) {
    let head = Head {
        length: payload.len(),
        kind,
        flags,
        stream,
    };
    out.extend_from_slice(&head.bytes());
    out.extend_from_slice(payload);
}

/// A payload without what it is padded with; `None` where there would be more of that than there is payload.
pub(crate) fn unpadded<'a>(head: &Head, payload: &'a [u8]) -> Option<&'a [u8]> {
    if !head.has(flag::PADDED) {
        return Some(payload);
    }
    let (padding, rest) = payload.split_first()?;
    let length = rest.len().checked_sub(usize::from(*padding))?;
    Some(&rest[..length])
}

/// The first four bytes as a number, without the highest bit where that says nothing.
pub(crate) fn number(payload: &[u8]) -> Option<u32> {
    payload.first_chunk().map(|bytes| u32::from_be_bytes(*bytes))
}

/// Settings of a payload whose length is right.
pub(crate) fn settings(payload: &[u8]) -> impl Iterator<Item = (u16, u32)> {
    payload.chunks_exact(6).map(|one| {
        let name = u16::from_be_bytes([one[0], one[1]]);
        (name, u32::from_be_bytes([one[2], one[3], one[4], one[5]]))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn padding_is_taken_off_and_never_more_than_there_is() {
        let head = Head::of(&[0, 0, 5, kind::DATA, flag::PADDED, 0, 0, 0, 1]);
        let padded = |payload| head.as_ref().and_then(|head| unpadded(head, payload));
        assert_eq!(padded(&[2, b'a', b'b', 0, 0][..]), Some(&b"ab"[..]));
        assert_eq!(padded(&[4, 0, 0, 0, 0][..]), Some(&b""[..]));
        assert_eq!(padded(&[5, 0, 0, 0, 0][..]), None);
        assert_eq!(padded(&[][..]), None);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(kind: u8, flags: u8, stream in 0u32..1 << 31, payload: Vec<u8>) {
            let mut out = Vec::new();
            put(kind, flags, stream, &payload, &mut out);
            let head = Head::of(&out);
            prop_assert_eq!(head, Some(Head { length: payload.len(), kind, flags, stream }));
            prop_assert_eq!(&out[HEAD..], &payload[..]);
        }
    }
}
