use std::cell::Cell;
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::{Buf as _, BytesMut};
use rustls::Error;
use tokio::io::{AsyncRead, ReadBuf};

use crate::record::{LONGEST, MOST_PLAIN, Record};
use crate::session::{Opened, Session};

/// Read from the socket at once: what 64 KiB take with all that TLS adds, and more than the longest record.
const READ: usize = 66 * 1024;
/// Read beside what the application has room for: what TLS adds.
const BESIDE: usize = READ - 4 * MOST_PLAIN;

thread_local! {
    /// What is on its way between two polls lies with its connection, and is seldom anything: one place serves all.
    static PLACE: Cell<Option<Box<[u8]>>> = const { Cell::new(None) };
}

/// What the other end says.
pub(crate) struct Incoming {
    /// The beginning of a record; at first all that came behind the handshake.
    unread: Vec<u8>,
    /// Opened, and not read by the application.
    opened: BytesMut,
    /// The other end said goodbye.
    ended: bool,
}

impl Incoming {
    pub(crate) fn new(unread: Vec<u8>) -> Self {
        Self {
            unread,
            opened: BytesMut::new(),
            ended: false,
        }
    }

    pub(crate) fn ended(&self) -> bool {
        self.ended
    }

    /// Reads once from the socket; whether it said anything more, and what is wrong with that.
    pub(crate) fn poll<S: AsyncRead + Unpin>(
        &mut self,
        cx: &mut Context<'_>,
        io: &mut S,
        session: &mut Session,
        buf: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<Result<bool, Error>>> {
        if !matches!(Record::first(&self.unread), Ok(None)) {
            let whole = std::mem::take(&mut self.unread);
            return Poll::Ready(Ok(self.take(&whole, session, buf).map(|()| true)));
        }
        let mut place = PLACE.take().unwrap_or_else(|| vec![0; READ].into());
        let begun = self.unread.len();
        place[..begun].copy_from_slice(&self.unread);
        // Not much more than there is room for, but always enough for a whole record.
        let most = (buf.remaining() + BESIDE).clamp(LONGEST, READ);
        let mut read = ReadBuf::new(&mut place[begun..most]);
        let polled = Pin::new(io).poll_read(cx, &mut read);
        let count = read.filled().len();
        let taken = match count {
            0 => Ok(()),
            _ => self.take(&place[..begun + count], session, buf),
        };
        PLACE.set(Some(place));
        ready!(polled)?;
        Poll::Ready(Ok(taken.map(|()| count > 0)))
    }

    /// Opens all records that are whole, into `buf` while it has room; the beginning of another is kept.
    fn take(&mut self, mut bytes: &[u8], session: &mut Session, buf: &mut ReadBuf<'_>) -> Result<(), Error> {
        while let Some((record, behind)) = Record::first(bytes)? {
            bytes = behind;
            self.open(record, session, buf)?;
            if self.ended {
                // What follows a goodbye does not count (RFC 8446, 6.1).
                bytes = &[];
            }
        }
        self.unread.clear();
        if !bytes.is_empty() {
            self.unread.extend_from_slice(bytes);
        } else if self.unread.capacity() > 0 {
            self.unread = Vec::new();
        }
        Ok(())
    }

    fn open(
        &mut self,
        record: Record<'_>,
        session: &mut Session,
        buf: &mut ReadBuf<'_>,
    ) -> Result<(), Error> {
        let sealed = record.sealed.len();
        let opened = if self.opened.is_empty() && buf.remaining() >= sealed {
            let opened = session.open(record, buf.initialize_unfilled_to(sealed))?;
            buf.advance(opened.data());
            opened
        } else {
            let start = self.opened.len();
            self.opened.resize(start + sealed, 0);
            let opened = session.open(record, &mut self.opened[start..]);
            self.opened
                .truncate(start + opened.as_ref().map_or(0, Opened::data));
            opened?
        };
        self.ended = matches!(opened, Opened::Ended);
        Ok(())
    }

    /// Gives to the application what was opened before there was room for it.
    pub(crate) fn give(&mut self, buf: &mut ReadBuf<'_>) {
        if self.opened.is_empty() {
            return;
        }
        let count = self.opened.len().min(buf.remaining());
        buf.put_slice(&self.opened[..count]);
        self.opened.advance(count);
        if self.opened.is_empty() {
            self.opened = BytesMut::new();
        }
    }
}
