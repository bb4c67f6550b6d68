use aws_lc_rs::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};
use rustls::crypto::cipher::{AeadKey, Iv};
use rustls::{ConnectionTrafficSecrets, Error, PeerMisbehaved, ProtocolVersion};

use crate::record::{HEADER, MOST_PLAIN, Record, content, header};

/// All suites here end a record with so much that says whether it is whole.
const TAG: usize = 16;
/// TLS 1.2 sends this much of the nonce with each record of AES-GCM (RFC 5288, 3).
const EXPLICIT: usize = 8;

/// How a version writes its records.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    /// RFC 8446, 5.2: the type is sealed too, behind the plaintext.
    Tls13,
    /// RFC 5288, 3.
    Tls12Gcm,
    /// RFC 7905, 2.
    Tls12ChaCha,
}

/// Seals, or opens, the records of one direction, each under a number of its own.
pub(crate) struct Key {
    key: LessSafeKey,
    iv: [u8; aead::NONCE_LEN],
    form: Form,
    /// Of the next record.
    sequence: u64,
}

impl Key {
    pub(crate) fn new(
        version: ProtocolVersion,
        (sequence, secrets): (u64, ConnectionTrafficSecrets),
    ) -> Result<Self, Error> {
        let tls13 = version == ProtocolVersion::TLSv1_3;
        let (algorithm, key, iv, form): (_, AeadKey, Iv, _) = match secrets {
            ConnectionTrafficSecrets::Aes128Gcm { key, iv } => (&aead::AES_128_GCM, key, iv, Form::Tls12Gcm),
            ConnectionTrafficSecrets::Aes256Gcm { key, iv } => (&aead::AES_256_GCM, key, iv, Form::Tls12Gcm),
            ConnectionTrafficSecrets::Chacha20Poly1305 { key, iv } => {
                (&aead::CHACHA20_POLY1305, key, iv, Form::Tls12ChaCha)
            }
            _ => return Err(Error::General("a suite whose records are not known".to_owned())),
        };
        let key = key.as_ref().get(..algorithm.key_len());
        let unbound = key.and_then(|key| UnboundKey::new(algorithm, key).ok());
        let iv = <[u8; aead::NONCE_LEN]>::try_from(iv.as_ref()).ok();
        let (Some(unbound), Some(iv)) = (unbound, iv) else {
            return Err(Error::General("a key that does not fit its suite".to_owned()));
        };
        Ok(Self {
            key: LessSafeKey::new(unbound),
            iv,
            form: if tls13 { Form::Tls13 } else { form },
            sequence,
        })
    }

    /// How many records were sealed or opened with it.
    pub(crate) fn used(&self) -> u64 {
        self.sequence
    }

    /// Puts what `plain` writes, MOST_PLAIN at most, behind `out` as one record.
    pub(crate) fn seal(
        &mut self,
        content: u8,
        out: &mut Vec<u8>,
        plain: impl FnOnce(&mut Vec<u8>),
    ) -> Result<(), Error> {
        let start = out.len();
        let nonce = self.nonce();
        let explicit = match self.form {
            Form::Tls12Gcm => EXPLICIT,
            Form::Tls13 | Form::Tls12ChaCha => 0,
        };
        out.extend_from_slice(&[0; HEADER]);
        out.extend_from_slice(&nonce[nonce.len() - explicit..]);
        let begin = out.len();
        plain(out);
        let length = out.len() - begin;
        let (outer, extra) = match self.form {
            Form::Tls13 => {
                out.push(content);
                (content::DATA, 1)
            }
            Form::Tls12Gcm | Form::Tls12ChaCha => (content, 0),
        };
        let header = header(outer, explicit + length + extra + TAG);
        out[start..start + HEADER].copy_from_slice(&header);
        let text = &mut out[begin..];
        let nonce = Nonce::assume_unique_for_key(nonce);
        let tag = match self.form {
            Form::Tls13 => self
                .key
                .seal_in_place_separate_tag(nonce, Aad::from(header), text),
            Form::Tls12Gcm | Form::Tls12ChaCha => {
                let said = said(self.sequence, header, length);
                self.key.seal_in_place_separate_tag(nonce, Aad::from(said), text)
            }
        };
        out.extend_from_slice(tag.map_err(|_| Error::EncryptError)?.as_ref());
        self.advance()
    }

