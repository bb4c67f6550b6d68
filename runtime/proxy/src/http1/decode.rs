use bytes::Bytes;
use http::HeaderMap;
use http::header::{HeaderName, HeaderValue};
use http_body::Frame;

use super::input::Input;
use super::{Error, MOST_HEADERS};

/// The line with a chunk's size, its extensions with it, is no longer than this.
const LONGEST_LINE: usize = 4 * 1024;
/// Nor are all trailers.
const LONGEST_TRAILERS: usize = 16 * 1024;

/// Where a body ends (RFC 9112, 6.3), and how much of it is still to come.
#[derive(Debug)]
pub(super) enum Decoder {
    Length(u64),
    Chunked(Chunked),
    /// With the connection.
    Close {
        over: bool,
    },
}

/// What comes next of a body in chunks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Chunked {
    Size,
    Data(u64),
    /// The line's end behind a chunk.
    Behind,
    Trailers,
    Over,
}

impl Decoder {
    pub(super) fn chunked() -> Self {
        Self::Chunked(Chunked::Size)
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(
            self,
            Self::Length(0) | Self::Chunked(Chunked::Over) | Self::Close { over: true }
        )
    }

    /// What can be had of `input`; `None` where more has to be read first, or all has come.
    pub(super) fn next(&mut self, input: &mut Input) -> Result<Option<Frame<Bytes>>, Error> {
        match self {
            Self::Length(rest) => Ok(part(rest, input)),
            Self::Close { .. } => Ok((!input.is_empty()).then(|| Frame::data(input.take(u64::MAX)))),
            Self::Chunked(state) => chunk(state, input),
        }
    }

    /// The connection has ended; an error where more was to come.
    pub(super) fn end(&mut self) -> Result<(), Error> {
        match self {
            Self::Close { over } => *over = true,
            _ if self.is_over() => {}
            _ => return Err(Error::Closed),
        }
        Ok(())
    }
}

/// As much as there is of the `rest`.
fn part(rest: &mut u64, input: &mut Input) -> Option<Frame<Bytes>> {
    if *rest == 0 || input.is_empty() {
        return None;
    }
    let data = input.take(*rest);
    *rest -= data.len() as u64;
    Some(Frame::data(data))
}

fn chunk(state: &mut Chunked, input: &mut Input) -> Result<Option<Frame<Bytes>>, Error> {
    loop {
        match state {
            Chunked::Size => {
                let Some(line) = line(input, LONGEST_LINE)? else {
                    return Ok(None);
                };
                *state = match size(&line)? {
                    0 => Chunked::Trailers,
                    size => Chunked::Data(size),
                };
            }
            Chunked::Data(rest) => {
                let data = part(rest, input);
                if *rest == 0 {
                    *state = Chunked::Behind;
                }
                return Ok(data);
            }
            Chunked::Behind => match input.bytes() {
                [b'\r', b'\n', ..] => {
                    input.take(2);
                    *state = Chunked::Size;
                }
                [] | [b'\r'] => return Ok(None),
                _ => return Err(Error::Bad("a chunk is longer than it was said to be")),
            },
            Chunked::Trailers => {
                let Some(trailers) = trailers(input)? else {
                    return Ok(None);
                };
                *state = Chunked::Over;
                return Ok((!trailers.is_empty()).then(|| Frame::trailers(trailers)));
            }
            Chunked::Over => return Ok(None),
        }
    }
}

/// The next line without its end, which is CR and LF and nothing less.
fn line(input: &mut Input, longest: usize) -> Result<Option<Bytes>, Error> {
    match input.bytes().iter().position(|byte| *byte == b'\n') {
        Some(at) if at <= longest => {
            let line = input.take(at as u64 + 1);
            match line.strip_suffix(b"\r\n") {
                Some(bare) if !bare.contains(&b'\r') => Ok(Some(line.slice(..bare.len()))),
                _ => Err(Error::Bad("a line of its chunks does not end as lines do")),
            }
        }
        None if input.len() <= longest => Ok(None),
        _ => Err(Error::Bad("a line of its chunks is too long")),
    }
}

