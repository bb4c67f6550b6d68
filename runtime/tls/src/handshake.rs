use std::io;
use std::sync::Arc;

use rustls::client::{ClientConnectionData, UnbufferedClientConnection};
use rustls::server::{ServerConnectionData, UnbufferedServerConnection};
use rustls::unbuffered::{ConnectionState, EncodeError, UnbufferedStatus};
use rustls::{ClientConfig, CommonState, Error, ExtractedSecrets, PeerMisbehaved, ServerConfig};
use rustls_pki_types::{CertificateDer, ServerName};
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _};

use crate::record::Record;
use crate::session::{Kernel, Session};
use crate::stream::Stream;

/// Read at once: more than most of what either end says of itself.
const PART: usize = 4096;

/// A connection that is protected, and who is at the other end.
pub struct Secured<S> {
    /// Carries the application's bytes.
    pub stream: Stream<S>,
    /// The other end's certificate, where it showed one that was verified.
    pub peer: Option<CertificateDer<'static>>,
}

/// Shakes hands with a client, of whom `read` was read before. `config` has to allow that secrets are extracted.
///
/// # Errors
/// The connection's own; [`io::ErrorKind::InvalidData`] with a [`rustls::Error`] inside, of which the client was told;
/// [`io::ErrorKind::UnexpectedEof`] where it went away.
pub async fn accept<S>(config: Arc<ServerConfig>, read: Vec<u8>, io: S) -> io::Result<Secured<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let connection = UnbufferedServerConnection::new(config).map_err(invalid)?;
    let mut secured = shake(connection, read, io).await?;
    // With TLS 1.2 the client waits for it.
    secured.stream.flush().await?;
    Ok(secured)
}

/// Shakes hands with the server `name`. The last that the handshake says waits for what is said right behind it, or until
/// the stream is flushed or something waited for: the other end is woken once, and reads once. `config` has to allow that
/// secrets are extracted.
///
/// # Errors
/// As of [`accept`].
pub async fn connect<S>(config: Arc<ClientConfig>, name: ServerName<'static>, io: S) -> io::Result<Secured<S>>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let connection = UnbufferedClientConnection::new(config, name).map_err(invalid)?;
    shake(connection, Vec::new(), io).await
}

pub(crate) fn invalid(error: Error) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Either end of a handshake.
trait Side {
    type Data;

    fn process<'c, 'i>(&'c mut self, read: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data>;
    fn common(&self) -> &CommonState;
    fn finish(self) -> Result<(ExtractedSecrets, Kernel), Error>;
}

impl Side for UnbufferedClientConnection {
    type Data = ClientConnectionData;

    fn process<'c, 'i>(&'c mut self, read: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(read)
    }

    fn common(&self) -> &CommonState {
        self
    }

    fn finish(self) -> Result<(ExtractedSecrets, Kernel), Error> {
        let (secrets, kernel) = self.dangerous_into_kernel_connection()?;
        Ok((secrets, Kernel::Client(kernel)))
    }
}

impl Side for UnbufferedServerConnection {
    type Data = ServerConnectionData;

    fn process<'c, 'i>(&'c mut self, read: &'i mut [u8]) -> UnbufferedStatus<'c, 'i, Self::Data> {
        self.process_tls_records(read)
    }

    fn common(&self) -> &CommonState {
        self
    }

    fn finish(self) -> Result<(ExtractedSecrets, Kernel), Error> {
        let (secrets, kernel) = self.dangerous_into_kernel_connection()?;
        Ok((secrets, Kernel::Server(kernel)))
    }
}

/// What a side has to do next.
enum Turn {
    Again,
    /// It waits for more of the other end.
    Read,
    Done,
    Failed(Error),
}

/// One step, with as much of `read` as is given; what is to be said goes behind `unsent`. How much of `read` is done with.
fn turn<C: Side>(side: &mut C, read: &mut [u8], unsent: &mut Vec<u8>) -> (Turn, usize) {
    let status = side.process(read);
    let discard = status.discard;
    let turn = match status.state {
        Ok(ConnectionState::EncodeTlsData(mut encode)) => {
            if let Err(EncodeError::InsufficientSize(size)) = encode.encode(&mut []) {
                let start = unsent.len();
                unsent.resize(start + size.required_size, 0);
                // There is as much room as it asked for.
                let _written = encode.encode(&mut unsent[start..]);
            }
            Turn::Again
        }
        Ok(ConnectionState::TransmitTlsData(transmit)) => {
            transmit.done();
            Turn::Again
        }
        Ok(ConnectionState::WriteTraffic(_)) => Turn::Done,
        Ok(ConnectionState::BlockedHandshake) => Turn::Read,
        Ok(_) => Turn::Failed(Error::HandshakeNotComplete),
        Err(error) => Turn::Failed(error),
    };
    match turn {
        Turn::Done if side.common().is_handshaking() => (Turn::Read, discard),
        turn => (turn, discard),
    }
}

async fn shake<C, S>(mut side: C, mut read: Vec<u8>, mut io: S) -> io::Result<Secured<S>>
where
    C: Side,
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut unsent = Vec::new();
    // rustls sees whole records, one more at a time, and none of those behind the handshake: they are not its to open.
    let mut given = 0;
    loop {
        let (turn, done) = turn(&mut side, &mut read[..given], &mut unsent);
        read.drain(..done);
        given -= done;
        match turn {
            Turn::Again => {}
            Turn::Done => break,
            Turn::Read => given += more(&mut io, &mut read, given, &mut unsent).await?,
            Turn::Failed(error) => {
                // It has one thing more to say: what is wrong.
                let _said = self::turn(&mut side, &mut read[..given], &mut unsent);
                let _gone = io.write_all(&unsent).await;
                let _gone = io.flush().await;
                return Err(invalid(error));
            }
        }
    }
    if given > 0 {
        // A message that began before the last of the handshake, and does not end there.
        return Err(invalid(PeerMisbehaved::KeyEpochWithPendingFragment.into()));
    }
    let alpn = side.common().alpn_protocol().map(<[u8]>::to_vec);
    let chain = side.common().peer_certificates();
    let peer = chain.and_then(|chain| chain.first()).cloned();
    let (secrets, kernel) = side.finish().map_err(invalid)?;
    let session = Session::new(secrets, kernel).map_err(invalid)?;
    let stream = Stream::new(io, session, alpn, unsent, read);
    Ok(Secured { stream, peer })
}

/// How long the next record behind `given` is, once all of it was read. What is no record is rustls's to refuse.
async fn more<S>(io: &mut S, read: &mut Vec<u8>, given: usize, unsent: &mut Vec<u8>) -> io::Result<usize>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    loop {
        let rest = &read[given..];
        match Record::first(rest) {
            Ok(Some((_, behind))) => return Ok(rest.len() - behind.len()),
            Err(_) => return Ok(rest.len()),
            Ok(None) => {}
        }
        if !unsent.is_empty() {
            io.write_all(unsent).await?;
            io.flush().await?;
            unsent.clear();
        }
        read.reserve(PART);
        if io.read_buf(read).await? == 0 {
            return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "tls handshake eof"));
        }
    }
}
