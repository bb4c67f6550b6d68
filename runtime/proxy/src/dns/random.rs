//! Numbers that nobody can guess: query ids (RFC 5452, section 9.2).

use std::sync::OnceLock;

use rustls::crypto::SecureRandom;

/// A random query id.
pub(crate) fn id() -> u16 {
    static SOURCE: OnceLock<&'static dyn SecureRandom> = OnceLock::new();
    let source = SOURCE.get_or_init(|| rustls::crypto::aws_lc_rs::default_provider().secure_random);
    let mut bytes = [0; 2];
    // Where the system has no randomness TLS does not work either; the random port and the check of the question
    // still hold.
    if source.fill(&mut bytes).is_err() {
        tracing::warn!("the system gives no random bytes");
    }
    u16::from_be_bytes(bytes)
}
