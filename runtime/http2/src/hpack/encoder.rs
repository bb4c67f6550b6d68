use http::header::{AUTHORIZATION, COOKIE, HeaderName, PROXY_AUTHORIZATION, SET_COOKIE};

use super::{TABLE_SIZE, field::is_of_connection, fixed, huffman, integer};

/// How many fields that came once are remembered: what comes again goes into the table.
const SEEN: usize = 64;
/// Fields behind so many others in a block are looked for anew each time.
const MOST_HINTS: usize = 64;

/// Encodes the field blocks of one connection, one after the other.
///
/// Fields go into the table when they come for the second time: those that are new with every message, such as request
/// identifiers, drive nothing out of it.
#[derive(Debug)]
pub(crate) struct Encoder {
    /// The newest last.
    table: Vec<Entry>,
    /// Of each entry: most fields are looked for with every message.
    marks: Vec<u32>,
    size: usize,
    most: usize,
    /// The other end has made the table this small meanwhile, and was not told yet that it is.
    shrunk: Option<usize>,
    seen: [u32; SEEN],
    /// How many entries have left the table.
    gone: u64,
    /// How many fields of this block were looked for.
    turn: usize,
    /// Where each field of the last block was found, counted from the first entry that ever was: those of one connection
    /// say mostly the same, in the same order.
    hints: Vec<u64>,
}

#[derive(Debug)]
struct Entry {
    /// Name and value behind each other.
    text: Box<[u8]>,
    name: usize,
}

impl Entry {
    fn size(&self) -> usize {
        self.text.len() + 32
    }

    fn is(&self, name: &[u8], value: &[u8]) -> bool {
        self.text
            .split_at_checked(self.name)
            .is_some_and(|(own, rest)| own == name && rest == value)
    }
}

impl Default for Encoder {
    fn default() -> Self {
        Self {
            table: Vec::new(),
            marks: Vec::new(),
            size: 0,
            most: TABLE_SIZE,
            shrunk: None,
            seen: [0; SEEN],
            gone: 0,
            turn: 0,
            hints: Vec::new(),
        }
    }
}

impl Encoder {
    /// The other end keeps a table of this size at most.
    pub(crate) fn limit(&mut self, most: usize) {
        let most = most.min(TABLE_SIZE);
        if most != self.most {
            self.shrunk = Some(self.shrunk.map_or(most, |before| before.min(most)));
            self.most = most;
            self.evict(0);
        }
    }

    /// Before the first field of a block.
    pub(crate) fn begin(&mut self, out: &mut Vec<u8>) {
        self.turn = 0;
        // RFC 7541, 4.2: the smallest size in between, and the last one.
        if let Some(shrunk) = self.shrunk.take() {
            if shrunk < self.most {
                integer::encode(shrunk, 5, 0x20, out);
            }
            integer::encode(self.most, 5, 0x20, out);
        }
    }

    /// A header of a message, unless it concerns one connection only. Those that are secret never go into a table (RFC 7541,
    /// 7.1.3).
    pub(crate) fn header(&mut self, name: &HeaderName, value: &http::HeaderValue, out: &mut Vec<u8>) {
        let secret = value.is_sensitive();
        // What is in the table is no secret, and no matter of a connection.
        if !secret && self.again(name.as_str(), value.as_bytes(), out) || is_of_connection(name) {
            return;
        }
        if secret
            || *name == COOKIE
            || *name == AUTHORIZATION
            || *name == SET_COOKIE
            || *name == PROXY_AUTHORIZATION
        {
            let first = if secret { 0x10 } else { 0 };
            let name = name.as_str();
            literal(
                first,
                4,
                fixed::index(name),
                name.as_bytes(),
                value.as_bytes(),
                false,
                out,
            );
            return;
        }
        self.search(name.as_str(), value.as_bytes(), out);
    }

    /// Any other field.
    pub(crate) fn field(&mut self, name: &str, value: &[u8], out: &mut Vec<u8>) {
        if !self.again(name, value, out) {
            self.search(name, value, out);
        }
    }

