//! Whatever a peer sends once hands were shaken, sealed as it should be or not, in parts of any size: what is heard is what
//! it said until it broke the rules, and nothing else.
#![no_main]

#[path = "../../runtime/tls/tests/support/mod.rs"]
mod support;

use std::sync::LazyLock;

use support::Trust;
use support::forger::Forger;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

static TRUST: LazyLock<Trust> = LazyLock::new(Trust::new);

const DATA: u8 = 23;

/// The first byte says what follows: raw bytes, or a record of some content with some padding.
async fn play(mut script: &[u8]) {
    let room = 1 + script.first().map_or(0, |size| usize::from(*size) * 8);
    let (mut forger, mut server) = Forger::new(&TRUST, room.max(64)).await;
    let mut said = Vec::new();
    let mut expected = Vec::new();
    let mut clean = true;
    while let &[what, length, ref rest @ ..] = script {
        let (plain, behind) = rest.split_at(usize::from(length).min(rest.len()));
        script = behind;
        match what {
            0..=31 => {
                clean &= plain.is_empty();
                said.extend_from_slice(plain);
            }
            32..=127 => {
                said.extend(forger.seal(DATA, plain, usize::from(what & 7)));
                if clean {
                    expected.extend_from_slice(plain);
                }
            }
            _ => {
                clean = false;
                said.extend(forger.seal(what & 31, plain, usize::from(what >> 5)));
            }
        }
    }
    let says = async {
        // It may hear no more.
        let _heard = forger.io.write_all(&said).await;
        let _heard = forger.io.shutdown().await;
        let _said = forger.io.read_to_end(&mut Vec::new()).await;
    };
    let hears = async {
        let mut heard = Vec::new();
        let _ended = server.read_to_end(&mut heard).await;
        let _gone = server.shutdown().await;
        drop(server);
        heard
    };
    let ((), heard) = tokio::join!(says, hears);
    // What a script without a broken rule says is heard, all of it; what comes behind such a one may be, if it was none.
    assert!(heard.starts_with(&expected));
    assert!(!clean || heard == expected);
}

libfuzzer_sys::fuzz_target!(|script: &[u8]| {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(play(script));
});
