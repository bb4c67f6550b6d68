//! Somebody who signs tokens.

use std::time::{SystemTime, UNIX_EPOCH};

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::hmac;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair as Rsa, KeySize};
use aws_lc_rs::signature::{self as signed, EcdsaKeyPair, Ed25519KeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD as BASE64;
use bytes::Bytes;
use http::Request;
use http_body_util::Empty;
use serde_json::{Value, json};

use x509_parser::prelude::FromDer as _;
use x509_parser::public_key::PublicKey;
use x509_parser::x509::SubjectPublicKeyInfo;

use super::client;

pub const ISSUER: &str = "https://issuer.example";

pub const ALGORITHMS: [&str; 13] = [
    "RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA", "HS256",
    "HS384", "HS512",
];

/// Keys of every kind.
pub struct Issuer {
    rsa: Rsa,
    p256: EcdsaKeyPair,
    p384: EcdsaKeyPair,
    p521: EcdsaKeyPair,
    ed25519: Ed25519KeyPair,
}

pub const SECRET: &[u8] = b"a secret of at least thirty-two bytes";

impl Issuer {
    pub fn new() -> Self {
        let ec = |algorithm| EcdsaKeyPair::generate(algorithm).unwrap();
        Self {
            rsa: Rsa::generate(KeySize::Rsa2048).unwrap(),
            p256: ec(&signed::ECDSA_P256_SHA256_FIXED_SIGNING),
            p384: ec(&signed::ECDSA_P384_SHA384_FIXED_SIGNING),
            p521: ec(&signed::ECDSA_P521_SHA512_FIXED_SIGNING),
            ed25519: Ed25519KeyPair::generate().unwrap(),
        }
    }

    /// The key set, as the issuer publishes it.
    pub fn jwks(&self) -> String {
        let der: PublicKeyX509Der<'_> = self.rsa.public_key().as_der().unwrap();
        let (_, info) = SubjectPublicKeyInfo::from_der(der.as_ref()).unwrap();
        let PublicKey::RSA(rsa) = info.parsed().unwrap() else {
            unreachable!()
        };
        let point = |id: &str, curve: &str, key: &EcdsaKeyPair| {
            let (x, y) = key.public_key().as_ref()[1..].split_at((key.public_key().as_ref().len() - 1) / 2);
            json!({ "kty": "EC", "kid": id, "crv": curve, "x": BASE64.encode(x), "y": BASE64.encode(y) })
        };
        let keys = json!([
            { "kty": "RSA", "kid": "rsa", "use": "sig",
              "n": BASE64.encode(rsa.modulus), "e": BASE64.encode(rsa.exponent) },
            point("p256", "P-256", &self.p256),
            point("p384", "P-384", &self.p384),
            point("p521", "P-521", &self.p521),
            { "kty": "OKP", "kid": "ed25519", "alg": "EdDSA", "crv": "Ed25519",
              "x": BASE64.encode(self.ed25519.public_key().as_ref()) },
            { "kty": "oct", "kid": "secret", "k": BASE64.encode(SECRET) },
        ]);
        json!({ "keys": keys }).to_string()
    }

    /// A token of `claims`, signed by the key that `kid` names, or by whichever goes with `algorithm`.
    pub fn sign(&self, algorithm: &str, kid: Option<&str>, claims: &Value) -> String {
        let mut header = json!({ "alg": algorithm, "typ": "JWT" });
        if let Some(kid) = kid {
            header["kid"] = kid.into();
        }
        let text = format!(
            "{}.{}",
            BASE64.encode(header.to_string()),
            BASE64.encode(claims.to_string())
        );
        let signature = self.signature(algorithm, text.as_bytes());
        format!("{text}.{}", BASE64.encode(signature))
    }

    fn signature(&self, algorithm: &str, text: &[u8]) -> Vec<u8> {
        let random = SystemRandom::new();
        let rsa = |how| {
            let mut signature = vec![0; self.rsa.public_modulus_len()];
            self.rsa.sign(how, &random, text, &mut signature).unwrap();
            signature
        };
        match algorithm {
            "RS256" => rsa(&signed::RSA_PKCS1_SHA256),
            "RS384" => rsa(&signed::RSA_PKCS1_SHA384),
            "RS512" => rsa(&signed::RSA_PKCS1_SHA512),
            "PS256" => rsa(&signed::RSA_PSS_SHA256),
            "PS384" => rsa(&signed::RSA_PSS_SHA384),
            "PS512" => rsa(&signed::RSA_PSS_SHA512),
            "ES256" => self.p256.sign(&random, text).unwrap().as_ref().to_vec(),
            "ES384" => self.p384.sign(&random, text).unwrap().as_ref().to_vec(),
            "ES512" => self.p521.sign(&random, text).unwrap().as_ref().to_vec(),
            "EdDSA" => self.ed25519.sign(text).as_ref().to_vec(),
            "HS256" => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA256, SECRET), text)
                .as_ref()
                .to_vec(),
            "HS384" => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA384, SECRET), text)
                .as_ref()
                .to_vec(),
            "HS512" => hmac::sign(&hmac::Key::new(hmac::HMAC_SHA512, SECRET), text)
                .as_ref()
                .to_vec(),
            _ => vec![0; 64],
        }
    }
}

/// Seconds since 1970, moved by `offset`.
pub fn seconds(offset: i64) -> i64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs();
    i64::try_from(now).unwrap() + offset
}

pub fn bearer(token: &str) -> Request<Empty<Bytes>> {
    let mut request = client::get("/posts?a=1");
    let value = format!("Bearer {token}").parse().unwrap();
    request.headers_mut().insert("authorization", value);
    request
}
