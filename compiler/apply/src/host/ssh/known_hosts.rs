//! The files of known host keys (sshd(8), "SSH_KNOWN_HOSTS FILE FORMAT").

use std::fs::OpenOptions;
use std::io::{self, Write as _};
use std::path::PathBuf;

use aws_lc_rs::{digest, hmac};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};

use crate::ssh_config::matches_any;

/// What is known about one host.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownHosts {
    entries: Vec<Entry>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    revoked: bool,
    algorithm: String,
    key: Vec<u8>,
    place: String,
}

/// What the files say to a key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is the host's.
    Known,
    /// The host is not in the files.
    New,
    /// The host has another key; where that stands.
    Changed(String),
    /// The key must not be trusted any more; where that stands.
    Revoked(String),
}

impl KnownHosts {
    /// What `files` say about `name`. A file that cannot be read says nothing.
    pub fn read(files: &[PathBuf], name: &str) -> Self {
        let mut entries = Vec::new();
        for file in files {
            let bytes = std::fs::read(file).unwrap_or_default();
            entries.extend(parse(
                &String::from_utf8_lossy(&bytes),
                &file.display().to_string(),
                name,
            ));
        }
        Self { entries }
    }

    /// Looks `key` up, which is in SSH's wire format (RFC 4253, section 6.6).
    pub fn check(&self, key: &[u8]) -> Verdict {
        if let Some(entry) = self
            .entries
            .iter()
            .find(|entry| entry.revoked && entry.key == key)
        {
            return Verdict::Revoked(entry.place.clone());
        }
        let mut trusted = self.entries.iter().filter(|entry| !entry.revoked).peekable();
        match trusted.peek() {
            None => Verdict::New,
            Some(first) => {
                let place = first.place.clone();
                if trusted.any(|entry| entry.key == key) {
                    Verdict::Known
                } else {
                    Verdict::Changed(place)
                }
            }
        }
    }

    /// The algorithms of the known keys first, so that the host shows a key that can be compared.
    pub(super) fn preference(&self) -> String {
        const ALL: [&str; 5] = [
            "ssh-ed25519",
            "ecdsa-sha2-nistp256",
            "ecdsa-sha2-nistp384",
            "ecdsa-sha2-nistp521",
            "ssh-rsa",
        ];
        let known = |name: &&str| {
            self.entries
                .iter()
                .any(|entry| !entry.revoked && entry.algorithm == *name)
        };
        let (first, then): (Vec<&str>, Vec<&str>) = ALL.iter().copied().partition(known);
        let named: Vec<&str> = first
            .into_iter()
            .chain(then)
            .map(|name| {
                if name == "ssh-rsa" {
                    "rsa-sha2-512,rsa-sha2-256,ssh-rsa"
                } else {
                    name
                }
            })
            .collect();
        named.join(",")
    }
}

/// The lines of `text` that are about `name`.
fn parse(text: &str, file: &str, name: &str) -> Vec<Entry> {
    let mut entries = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let mut words = line.split_whitespace().peekable();
        let marker = words.next_if(|word| word.starts_with('@'));
        // A certificate authority vouches for certificates, which libssh2 does not ask for.
        if line.trim_start().starts_with('#') || marker == Some("@cert-authority") {
            continue;
        }
        let (Some(hosts), Some(algorithm), Some(key)) = (words.next(), words.next(), words.next()) else {
            continue;
        };
        let Ok(key) = STANDARD.decode(key) else { continue };
        if names(hosts, name) {
            let place = format!("{file}:{}", index + 1);
            entries.push(Entry {
                revoked: marker == Some("@revoked"),
                algorithm: algorithm.to_owned(),
                key,
                place,
            });
        }
    }
    entries
}

