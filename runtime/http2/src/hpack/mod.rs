//! HPACK (RFC 7541): how field blocks are written.

mod decoder;
mod encoder;
mod field;
mod fixed;
mod huffman;
mod integer;
#[cfg(test)]
mod tests;

pub(crate) use decoder::Decoder;
pub(crate) use encoder::Encoder;
pub(crate) use field::{Field, Pseudo};

/// Of a dynamic table where nobody says anything else (RFC 9113, 6.5.2). Ours have no other.
pub(crate) const TABLE_SIZE: usize = 4096;
