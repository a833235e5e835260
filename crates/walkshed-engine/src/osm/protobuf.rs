//! Decodes protobuf fields in place (<https://protobuf.dev/programming-guides/encoding/>).

use super::error::BlobError;

/// Maximum number of tags, nodes or members of an element. The largest in OpenStreetMap have about 32,000.
pub(super) const MAX_LIST: usize = 1 << 18;

/// A cursor over protobuf data.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reader<'b>(pub(super) &'b [u8]);

/// A protobuf value.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'b> {
    Number(u64),
    Bytes(&'b [u8]),
    Other,
}

impl<'b> Reader<'b> {
    /// Reads a variable-length integer.
    pub(super) fn varint(&mut self) -> Option<u64> {
        let mut value = 0u64;
        for shift in (0..64).step_by(7) {
            let (&byte, rest) = self.0.split_first()?;
            self.0 = rest;
            value |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Some(value);
            }
        }
        None
    }

    /// Reads the next field: its number and value. Returns `Ok(None)` at the end.
    pub(super) fn field(&mut self) -> Result<Option<(u64, Value<'b>)>, BlobError> {
        if self.0.is_empty() {
            return Ok(None);
        }
        let read = |reader: &mut Self| {
            let key = reader.varint()?;
            let bytes = |reader: &mut Self, len: usize| {
                let (value, rest) = reader.0.split_at_checked(len)?;
                reader.0 = rest;
                Some(value)
            };
            let value = match key & 7 {
                0 => Value::Number(reader.varint()?),
                1 => bytes(reader, 8).map(|_| Value::Other)?,
                2 => {
                    let len = usize::try_from(reader.varint()?).ok()?;
                    Value::Bytes(bytes(reader, len)?)
                }
                5 => bytes(reader, 4).map(|_| Value::Other)?,
                _ => return None,
            };
            Some((key >> 3, value))
        };
        read(self).map(Some).ok_or(BlobError::Truncated("a field"))
    }
}

/// Decodes a signed integer.
pub(super) const fn zigzag(value: u64) -> i64 {
    (value >> 1) as i64 ^ -((value & 1) as i64)
}

/// Appends the numbers of a packed or unpacked repeated field.
pub(super) fn push_numbers<T>(value: Value<'_>, into: &mut Vec<T>, read: impl Fn(u64) -> T) -> Result<(), BlobError> {
    let mut reader = match value {
        Value::Number(one) => {
            into.push(read(one));
            Reader(&[])
        }
        Value::Bytes(packed) => Reader(packed),
        Value::Other => return Err(BlobError::Malformed("a list does not contain numbers")),
    };
    while !reader.0.is_empty() {
        into.push(read(reader.varint().ok_or(BlobError::Truncated("a list"))?));
        if into.len() > MAX_LIST {
            return Err(BlobError::TooMany { what: "tags, nodes or members of an element", limit: MAX_LIST });
        }
    }
    Ok(())
}
