#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use http::{HeaderName, HeaderValue};
use proptest::prelude::*;

use super::{Decoder, Encoder, Field, Pseudo};

fn decoded(decoder: &mut Decoder, block: &[u8]) -> Option<Vec<(String, String)>> {
    let mut fields = Vec::new();
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    let done = decoder.decode(block, |field| {
        fields.push(match field {
            Field::Pseudo(pseudo, value) => (pseudo.name().to_owned(), text(&value)),
            Field::Header(name, value) => (name.as_str().to_owned(), text(value.as_bytes())),
            Field::Malformed { .. } => ("malformed".to_owned(), String::new()),
        });
    });
    done.ok().map(|()| fields)
}

fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<u8> = hex.bytes().filter(u8::is_ascii_hexdigit).collect();
    let pairs = digits.chunks(2);
    pairs
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

fn fields(list: &[(&str, &str)]) -> Vec<(String, String)> {
    list.iter()
        .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()))
        .collect()
}

/// RFC 7541, appendix C.3 and C.4: the same three requests, plain and with Huffman's code.
#[test]
fn the_requests_of_the_standard_are_read() {
    let base = [
        (":method", "GET"),
        (":scheme", "http"),
        (":path", "/"),
        (":authority", "www.example.com"),
    ];
    let plain = [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
    ];
    let coded = [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
    ];
    for blocks in [plain, coded] {
        let mut decoder = Decoder::default();
        let mut read = blocks
            .iter()
            .map(|block| decoded(&mut decoder, &bytes(block)).unwrap());
        assert_eq!(read.next().unwrap(), fields(&base));
        let second = [&base[..], &[("cache-control", "no-cache")]].concat();
        assert_eq!(read.next().unwrap(), fields(&second));
        let third = [
            (":method", "GET"),
            (":scheme", "https"),
            (":path", "/index.html"),
            (":authority", "www.example.com"),
            ("custom-key", "custom-value"),
        ];
        assert_eq!(read.next().unwrap(), fields(&third));
    }
}

#[test]
fn what_refers_to_nothing_or_makes_the_table_too_large_is_refused() {
    for bad in ["80", "be", "3fe2 1f", "8220", "40", "400a 63", "7f"] {
        assert_eq!(decoded(&mut Decoder::default(), &bytes(bad)), None, "{bad}");
    }
    assert!(decoded(&mut Decoder::default(), &bytes("3fe1 1f82")).is_some());
}

#[test]
fn what_comes_again_is_one_byte() {
    let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
    let (name, value) = (
        HeaderName::from_static("x-mine"),
        HeaderValue::from_static("something long"),
    );
    let mut lengths = Vec::new();
    for _ in 0..3 {
        let mut block = Vec::new();
        encoder.begin(&mut block);
        encoder.header(&name, &value, &mut block);
        lengths.push(block.len());
        assert_eq!(
            decoded(&mut decoder, &block).unwrap(),
            fields(&[("x-mine", "something long")])
        );
    }
    assert!(
        lengths[0] > 20 && lengths[1] > 10 && lengths[2] == 1,
        "{lengths:?}"
    );
}

#[test]
fn secrets_stay_out_of_tables() {
    let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
    let name = HeaderName::from_static("x-secret");
    let mut value = HeaderValue::from_static("Bearer abc");
    // Somebody said the same, and did not mind.
    for _ in 0..3 {
        let mut block = Vec::new();
        encoder.begin(&mut block);
        encoder.header(&name, &value, &mut block);
        decoded(&mut decoder, &block).unwrap();
    }
    value.set_sensitive(true);
    for _ in 0..3 {
        let mut block = Vec::new();
        encoder.begin(&mut block);
        encoder.header(&name, &value, &mut block);
        assert_eq!(block[0], 0x10);
        let mut sensitive = false;
        decoder
            .decode(&block, |field| {
                sensitive = matches!(field, Field::Header(_, value) if value.is_sensitive());
            })
            .unwrap();
        assert!(sensitive);
    }
}

#[derive(Clone, Debug)]
enum Step {
    Field(usize, usize),
    Limit(usize),
    Block,
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        20 => (0usize..12, 0usize..40).prop_map(|(name, value)| Step::Field(name, value)),
        1 => (0usize..5000).prop_map(Step::Limit),
        3 => Just(Step::Block),
    ];
    prop::collection::vec(step, 0..300)
}

proptest! {
    /// However the table fills, shrinks and grows, both ends have the same one.
    #[test]
    fn what_is_encoded_is_decoded(steps in steps()) {
        let (mut encoder, mut decoder) = (Encoder::default(), Decoder::default());
        let (mut block, mut sent) = (Vec::new(), Vec::new());
        for step in steps {
            match step {
                Step::Field(name, value) => {
                    let (name, value) = (format!("x-name-{name}"), "v".repeat(value * 17));
                    if sent.is_empty() {
                        encoder.begin(&mut block);
                    }
                    encoder.header(
                        &HeaderName::try_from(&name).unwrap(),
                        &HeaderValue::try_from(&value).unwrap(),
                        &mut block,
                    );
                    sent.push((name, value));
                }
                // Settings are never changed within a block.
                Step::Limit(most) if sent.is_empty() => encoder.limit(most),
                Step::Limit(_) => {}
                Step::Block => {
                    prop_assert_eq!(decoded(&mut decoder, &block), Some(std::mem::take(&mut sent)));
                    block.clear();
                }
            }
        }
    }

    #[test]
    fn no_bytes_make_it_fail(blocks: Vec<Vec<u8>>) {
        let mut decoder = Decoder::default();
        for block in blocks {
            let _answer = decoder.decode(&block, |_| {});
        }
    }
}

#[test]
fn what_concerns_one_connection_goes_no_further() {
    let mut block = Vec::new();
    for name in [
        "connection",
        "transfer-encoding",
        "upgrade",
        "keep-alive",
        "proxy-connection",
    ] {
        let value = HeaderValue::from_static("close");
        Encoder::default().header(&HeaderName::from_static(name), &value, &mut block);
    }
    assert_eq!(block, b"");
}

#[test]
fn pseudo_fields_are_known_by_their_names() {
    let mut block = Vec::new();
    Encoder::default().field(Pseudo::Protocol.name(), b"websocket", &mut block);
    assert_eq!(
        decoded(&mut Decoder::default(), &block).unwrap(),
        fields(&[(":protocol", "websocket")])
    );
}
