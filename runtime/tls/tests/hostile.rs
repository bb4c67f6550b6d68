//! Peers that shake hands as they should, and break the rules then, are told which, and heard no more.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod support;

use support::Trust;
use support::forger::Forger;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

const ALERT: u8 = 21;
const HANDSHAKE: u8 = 22;
const DATA: u8 = 23;

/// Descriptions of alerts (RFC 8446, 6).
const UNEXPECTED_MESSAGE: u8 = 10;
const BAD_RECORD_MAC: u8 = 20;
const RECORD_OVERFLOW: u8 = 22;
const DECODE_ERROR: u8 = 50;

const ROOM: usize = 1 << 20;

/// Sends what `say` says: what is read before it fails, and the alert that tells why.
async fn said(say: impl FnOnce(&mut Forger) -> Vec<Vec<u8>>) -> (String, u8) {
    let (mut forger, mut server) = Forger::new(&Trust::new(), ROOM).await;
    let records = say(&mut forger);
    forger.io.write_all(&records.concat()).await.unwrap();
    let mut heard = Vec::new();
    let error = server.read_to_end(&mut heard).await.unwrap_err();
    assert_eq!(error.kind(), std::io::ErrorKind::InvalidData, "{error}");
    // Nothing more is heard, and nothing said.
    server.read(&mut [0; 10]).await.unwrap_err();
    server.write(b"more").await.unwrap_err();
    drop(server);
    let mut answer = Vec::new();
    forger.io.read_to_end(&mut answer).await.unwrap();
    let (content, alert) = forger.open(&answer);
    assert_eq!((content, alert[0]), (ALERT, 2), "a fatal alert");
    (String::from_utf8(heard).unwrap(), alert[1])
}

#[tokio::test]
async fn what_came_before_a_broken_record_is_heard() {
    let (heard, alert) = said(|forger| {
        let mut broken = forger.seal(DATA, b"broken", 0);
        broken[7] ^= 1;
        let mut records = vec![broken];
        records.insert(0, Vec::new());
        records
    })
    .await;
    assert_eq!((heard.as_str(), alert), ("", BAD_RECORD_MAC));
    let (heard, alert) = said(|forger| {
        let whole = forger.seal(DATA, b"whole", 3);
        let mut broken = forger.seal(DATA, b"broken", 0);
        *broken.last_mut().unwrap() ^= 1;
        vec![whole, broken, forger.seal(DATA, b"behind", 0)]
    })
    .await;
    assert_eq!((heard.as_str(), alert), ("whole", BAD_RECORD_MAC));
}

#[tokio::test]
async fn a_record_twice_or_in_another_order_is_none() {
    let (heard, alert) = said(|forger| {
        let one = forger.seal(DATA, b"one", 0);
        vec![one.clone(), one]
    })
    .await;
    assert_eq!((heard.as_str(), alert), ("one", BAD_RECORD_MAC));
    let (heard, alert) = said(|forger| {
        let (one, two) = (forger.seal(DATA, b"one", 0), forger.seal(DATA, b"two", 0));
        vec![two, one]
    })
    .await;
    assert_eq!((heard.as_str(), alert), ("", BAD_RECORD_MAC));
}

#[tokio::test]
async fn no_record_is_longer_than_the_standard_has_it() {
    let (_, alert) = said(|_| vec![vec![23, 3, 3, 0xff, 0xff]]).await;
    assert_eq!(alert, RECORD_OVERFLOW);
    let (_, alert) = said(|forger| vec![forger.seal(DATA, &[7; (1 << 14) + 1], 0)]).await;
    assert_eq!(alert, RECORD_OVERFLOW);
    let (_, alert) = said(|_| vec![vec![23, 2, 3, 0, 30]]).await;
    assert_eq!(alert, DECODE_ERROR);
    let (_, alert) = said(|_| vec![[&[23, 3, 3, 0, 3][..], b"abc"].concat()]).await;
    assert_eq!(alert, BAD_RECORD_MAC);
}

#[tokio::test]
async fn nothing_goes_unsealed() {
    for record in [
        &[20, 3, 3, 0, 1, 1][..],
        &[21, 3, 3, 0, 2, 1, 0],
        &[23, 3, 3, 0, 0],
    ] {
        let (_, alert) = said(|_| vec![record.to_vec()]).await;
        let expected = if record[0] == 23 || record[0] == 21 || record[0] == 20 {
            [UNEXPECTED_MESSAGE, BAD_RECORD_MAC]
        } else {
            [UNEXPECTED_MESSAGE; 2]
        };
        assert!(expected.contains(&alert), "{record:?}: {alert}");
    }
}

