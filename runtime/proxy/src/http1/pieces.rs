//! What is read of bytes does not depend on how they come.

use super::decode::Decoder;
use super::input::Input;
use super::looked::Looked;
use super::request;
use super::response;

/// What is read of `bytes` as requests with their bodies, given in pieces of `size`: heads, data and trailers, in order.
pub(super) fn requests(bytes: &[u8], size: usize) -> Vec<String> {
    let (mut input, mut looked) = (Input::default(), Looked::default());
    let (mut came, mut body) = (Vec::new(), Decoder::Length(0));
    for piece in bytes.chunks(size.max(1)) {
        input.put(piece);
        loop {
            match follow(&mut body, &mut input, &mut came) {
                Some(true) => {}
                Some(false) => break,
                None => return came,
            }
            match request::read(&mut input, &mut looked) {
                Ok(Some(head)) => {
                    came.push(format!("{:?} {:?} {:?}", head.parts, head.goes_on, head.expects));
                    came.push(String::new());
                    body = head.body;
                }
                Ok(None) => break,
                Err(_) => return came,
            }
        }
    }
    came
}

/// The same of one answer.
pub(super) fn answer(bytes: &[u8], size: usize) -> Vec<String> {
    let (mut input, mut looked, mut body) = (Input::default(), Looked::default(), None);
    let mut came = Vec::new();
    for piece in bytes.chunks(size.max(1)) {
        input.put(piece);
        if body.is_none() {
            match response::read(&mut input, &mut looked, &http::Method::GET, |_, _| {}) {
                Ok(Some(head)) => {
                    came.push(format!("{:?} {:?} {:?}", head.status, head.headers, head.goes_on));
                    came.push(String::new());
                    body = Some(head.body);
                }
                Ok(None) => continue,
                Err(_) => return came,
            }
        }
        if let Some(body) = &mut body
            && follow(body, &mut input, &mut came).is_none()
        {
            return came;
        }
    }
    came
}

/// Takes what there is of a body; whether it is over, `None` where it is none.
fn follow(body: &mut Decoder, input: &mut Input, came: &mut [String]) -> Option<bool> {
    while let Some(frame) = body.next(input).ok()? {
        let told = match frame.into_data() {
            Ok(data) => data.escape_ascii().to_string(),
            Err(frame) => format!(" {:?}", frame.into_trailers().ok()),
        };
        if let Some(last) = came.last_mut() {
            last.push_str(&told);
        }
    }
    Some(body.is_over())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// Pieces that messages are made of, and what spoils them.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let piece = prop::sample::select(vec![
            "GET / HTTP/1.1\r\n",
            "POST /a HTTP/1.1\r\n",
            "HTTP/1.1 200 OK\r\n",
            "HTTP/1.1 100 Continue\r\n\r\n",
            "Host: a\r\n",
            "Connection: close\r\n",
            "Content-Length: 4\r\n",
            "Transfer-Encoding: chunked\r\n",
            "x: y\r\n",
            "\r\n",
            "\r\n\r\n",
            "3\r\nabc\r\n",
            "0\r\n",
            "abcd",
            "\n",
            "\r",
            "\0",
        ]);
        prop::collection::vec(piece, 0..24).prop_map(|pieces| pieces.concat().into_bytes())
    }

    proptest! {
        #[test]
        fn it_does_not_matter_how_messages_come(bytes in text(), size in 1_usize..64) {
            prop_assert_eq!(requests(&bytes, size), requests(&bytes, bytes.len()));
            prop_assert_eq!(answer(&bytes, size), answer(&bytes, bytes.len()));
        }
    }
}