    /// Writes the record's plaintext to `out`, which has room for all that is sealed; what it is, and how much.
    ///
    /// What is in `out` is to be forgotten where this fails.
    pub(crate) fn open(&mut self, record: Record<'_>, out: &mut [u8]) -> Result<(u8, usize), Error> {
        let header = record.header;
        let (text, tag) = record
            .sealed
            .split_at_checked(record.sealed.len().saturating_sub(TAG))
            .filter(|(_, tag)| tag.len() == TAG)
            .ok_or(Error::DecryptError)?;
        if self.form == Form::Tls13 {
            return self.open_13(header, text, tag, out);
        }
        let mut nonce = self.nonce();
        let mut text = text;
        if self.form == Form::Tls12Gcm {
            let (explicit, rest) = text.split_first_chunk::<EXPLICIT>().ok_or(Error::DecryptError)?;
            nonce[aead::NONCE_LEN - EXPLICIT..].copy_from_slice(explicit);
            text = rest;
        }
        let length = text.len();
        if length > MOST_PLAIN {
            return Err(Error::PeerSentOversizedRecord);
        }
        let said = said(self.sequence, header, length);
        let nonce = Nonce::assume_unique_for_key(nonce);
        self.key
            .open_separate_gather(nonce, Aad::from(said), text, tag, &mut out[..length])
            .map_err(|_| Error::DecryptError)?;
        self.advance()?;
        Ok((header[0], length))
    }

    fn open_13(
        &mut self,
        header: [u8; HEADER],
        text: &[u8],
        tag: &[u8],
        out: &mut [u8],
    ) -> Result<(u8, usize), Error> {
        if header[0] != content::DATA {
            // Nothing goes unsealed once hands were shaken, whatever it says it is.
            return Err(PeerMisbehaved::IllegalMiddleboxChangeCipherSpec.into());
        }
        if text.len() > MOST_PLAIN + 1 {
            return Err(Error::PeerSentOversizedRecord);
        }
        let out = &mut out[..text.len()];
        let nonce = Nonce::assume_unique_for_key(self.nonce());
        self.key
            .open_separate_gather(nonce, Aad::from(header), text, tag, out)
            .map_err(|_| Error::DecryptError)?;
        self.advance()?;
        // Zeros may follow the type, to hide how long the plaintext is.
        let end = out.iter().rposition(|byte| *byte != 0);
        let end = end.ok_or(PeerMisbehaved::IllegalTlsInnerPlaintext)?;
        Ok((out[end], end))
    }

    fn nonce(&self) -> [u8; aead::NONCE_LEN] {
        let mut nonce = self.iv;
        let (_, counted) = nonce.split_at_mut(aead::NONCE_LEN - 8);
        for (byte, number) in counted.iter_mut().zip(self.sequence.to_be_bytes()) {
            *byte ^= number;
        }
        nonce
    }

    /// No number serves twice.
    fn advance(&mut self) -> Result<(), Error> {
        self.sequence = self.sequence.checked_add(1).ok_or(Error::EncryptError)?;
        Ok(())
    }
}

/// What TLS 1.2 seals beside the plaintext (RFC 5246, 6.2.3.3).
fn said(sequence: u64, [content, major, minor, ..]: [u8; HEADER], length: usize) -> [u8; 13] {
    let mut said = [0; 13];
    said[..8].copy_from_slice(&sequence.to_be_bytes());
    said[8..11].copy_from_slice(&[content, major, minor]);
    // MOST_PLAIN at most.
    said[11..].copy_from_slice(&u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
    said
}