/// `hosts` is about `name`: a list of patterns, or `|1|salt|hash` with HMAC-SHA1 of the name.
fn names(hosts: &str, name: &str) -> bool {
    let Some(hashed) = hosts.strip_prefix("|1|") else {
        let patterns: Vec<&str> = hosts.split(',').collect();
        return matches_any(&patterns, name);
    };
    let Some((salt, hash)) = hashed.split_once('|') else {
        return false;
    };
    let (Ok(salt), Ok(hash)) = (STANDARD.decode(salt), STANDARD.decode(hash)) else {
        return false;
    };
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &salt);
    hmac::verify(&key, name.as_bytes(), &hash).is_ok()
}

/// Adds a line for `name` to `file`. One write for one line, since other threads do the same.
pub(super) fn remember(file: &std::path::Path, name: &str, key: &[u8]) -> io::Result<()> {
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder)?;
    }
    let line = format!("{name} {} {}\n", algorithm(key), STANDARD.encode(key));
    OpenOptions::new()
        .create(true)
        .append(true)
        .open(file)?
        .write_all(line.as_bytes())
}

/// The name of a key's algorithm, which stands at its beginning with its length before it.
pub(super) fn algorithm(key: &[u8]) -> String {
    let name = key.first_chunk::<4>().and_then(|length| {
        let length = usize::try_from(u32::from_be_bytes(*length)).ok()?;
        key.get(4..4_usize.checked_add(length)?)
    });
    String::from_utf8_lossy(name.unwrap_or_default()).into_owned()
}

/// `SHA256:…`, as ssh-keygen shows it.
pub(super) fn fingerprint(key: &[u8]) -> String {
    format!(
        "SHA256:{}",
        STANDARD_NO_PAD.encode(digest::digest(&digest::SHA256, key))
    )
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn known(text: &str, name: &str) -> KnownHosts {
        KnownHosts {
            entries: parse(text, "known_hosts", name),
        }
    }

    fn key(name: &str, rest: &[u8]) -> Vec<u8> {
        [
            &u32::try_from(name.len()).unwrap().to_be_bytes()[..],
            name.as_bytes(),
            rest,
        ]
        .concat()
    }

    fn line(hosts: &str, key: &[u8]) -> String {
        format!("{hosts} {} {}\n", algorithm(key), STANDARD.encode(key))
    }

    #[test]
    fn a_key_is_known_new_changed_or_revoked() {
        let (ours, other) = (key("ssh-ed25519", b"1"), key("ssh-rsa", b"2"));
        let text = format!("# hosts\n{}", line("db,[db]:2222,10.0.*", &ours));
        assert_eq!(known(&text, "[db]:2222").check(&ours), Verdict::Known);
        assert_eq!(
            known(&text, "10.0.0.7").check(&other),
            Verdict::Changed("known_hosts:2".to_owned())
        );
        assert_eq!(known(&text, "web").check(&ours), Verdict::New);
        let revoked = format!("{text}@revoked {}", line("*", &ours));
        assert_eq!(
            known(&revoked, "db").check(&ours),
            Verdict::Revoked("known_hosts:3".to_owned())
        );
    }

    #[test]
    fn a_hashed_name_is_found() {
        let salt = b"01234567890123456789";
        let hash = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, salt), b"db");
        let ours = key("ssh-ed25519", b"1");
        let text = line(
            &format!("|1|{}|{}", STANDARD.encode(salt), STANDARD.encode(hash)),
            &ours,
        );
        assert_eq!(known(&text, "db").check(&ours), Verdict::Known);
        assert_eq!(known(&text, "web").check(&ours), Verdict::New);
    }

    #[test]
    fn the_algorithm_of_the_known_key_is_asked_for_first() {
        let text = line("db", &key("ssh-rsa", b"1"));
        assert!(known(&text, "db").preference().starts_with("rsa-sha2-512,"));
        assert!(known(&text, "web").preference().starts_with("ssh-ed25519,"));
    }

    proptest! {
        #[test]
        fn any_file_is_read_without_a_panic(text in "(?s).{0,200}") {
            known(&text, "host").check(text.as_bytes());
            algorithm(text.as_bytes());
        }
    }
}
