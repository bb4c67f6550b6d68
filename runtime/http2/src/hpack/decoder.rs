use std::collections::VecDeque;

use bytes::Bytes;

use super::field::{Field, Name};
use super::{TABLE_SIZE, fixed, huffman, integer};

/// A block that no encoder writes: what comes behind it cannot be understood either (RFC 7541, 2.3.3).
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Invalid;

impl From<integer::Invalid> for Invalid {
    fn from(_: integer::Invalid) -> Self {
        Self
    }
}

impl From<huffman::Invalid> for Invalid {
    fn from(_: huffman::Invalid) -> Self {
        Self
    }
}

/// Decodes the field blocks of one connection, one after the other.
#[derive(Debug)]
pub(crate) struct Decoder {
    /// The newest first.
    table: VecDeque<Field>,
    size: usize,
    /// As the other end has it; at most [`TABLE_SIZE`], since it was told of no other.
    most: usize,
    text: Vec<u8>,
}

impl Default for Decoder {
    fn default() -> Self {
        Self {
            table: VecDeque::new(),
            size: 0,
            most: TABLE_SIZE,
            text: Vec::new(),
        }
    }
}

impl Decoder {
    /// Hands on the fields of a whole block.
    pub(crate) fn decode(&mut self, mut block: &[u8], mut each: impl FnMut(Field)) -> Result<(), Invalid> {
        let mut begun = false;
        while let Some(first) = block.first() {
            match first {
                0x80.. => {
                    let index = integer::decode(&mut block, 7)?;
                    each(self.field(index)?.clone());
                }
                0x40..0x80 => {
                    let field = self.literal(&mut block, 6)?;
                    self.insert(field.clone());
                    each(field);
                }
                // Only at the beginning of a block (RFC 7541, 4.2).
                0x20..0x40 if begun => return Err(Invalid),
                0x20..0x40 => {
                    let most = integer::decode(&mut block, 5)?;
                    if most > TABLE_SIZE {
                        return Err(Invalid);
                    }
                    self.most = most;
                    self.evict(0);
                    continue;
                }
                0x10..0x20 => {
                    let mut field = self.literal(&mut block, 4)?;
                    if let Field::Header(_, value) = &mut field {
                        value.set_sensitive(true);
                    }
                    each(field);
                }
                _ => each(self.literal(&mut block, 4)?),
            }
            begun = true;
        }
        Ok(())
    }

    fn field(&self, index: usize) -> Result<&Field, Invalid> {
        let fixed = fixed::ENTRIES.len();
        if index <= fixed {
            return fixed::field(index).ok_or(Invalid);
        }
        self.table.get(index - fixed - 1).ok_or(Invalid)
    }

    fn literal(&mut self, block: &mut &[u8], prefix: u32) -> Result<Field, Invalid> {
        let name = match integer::decode(block, prefix)? {
            0 => Name::of(string(block, &mut self.text)?),
            index => self.field(index)?.name(),
        };
        let value = Bytes::copy_from_slice(string(block, &mut self.text)?);
        Ok(Field::of(name, value))
    }

    fn insert(&mut self, field: Field) {
        let size = field.size();
        self.evict(size);
        if size <= self.most {
            self.size += size;
            self.table.push_front(field);
        }
    }

    /// Makes room for `size` more.
    fn evict(&mut self, size: usize) {
        while self.size + size > self.most
            && let Some(oldest) = self.table.pop_back()
        {
            self.size -= oldest.size();
        }
    }
}

/// A string, as it is in the block or decoded into `text`.
fn string<'t, 'b: 't>(block: &mut &'b [u8], text: &'t mut Vec<u8>) -> Result<&'t [u8], Invalid> {
    let coded = block.first().is_some_and(|first| first & 0x80 != 0);
    let length = integer::decode(block, 7)?;
    let (string, rest) = block.split_at_checked(length).ok_or(Invalid)?;
    *block = rest;
    if !coded {
        return Ok(string);
    }
    text.clear();
    huffman::decode(string, text)?;
    Ok(text)
}
