//! The ABI's encoding of a list of pairs: a count, the sizes of each name and value, then the bytes, each ended by a NUL;
//! all numbers are 32-bit little-endian.

/// Decodes pairs in place; `None` if the bytes do not match the sizes in them exactly.
pub fn decode(bytes: &[u8]) -> Option<Vec<(&[u8], &[u8])>> {
    if bytes.is_empty() {
        return Some(Vec::new());
    }
    let (count, rest) = read_u32(bytes)?;
    let (mut sizes, mut data) = rest.split_at_checked(count.checked_mul(8)?)?;
    let mut pairs = Vec::with_capacity(count);
    for _ in 0..count {
        let (name_size, more) = read_u32(sizes)?;
        let (value_size, more) = read_u32(more)?;
        sizes = more;
        let (name, more) = read_bytes(data, name_size)?;
        let (value, more) = read_bytes(more, value_size)?;
        data = more;
        pairs.push((name, value));
    }
    data.is_empty().then_some(pairs)
}

/// Encodes pairs. Sizes over 32 bits cannot occur in the 32-bit address space this is for.
pub fn encode<'a>(pairs: impl Iterator<Item = (&'a [u8], &'a [u8])> + Clone) -> Vec<u8> {
    let count = pairs.clone().count();
    let mut bytes = Vec::with_capacity(256);
    push_u32(&mut bytes, count);
    for (name, value) in pairs.clone() {
        push_u32(&mut bytes, name.len());
        push_u32(&mut bytes, value.len());
    }
    for (name, value) in pairs {
        bytes.extend_from_slice(name);
        bytes.push(0);
        bytes.extend_from_slice(value);
        bytes.push(0);
    }
    bytes
}

fn read_u32(bytes: &[u8]) -> Option<(usize, &[u8])> {
    let (number, rest) = bytes.split_first_chunk::<4>()?;
    Some((usize::try_from(u32::from_le_bytes(*number)).ok()?, rest))
}

fn read_bytes(bytes: &[u8], size: usize) -> Option<(&[u8], &[u8])> {
    let (value, rest) = bytes.split_at_checked(size)?;
    let (_nul, rest) = rest.split_first()?;
    Some((value, rest))
}

fn push_u32(bytes: &mut Vec<u8>, number: usize) {
    bytes.extend_from_slice(&u32::try_from(number).unwrap_or(u32::MAX).to_le_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_encoded_is_decoded() {
        let pairs: [(&[u8], &[u8]); 3] = [(b":path", b"/"), (b"x", b"\xff\x00"), (b"", b"")];
        assert_eq!(decode(&encode(pairs.iter().copied())).unwrap(), pairs);
        assert_eq!(decode(&encode(std::iter::empty())).unwrap(), []);
        assert_eq!(decode(b"").unwrap(), []);
    }

    #[test]
    fn every_cut_is_noticed() {
        let pairs: [(&[u8], &[u8]); 2] = [(b"name", b"value"), (b"x", b"y")];
        let bytes = encode(pairs.iter().copied());
        for end in 1..bytes.len() {
            assert_eq!(decode(&bytes[..end]), None, "cut at {end}");
        }
    }

    #[test]
    fn a_count_that_cannot_be_is_refused() {
        assert_eq!(decode(&[0xff, 0xff, 0xff, 0xff]), None);
        assert_eq!(decode(&[0xff, 0xff, 0xff, 0x1f, 0, 0, 0, 0]), None);
    }
}