#[tokio::test]
async fn a_record_says_what_it_is() {
    // Zeros alone are padding of nothing.
    let (_, alert) = said(|forger| vec![forger.seal(0, b"", 20)]).await;
    assert_eq!(alert, UNEXPECTED_MESSAGE);
    for content in [1, 20, 24, 99] {
        let (_, alert) = said(|forger| vec![forger.seal(content, b"what?", 0)]).await;
        assert_eq!(alert, UNEXPECTED_MESSAGE, "{content}");
    }
}

#[tokio::test]
async fn messages_after_the_handshake_are_those_that_there_are() {
    let ticket = [4, 0, 0, 1, 0];
    let hello = [1, 0, 0, 1, 0];
    for message in [ticket, hello] {
        let (_, alert) = said(|forger| vec![forger.seal(HANDSHAKE, &message, 0)]).await;
        assert_eq!(alert, UNEXPECTED_MESSAGE, "{message:?}");
    }
    let update_of_what = [24, 0, 0, 1, 2];
    let update_of_nothing = [24, 0, 0, 0];
    let endless = [24, 0xff, 0xff, 0xff];
    for message in [&update_of_what[..], &update_of_nothing, &endless, &[]] {
        let (_, alert) = said(|forger| vec![forger.seal(HANDSHAKE, message, 0)]).await;
        assert_eq!(alert, DECODE_ERROR, "{message:?}");
    }
}

#[tokio::test]
async fn nothing_follows_new_keys_in_their_record() {
    let (_, alert) = said(|forger| vec![forger.seal(HANDSHAKE, &[24, 0, 0, 1, 0, 24], 0)]).await;
    assert_eq!(alert, UNEXPECTED_MESSAGE);
}

#[tokio::test]
async fn nothing_comes_between_the_parts_of_a_message() {
    for (content, plain) in [(DATA, &b"data"[..]), (ALERT, &[1, 0])] {
        let (_, alert) = said(|forger| {
            vec![
                forger.seal(HANDSHAKE, &[24, 0], 0),
                forger.seal(content, plain, 0),
            ]
        })
        .await;
        assert_eq!(alert, UNEXPECTED_MESSAGE);
    }
}

#[tokio::test]
async fn work_for_nothing_has_an_end() {
    let canceled = [1, 90];
    let (heard, alert) = said(|forger| {
        let mut records = Vec::new();
        for _ in 0..3 {
            records.extend((0..32).map(|_| forger.seal(ALERT, &canceled, 0)));
            records.push(forger.seal(DATA, b".", 0));
        }
        records.extend((0..33).map(|_| forger.seal(ALERT, &canceled, 0)));
        records.push(forger.seal(DATA, b"?", 0));
        records
    })
    .await;
    assert_eq!((heard.as_str(), alert), ("...", UNEXPECTED_MESSAGE));
}

#[tokio::test]
async fn behind_a_goodbye_nothing_counts_and_answers_still_go() {
    let (mut forger, mut server) = Forger::new(&Trust::new(), ROOM).await;
    let records = [
        forger.seal(DATA, b"last words", 0),
        forger.seal(ALERT, &[1, 0], 0),
        forger.seal(DATA, b"and more", 0),
        vec![0; 100],
    ];
    forger.io.write_all(&records.concat()).await.unwrap();
    let mut heard = String::new();
    server.read_to_string(&mut heard).await.unwrap();
    assert_eq!(heard, "last words");
    server.write_all(b"answer").await.unwrap();
    server.flush().await.unwrap();
    let mut record = vec![0; 5 + 6 + 1 + 16];
    forger.io.read_exact(&mut record).await.unwrap();
    assert_eq!(forger.open(&record), (DATA, b"answer".to_vec()));
}

#[tokio::test]
async fn what_the_other_end_complains_of_is_passed_on() {
    let (mut forger, mut server) = Forger::new(&Trust::new(), ROOM).await;
    let record = forger.seal(ALERT, &[2, 49], 0);
    forger.io.write_all(&record).await.unwrap();
    let error = server.read(&mut [0; 10]).await.unwrap_err();
    assert_eq!(error.to_string(), "received fatal alert: AccessDenied");
    // An alert is not answered by one.
    drop(server);
    assert_eq!(forger.io.read(&mut [0; 10]).await.unwrap(), 0);
}
