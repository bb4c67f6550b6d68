//! The keys of an issuer: a JSON Web Key Set (RFC 7517, RFC 7518, RFC 8037).

use aws_lc_rs::signature::{
    self as signed, EcdsaVerificationAlgorithm, ParsedPublicKey, RsaParameters, RsaPublicKeyComponents,
};
use aws_lc_rs::{error, hmac};
use base64::Engine as _;
use serde::Deserialize;
use serde_json::Value;

use super::Fault;
use super::token::{Algorithm, BASE64, Digest, Token};

/// Ed25519 signatures have this many bytes.
const ED25519: usize = 64;

/// Keys that tokens are verified with.
#[derive(Debug)]
pub(crate) struct KeySet(Vec<Key>);

#[derive(Debug)]
struct Key {
    /// Empty serves tokens of any.
    id: String,
    /// `None` serves tokens of any that the key can.
    algorithm: Option<Algorithm>,
    kind: Kind,
}

#[derive(Debug)]
enum Kind {
    Rsa(RsaPublicKeyComponents<Vec<u8>>),
    /// A point on the curve that the digest goes with.
    Ec(Digest, ParsedPublicKey),
    Ed25519(ParsedPublicKey),
    Secret(Vec<u8>),
}

/// One entry as it is written; what another kind of key has besides is not minded.
#[derive(Deserialize)]
struct Written {
    kty: String,
    #[serde(default)]
    kid: String,
    #[serde(default)]
    alg: String,
    #[serde(default)]
    crv: String,
    #[serde(default)]
    n: String,
    #[serde(default)]
    e: String,
    #[serde(default)]
    x: String,
    #[serde(default)]
    y: String,
    #[serde(default)]
    k: String,
}

impl KeySet {
    /// Out of the text of a key set. Keys that nobody here knows are left out: sets hold keys for other purposes too.
    ///
    /// `None` where nothing is left.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let set: Value = serde_json::from_str(text).ok()?;
        let keys: Vec<Key> = set
            .get("keys")?
            .as_array()?
            .iter()
            .filter_map(|key| Written::deserialize(key).ok())
            .filter_map(|written| {
                let kind = written.kind()?;
                let algorithm = match written.alg.as_str() {
                    "" => None,
                    name => Some(Algorithm::named(name)?),
                };
                let id = written.kid;
                Some(Key { id, algorithm, kind })
            })
            .collect();
        (!keys.is_empty()).then_some(Self(keys))
    }

    /// Whether one of them signed `token`, whose text up to the second dot is `signed`.
    pub(super) fn verify(&self, token: &Token, signed: &[u8]) -> Result<(), Fault> {
        let mut fault = Fault::NoKey;
        for key in &self.0 {
            let named = !token.key_id.is_empty() && !key.id.is_empty() && token.key_id != key.id;
            if named || key.algorithm.is_some_and(|only| only != token.algorithm) {
                continue;
            }
            fault = Fault::Signature;
            let edwards = matches!(key.kind, Kind::Ed25519(_)) && token.algorithm == Algorithm::EdDsa;
            if edwards && token.signature.len() != ED25519 {
                return Err(Fault::SignatureLength);
            }
            if key.signed(token, signed).is_ok() {
                return Ok(());
            }
        }
        Err(fault)
    }
}

impl Written {
    fn kind(&self) -> Option<Kind> {
        match self.kty.as_str() {
            "RSA" if self.alg.is_empty() || self.alg.starts_with("RS") || self.alg.starts_with("PS") => {
                let (n, e) = (number(&self.n)?, number(&self.e)?);
                Some(Kind::Rsa(RsaPublicKeyComponents { n, e }))
            }
            "EC" => self.point(),
            "OKP" if self.crv == "Ed25519" && matches!(self.alg.as_str(), "" | "EdDSA") => {
                let key = BASE64.decode(&self.x).ok()?;
                Some(Kind::Ed25519(ParsedPublicKey::new(&signed::ED25519, key).ok()?))
            }
            "oct" if self.alg.is_empty() || self.alg.starts_with("HS") => {
                let secret = BASE64.decode(&self.k).ok().filter(|key| !key.is_empty())?;
                Some(Kind::Secret(secret))
            }
            _ => None,
        }
    }

