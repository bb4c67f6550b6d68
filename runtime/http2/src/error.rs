use std::sync::Arc;

/// Why a stream or a connection ended (RFC 9113, 7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reason(pub(crate) u32);

impl Reason {
    /// Nothing went wrong.
    pub const NO_ERROR: Self = Self(0x0);
    /// The other end broke the protocol.
    pub const PROTOCOL_ERROR: Self = Self(0x1);
    /// Something failed here.
    pub const INTERNAL_ERROR: Self = Self(0x2);
    /// More was sent than a window allows.
    pub const FLOW_CONTROL_ERROR: Self = Self(0x3);
    /// Something came for a stream that was over.
    pub const STREAM_CLOSED: Self = Self(0x5);
    /// A frame has a length that it cannot have.
    pub const FRAME_SIZE_ERROR: Self = Self(0x6);
    /// Nothing was done for the request: it may be sent again.
    pub const REFUSED_STREAM: Self = Self(0x7);
    /// Nobody wants it any more.
    pub const CANCEL: Self = Self(0x8);
    /// Field blocks cannot be read any more.
    pub const COMPRESSION_ERROR: Self = Self(0x9);
    /// The other end makes more work than it should.
    pub const ENHANCE_YOUR_CALM: Self = Self(0xb);

    /// As the standard names it.
    fn name(self) -> &'static str {
        const NAMES: [&str; 14] = [
            "NO_ERROR",
            "PROTOCOL_ERROR",
            "INTERNAL_ERROR",
            "FLOW_CONTROL_ERROR",
            "SETTINGS_TIMEOUT",
            "STREAM_CLOSED",
            "FRAME_SIZE_ERROR",
            "REFUSED_STREAM",
            "CANCEL",
            "COMPRESSION_ERROR",
            "CONNECT_ERROR",
            "ENHANCE_YOUR_CALM",
            "INADEQUATE_SECURITY",
            "HTTP_1_1_REQUIRED",
        ];
        let name = usize::try_from(self.0).ok().and_then(|code| NAMES.get(code));
        name.copied().unwrap_or("an unknown code")
    }
}

impl std::fmt::Display for Reason {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(self.name())
    }
}

/// Why a message did not come, or not whole.
#[derive(Clone, Debug, thiserror::Error)]
pub enum Error {
    /// The connection failed.
    #[error("the connection failed: {0}")]
    Io(Arc<std::io::Error>),
    /// The connection was closed before the end.
    #[error("the connection was closed")]
    Closed,
    /// The other end closed the connection for this reason.
    #[error("the other end closed the connection: {0}")]
    GoAway(Reason),
    /// The other end broke the protocol, in these words, and was told this reason.
    #[error("the other end broke the protocol ({0}): {1}")]
    Protocol(Reason, &'static str),
    /// The other end ended the stream.
    #[error("the stream was reset: {0}")]
    Reset(Reason),
    /// The message breaks the protocol, and its stream was ended here.
    #[error("a message that breaks the protocol: {0}")]
    Malformed(Reason),
    /// The other end does not answer any more.
    #[error("the other end is silent")]
    Silent,
}

impl Error {
    /// Nothing was done for the request: it may be sent again.
    pub fn is_refused(&self) -> bool {
        matches!(self, Self::Reset(Reason::REFUSED_STREAM))
    }

    /// The other end ended the stream, and the connection goes on.
    pub fn is_reset(&self) -> bool {
        matches!(self, Self::Reset(_))
    }
}

/// What the other end did wrong, and whether more than a stream ends with it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    Connection(Reason, &'static str),
    Stream(u32, Reason),
}

pub(crate) const fn broken(why: &'static str) -> Fault {
    Fault::Connection(Reason::PROTOCOL_ERROR, why)
}
