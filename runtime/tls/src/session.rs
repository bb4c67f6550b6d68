use rustls::client::ClientConnectionData;
use rustls::kernel::KernelConnection;
use rustls::server::ServerConnectionData;
use rustls::{
    AlertDescription, ConnectionTrafficSecrets, ContentType, Error, ExtractedSecrets, HandshakeType,
    InvalidMessage, PeerMisbehaved, ProtocolVersion, SupportedCipherSuite,
};

use crate::key::Key;
use crate::record::{Record, content};

/// Records in a row that bring no data; more would be work for nothing.
const MOST_SILENT: u8 = 32;
/// The longest message after the handshake: a ticket, whose parts have 64 KiB each at most.
const LONGEST_MESSAGE: usize = 1 << 17;
/// Kind and length of a message (RFC 8446, 4).
const MESSAGE_HEADER: usize = 4;

/// The level of an alert that ends the connection, and of one that does not (RFC 8446, 6).
const FATAL: u8 = 2;
const WARNING: u8 = 1;

/// What rustls knows of the connection once hands were shaken: later keys, and where tickets are kept.
pub(crate) enum Kernel {
    Client(KernelConnection<ClientConnectionData>),
    Server(KernelConnection<ServerConnectionData>),
}

impl Kernel {
    fn suite(&self) -> SupportedCipherSuite {
        match self {
            Self::Client(kernel) => kernel.negotiated_cipher_suite(),
            Self::Server(kernel) => kernel.negotiated_cipher_suite(),
        }
    }

    fn next_sealing(&mut self) -> Result<(u64, ConnectionTrafficSecrets), Error> {
        match self {
            Self::Client(kernel) => kernel.update_tx_secret(),
            Self::Server(kernel) => kernel.update_tx_secret(),
        }
    }

    fn next_opening(&mut self) -> Result<(u64, ConnectionTrafficSecrets), Error> {
        match self {
            Self::Client(kernel) => kernel.update_rx_secret(),
            Self::Server(kernel) => kernel.update_rx_secret(),
        }
    }
}

/// What a record brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// So many bytes for the application.
    Data(usize),
    /// There will be no more.
    Ended,
    /// Something that was for TLS itself.
    Nothing,
}

impl Opened {
    /// How many bytes the application has of it.
    pub(crate) fn data(&self) -> usize {
        match *self {
            Self::Data(length) => length,
            Self::Ended | Self::Nothing => 0,
        }
    }
}

/// Both directions of a connection after its handshake. Knows no socket: records go in and come out.
pub(crate) struct Session {
    kernel: Kernel,
    version: ProtocolVersion,
    sealing: Key,
    opening: Key,
    /// So many records may be sealed with one key.
    limit: u64,
    /// A message after the handshake of which not all has come.
    begun: Vec<u8>,
    /// Records that brought no data since one did.
    silent: u8,
    /// The other end asked for new keys.
    owes: bool,
}

impl Session {
    pub(crate) fn new(secrets: ExtractedSecrets, kernel: Kernel) -> Result<Self, Error> {
        let suite = kernel.suite();
        let version = suite.version().version;
        let limit = match suite {
            SupportedCipherSuite::Tls13(suite) => suite.common.confidentiality_limit,
            SupportedCipherSuite::Tls12(suite) => suite.common.confidentiality_limit,
        };
        Ok(Self {
            sealing: Key::new(version, secrets.tx)?,
            opening: Key::new(version, secrets.rx)?,
            kernel,
            version,
            limit,
            begun: Vec::new(),
            silent: 0,
            owes: false,
        })
    }

    /// Whether the other end waits for new keys.
    pub(crate) fn owes(&self) -> bool {
        self.owes
    }

    /// Puts what `plain` writes, 16 KiB at most, behind `out` as a record of data.
    pub(crate) fn seal(&mut self, out: &mut Vec<u8>, plain: impl FnOnce(&mut Vec<u8>)) -> Result<(), Error> {
        if self.owes || self.sealing.used() >= self.limit {
            self.renew(out)?;
        }
        self.sealing.seal(content::DATA, out, plain)
    }

    /// Tells the other end that what follows is sealed with new keys.
    pub(crate) fn renew(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        if self.version != ProtocolVersion::TLSv1_3 {
            let why = "the connection sent as much as one key is good for, and TLS 1.2 has no other";
            return Err(Error::General(why.to_owned()));
        }
        // Key update, one byte, not requested (RFC 8446, 4.6.3).
        let message = [u8::from(HandshakeType::KeyUpdate), 0, 0, 1, 0];
        self.sealing
            .seal(content::HANDSHAKE, out, |out| out.extend_from_slice(&message))?;
        self.sealing = Key::new(self.version, self.kernel.next_sealing()?)?;
        self.owes = false;
        Ok(())
    }

    /// Says that nothing follows.
    pub(crate) fn goodbye(&mut self, out: &mut Vec<u8>) -> Result<(), Error> {
        self.alert(WARNING, AlertDescription::CloseNotify, out)
    }

