//! One answer of istiod.

use crate::decode::{DecodeError, decode};
use crate::json::from_json;
use crate::value::Message;

const KIND: &str = "envoy.service.discovery.v3.DiscoveryResponse";

/// Resources of one type, as `envoy.service.discovery.v3.DiscoveryResponse` carries them.
#[derive(Clone, Debug, PartialEq)]
pub struct Response(pub(crate) Message);

impl Response {
    /// Reads an answer from its bytes.
    ///
    /// # Errors
    /// Where the bytes are none, with the fields that lead there.
    pub fn read(bytes: &[u8]) -> Result<Self, DecodeError> {
        decode(KIND, bytes).map(Self)
    }

    /// Reads an answer from its JSON.
    ///
    /// # Errors
    /// Where the document is none, with the fields that lead there.
    pub fn from_json(json: &serde_json::Value) -> Result<Self, DecodeError> {
        from_json(KIND, json).map(Self)
    }

    /// An answer of this message, a `DiscoveryResponse`.
    pub fn of(message: Message) -> Self {
        Self(message)
    }

    /// All that it says.
    pub fn message(&self) -> &Message {
        &self.0
    }
}