    /// Curve and algorithm say the same; either is enough, and without both it is P-256.
    fn point(&self) -> Option<Kind> {
        let by_curve = match self.crv.as_str() {
            "P-256" => Some(Digest::Sha256),
            "P-384" => Some(Digest::Sha384),
            "P-521" => Some(Digest::Sha512),
            "" => None,
            _ => return None,
        };
        let by_algorithm = match self.alg.as_str() {
            "" => None,
            name => match Algorithm::named(name) {
                Some(Algorithm::Es(digest)) => Some(digest),
                _ => return None,
            },
        };
        if by_curve.is_some() && by_algorithm.is_some() && by_curve != by_algorithm {
            return None;
        }
        let digest = by_curve.or(by_algorithm).unwrap_or(Digest::Sha256);
        let (size, algorithm): (usize, &'static EcdsaVerificationAlgorithm) = match digest {
            Digest::Sha256 => (32, &signed::ECDSA_P256_SHA256_FIXED),
            Digest::Sha384 => (48, &signed::ECDSA_P384_SHA384_FIXED),
            Digest::Sha512 => (66, &signed::ECDSA_P521_SHA512_FIXED),
        };
        // SEC 1, 2.3.3: an uncompressed point.
        let mut point = vec![4];
        for part in [&self.x, &self.y] {
            let bytes = number(part).unwrap_or_default();
            point.extend(std::iter::repeat_n(0, size.checked_sub(bytes.len())?));
            point.extend(bytes);
        }
        Some(Kind::Ec(digest, ParsedPublicKey::new(algorithm, point).ok()?))
    }
}

/// Big-endian, without zeros in front.
fn number(text: &str) -> Option<Vec<u8>> {
    let bytes = BASE64.decode(text).ok()?;
    let zeros = bytes.iter().take_while(|byte| **byte == 0).count();
    let bytes = bytes.get(zeros..)?.to_vec();
    (!bytes.is_empty()).then_some(bytes)
}

impl Key {
    fn signed(&self, token: &Token, signed: &[u8]) -> Result<(), error::Unspecified> {
        let signature = &token.signature;
        match (&self.kind, token.algorithm) {
            (Kind::Rsa(key), Algorithm::Rs(digest)) => key.verify(pkcs1(digest), signed, signature),
            (Kind::Rsa(key), Algorithm::Ps(digest)) => key.verify(pss(digest), signed, signature),
            (Kind::Ec(curve, key), Algorithm::Es(digest)) if *curve == digest => {
                key.verify_sig(signed, signature)
            }
            (Kind::Ed25519(key), Algorithm::EdDsa) => key.verify_sig(signed, signature),
            (Kind::Secret(secret), Algorithm::Hs(digest)) => {
                let algorithm = match digest {
                    Digest::Sha256 => hmac::HMAC_SHA256,
                    Digest::Sha384 => hmac::HMAC_SHA384,
                    Digest::Sha512 => hmac::HMAC_SHA512,
                };
                hmac::verify(&hmac::Key::new(algorithm, secret), signed, signature)
            }
            _ => Err(error::Unspecified),
        }
    }
}

fn pkcs1(digest: Digest) -> &'static RsaParameters {
    match digest {
        Digest::Sha256 => &signed::RSA_PKCS1_2048_8192_SHA256,
        Digest::Sha384 => &signed::RSA_PKCS1_2048_8192_SHA384,
        Digest::Sha512 => &signed::RSA_PKCS1_2048_8192_SHA512,
    }
}

fn pss(digest: Digest) -> &'static RsaParameters {
    match digest {
        Digest::Sha256 => &signed::RSA_PSS_2048_8192_SHA256,
        Digest::Sha384 => &signed::RSA_PSS_2048_8192_SHA384,
        Digest::Sha512 => &signed::RSA_PSS_2048_8192_SHA512,
    }
}