    /// A field that the last block had at this place; `false` where it had another.
    fn again(&mut self, name: &str, value: &[u8], out: &mut Vec<u8>) -> bool {
        let hint = self.hints.get(self.turn).copied();
        self.turn += 1;
        if let Some(place) = hint.and_then(|hint| hint.checked_sub(self.gone))
            && let Some(entry) = self.table.get(place as usize)
            && entry.is(name.as_bytes(), value)
        {
            self.indexed(place as usize, out);
            return true;
        }
        false
    }

    fn search(&mut self, name: &str, value: &[u8], out: &mut Vec<u8>) {
        // That of the field, which was counted already.
        let turn = self.turn - 1;
        let mark = mark(name.as_bytes(), value);
        for (place, other) in self.marks.iter().enumerate() {
            if *other == mark && self.table[place].is(name.as_bytes(), value) {
                self.hint(turn, place);
                self.indexed(place, out);
                return;
            }
        }
        let index = fixed::index(name);
        let size = name.len() + value.len() + 32;
        let seen = &mut self.seen[mark as usize % SEEN];
        if std::mem::replace(seen, mark) != mark || size > self.most / 4 * 3 {
            literal(0, 4, index, name.as_bytes(), value, false, out);
            return;
        }
        literal(0x40, 6, index, name.as_bytes(), value, true, out);
        self.evict(size);
        self.size += size;
        self.hint(turn, self.table.len());
        self.marks.push(mark);
        self.table.push(Entry {
            text: [name.as_bytes(), value].concat().into(),
            name: name.len(),
        });
    }

    /// A field that the static table has whole.
    pub(crate) fn fixed(index: usize, out: &mut Vec<u8>) {
        integer::encode(index, 7, 0x80, out);
    }

    /// A field that the table has in this place.
    fn indexed(&self, place: usize, out: &mut Vec<u8>) {
        let index = self.table.len() - place;
        integer::encode(fixed::ENTRIES.len() + index, 7, 0x80, out);
    }

    /// The field of this turn is in this place, and may be there for the next block too.
    fn hint(&mut self, turn: usize, place: usize) {
        if turn >= self.hints.len() && turn < MOST_HINTS {
            self.hints.resize(turn + 1, u64::MAX);
        }
        if let Some(hint) = self.hints.get_mut(turn) {
            *hint = self.gone + place as u64;
        }
    }

    fn evict(&mut self, size: usize) {
        let mut gone = 0;
        for oldest in &self.table {
            if self.size + size <= self.most {
                break;
            }
            self.size -= oldest.size();
            gone += 1;
        }
        self.gone += gone as u64;
        self.table.drain(..gone);
        self.marks.drain(..gone);
    }
}

fn literal(
    first: u8,
    prefix: u32,
    index: Option<usize>,
    name: &[u8],
    value: &[u8],
    once: bool,
    out: &mut Vec<u8>,
) {
    integer::encode(index.unwrap_or(0), prefix, first, out);
    if index.is_none() {
        string(name, once, out);
    }
    string(value, once, out);
}

/// Only what is sent once is worth the time that makes it shorter.
fn string(text: &[u8], once: bool, out: &mut Vec<u8>) {
    if once {
        let length = huffman::encoded_len(text);
        if length < text.len() {
            integer::encode(length, 7, 0x80, out);
            huffman::encode(text, out);
            return;
        }
    }
    integer::encode(text.len(), 7, 0, out);
    out.extend_from_slice(text);
}

/// A hash of both ends of a field: what has the same is compared whole. Never 0.
fn mark(name: &[u8], value: &[u8]) -> u32 {
    let mut hash = (name.len() as u64) << 32 | value.len() as u64;
    for part in [ends(name), ends(value)] {
        for word in part {
            hash = (hash.rotate_left(5) ^ word).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }
    (hash >> 32) as u32 | 1
}

fn ends(text: &[u8]) -> [u64; 2] {
    match (text.first_chunk::<8>(), text.last_chunk::<8>()) {
        (Some(first), Some(last)) => [u64::from_le_bytes(*first), u64::from_le_bytes(*last)],
        _ => match (text.first_chunk::<4>(), text.last_chunk::<4>()) {
            (Some(first), Some(last)) => [
                u64::from(u32::from_le_bytes(*first)),
                u64::from(u32::from_le_bytes(*last)),
            ],
            _ => [text.iter().fold(0, |all, byte| all << 8 | u64::from(*byte)), 0],
        },
    }
}