    /// Says why the connection ends, where the other end can do something with it.
    pub(crate) fn complain(&mut self, error: &Error, out: &mut Vec<u8>) -> Result<(), Error> {
        let alert = match error {
            Error::AlertReceived(_) | Error::EncryptError | Error::General(_) => return Ok(()),
            Error::DecryptError => AlertDescription::BadRecordMac,
            Error::PeerSentOversizedRecord => AlertDescription::RecordOverflow,
            Error::InvalidMessage(_) => AlertDescription::DecodeError,
            _ => AlertDescription::UnexpectedMessage,
        };
        self.alert(FATAL, alert, out)
    }

    fn alert(&mut self, level: u8, alert: AlertDescription, out: &mut Vec<u8>) -> Result<(), Error> {
        self.sealing.seal(content::ALERT, out, |out| {
            out.extend_from_slice(&[level, alert.into()]);
        })
    }

    /// Opens a record into `out`, which has room for all that is sealed.
    pub(crate) fn open(&mut self, record: Record<'_>, out: &mut [u8]) -> Result<Opened, Error> {
        let (kind, length) = self.opening.open(record, out)?;
        let plain = &out[..length];
        if kind == content::DATA && self.begun.is_empty() {
            if length > 0 {
                self.silent = 0;
            }
            return Ok(Opened::Data(length));
        }
        self.silent += 1;
        if self.silent > MOST_SILENT {
            return Err(PeerMisbehaved::TooManyKeyUpdateRequests.into());
        }
        match kind {
            content::HANDSHAKE => self.messages(plain).map(|()| Opened::Nothing),
            content::ALERT if self.begun.is_empty() => self.alerted(plain),
            // Nothing comes between the parts of a message (RFC 8446, 5.1).
            _ => Err(Error::InappropriateMessage {
                expect_types: Vec::new(),
                got_type: ContentType::from(kind),
            }),
        }
    }

    fn alerted(&self, plain: &[u8]) -> Result<Opened, Error> {
        let &[level, alert] = plain else {
            return Err(InvalidMessage::TrailingData("Alert").into());
        };
        let tls13 = self.version == ProtocolVersion::TLSv1_3;
        match AlertDescription::from(alert) {
            AlertDescription::CloseNotify => Ok(Opened::Ended),
            AlertDescription::UserCanceled => Ok(Opened::Nothing),
            _ if level == WARNING && !tls13 => Ok(Opened::Nothing),
            alert => Err(Error::AlertReceived(alert)),
        }
    }

    /// Messages that come when hands were shaken, in whatever parts.
    fn messages(&mut self, part: &[u8]) -> Result<(), Error> {
        if part.is_empty() {
            return Err(InvalidMessage::InvalidEmptyPayload.into());
        }
        let mut begun = std::mem::take(&mut self.begun);
        begun.extend_from_slice(part);
        let mut rest = &begun[..];
        while let Some((&[kind, a, b, c], behind)) = rest.split_first_chunk::<MESSAGE_HEADER>() {
            let length = u32::from_be_bytes([0, a, b, c]) as usize;
            if length > LONGEST_MESSAGE {
                return Err(InvalidMessage::HandshakePayloadTooLarge.into());
            }
            let Some((body, behind)) = behind.split_at_checked(length) else {
                break;
            };
            self.message(HandshakeType::from(kind), body, behind.is_empty())?;
            rest = behind;
        }
        self.begun = rest.to_vec();
        Ok(())
    }

    fn message(&mut self, kind: HandshakeType, body: &[u8], last: bool) -> Result<(), Error> {
        let tls13 = self.version == ProtocolVersion::TLSv1_3;
        match (kind, &mut self.kernel) {
            (HandshakeType::KeyUpdate, _) if tls13 => self.renewed(body, last),
            (HandshakeType::NewSessionTicket, Kernel::Client(kernel)) if tls13 => {
                kernel.handle_new_session_ticket(body)
            }
            // The server would like to shake hands again, and does not need to (RFC 5246, 7.4.1.1).
            (HandshakeType::HelloRequest, Kernel::Client(_)) if !tls13 && body.is_empty() => Ok(()),
            (got_type, _) => Err(Error::InappropriateHandshakeMessage {
                expect_types: Vec::new(),
                got_type,
            }),
        }
    }

    /// What follows is sealed with new keys (RFC 8446, 4.6.3).
    fn renewed(&mut self, body: &[u8], last: bool) -> Result<(), Error> {
        let asked = match body {
            [0] => false,
            [1] => true,
            _ => return Err(InvalidMessage::InvalidKeyUpdate.into()),
        };
        if !last {
            // The rest of the record would belong to other keys than those it was sealed with.
            return Err(PeerMisbehaved::KeyEpochWithPendingFragment.into());
        }
        self.opening = Key::new(self.version, self.kernel.next_opening()?)?;
        // However often it asks before it is answered, one answer does.
        self.owes |= asked;
        Ok(())
    }
}
