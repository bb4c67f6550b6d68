//! Fields, one after the other, as protobuf writes them.

use super::DecodeError;

/// What stands behind a field's number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Item<'a> {
    Varint(u64),
    /// Eight bytes, or four.
    Fixed(u64),
    Bytes(&'a [u8]),
}

/// The fields of a message, with their numbers; the last one may be the error that ends them.
pub(super) fn items(bytes: &[u8]) -> impl Iterator<Item = Result<(u32, Item<'_>), DecodeError>> {
    each(bytes, item)
}

/// Numbers without anything between them.
pub(super) fn packed(bytes: &[u8]) -> impl Iterator<Item = Result<u64, DecodeError>> {
    each(bytes, varint)
}

fn each<'a, T>(
    mut left: &'a [u8],
    read: impl Fn(&mut &'a [u8]) -> Result<T, DecodeError>,
) -> impl Iterator<Item = Result<T, DecodeError>> {
    std::iter::from_fn(move || {
        if left.is_empty() {
            return None;
        }
        let item = read(&mut left);
        if item.is_err() {
            left = &[];
        }
        Some(item)
    })
}

fn item<'a>(left: &mut &'a [u8]) -> Result<(u32, Item<'a>), DecodeError> {
    let key = varint(left)?;
    let number = u32::try_from(key >> 3)
        .ok()
        .filter(|number| *number != 0)
        .ok_or(DecodeError::new("a field without a number"))?;
    let item = match key & 7 {
        0 => Item::Varint(varint(left)?),
        1 => Item::Fixed(fixed::<8>(left)?),
        2 => {
            let length = varint(left)?;
            let length = usize::try_from(length).map_err(|_| ended())?;
            Item::Bytes(take(left, length)?)
        }
        5 => Item::Fixed(fixed::<4>(left)?),
        _ => return Err(DecodeError::new("a field of an unknown wire type")),
    };
    Ok((number, item))
}

fn varint(left: &mut &[u8]) -> Result<u64, DecodeError> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let byte = *take(left, 1)?.first().ok_or_else(ended)?;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err(DecodeError::new("a number of more than 64 bits"))
}

fn fixed<const SIZE: usize>(left: &mut &[u8]) -> Result<u64, DecodeError> {
    let bytes = take(left, SIZE)?.iter().rev();
    Ok(bytes.fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

fn take<'a>(left: &mut &'a [u8], length: usize) -> Result<&'a [u8], DecodeError> {
    let (taken, rest) = left.split_at_checked(length).ok_or_else(ended)?;
    *left = rest;
    Ok(taken)
}

fn ended() -> DecodeError {
    DecodeError::new("the bytes end too early")
}