/// Hexadecimal digits; what may follow them is an extension, which nobody looks at.
fn size(line: &[u8]) -> Result<u64, Error> {
    let digits = line.iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
    let (digits, rest) = line.split_at(digits);
    let rest = rest.trim_ascii_start();
    let text = std::str::from_utf8(digits).unwrap_or_default();
    match u64::from_str_radix(text, 16) {
        Ok(size) if rest.is_empty() || rest.starts_with(b";") => Ok(size),
        _ => Err(Error::Bad("the size of a chunk is none")),
    }
}

/// All of them, as soon as they are whole.
fn trailers(input: &mut Input) -> Result<Option<HeaderMap>, Error> {
    let read = input.bytes();
    if read.starts_with(b"\r\n") {
        input.take(2);
        return Ok(Some(HeaderMap::new()));
    }
    let mut fields = [httparse::EMPTY_HEADER; MOST_HEADERS];
    let bad = |_| Error::Bad("its trailers cannot be read");
    let (end, fields) = match httparse::parse_headers(read, &mut fields).map_err(bad)? {
        httparse::Status::Complete((end, fields)) if end <= LONGEST_TRAILERS => (end, fields),
        httparse::Status::Partial if read.len() <= LONGEST_TRAILERS => return Ok(None),
        _ => return Err(Error::Bad("its trailers are too long")),
    };
    let mut trailers = HeaderMap::with_capacity(fields.len());
    for field in fields {
        let name = HeaderName::from_bytes(field.name.as_bytes());
        let value = HeaderValue::from_bytes(field.value);
        let (Ok(name), Ok(value)) = (name, value) else {
            return Err(Error::Bad("its trailers cannot be read"));
        };
        trailers.append(name, value);
    }
    input.take(end as u64);
    Ok(Some(trailers))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The body and its trailers, given in pieces of `size`.
    fn decode(text: &str, size: usize) -> Result<(String, usize), Error> {
        let mut decoder = Decoder::chunked();
        let (mut body, mut trailers) = (String::new(), 0);
        let mut input = Input::default();
        for piece in text.as_bytes().chunks(size) {
            input.put(piece);
            while let Some(frame) = decoder.next(&mut input)? {
                match frame.into_data() {
                    Ok(data) => body.push_str(std::str::from_utf8(&data).unwrap()),
                    Err(frame) => trailers += frame.into_trailers().unwrap().len(),
                }
            }
        }
        decoder.end()?;
        assert!(input.is_empty());
        Ok((body, trailers))
    }

    #[test]
    fn chunks_are_put_together_however_they_come() {
        let text = "5\r\nhello\r\n00006;why=not;\"x\"\r\n world\r\n0\r\nX-End: here\r\nx-more: 1\r\n\r\n";
        for size in 1..text.len() {
            assert_eq!(
                decode(text, size).unwrap(),
                ("hello world".to_owned(), 2),
                "{size}"
            );
        }
        assert_eq!(
            decode("A\r\n0123456789\r\n0\r\n\r\n", 3).unwrap(),
            ("0123456789".to_owned(), 0)
        );
    }

    #[test]
    fn chunks_that_are_none_are_refused() {
        for text in [
            "5\r\nhello",
            "5\r\nhello\r\n",
            "5\r\nhello\r\n0\r\n",
            "5\nhello\r\n0\r\n\r\n",
            "5\r\nhelloo\r\n0\r\n\r\n",
            "5\r\nhello\n0\r\n\r\n",
            "-5\r\nhello\r\n0\r\n\r\n",
            "0x5\r\nhello\r\n0\r\n\r\n",
            "5 5\r\nhello\r\n0\r\n\r\n",
            "\r\nhello\r\n0\r\n\r\n",
            "10000000000000000\r\nhello\r\n0\r\n\r\n",
            "5;a\rb\r\nhello\r\n0\r\n\r\n",
            "0\r\na b: c\r\n\r\n",
        ] {
            for size in [1, 4, 100] {
                assert!(decode(text, size).is_err(), "{text:?} in pieces of {size}");
            }
        }
        let long = format!("5;{}\r\nhello\r\n0\r\n\r\n", "x".repeat(LONGEST_LINE));
        assert!(decode(&long, 1000).is_err());
    }
}
