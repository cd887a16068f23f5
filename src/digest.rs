//! Digests that name what is kept in a cache or in the host's shared data.

use sha2::{Digest as _, Sha256};

/// Returns the SHA-256 digest of these parts, each with its length in front, so that no two lists of parts give the same bytes.
pub fn of_parts<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> [u8; 32] {
    let mut digest = Sha256::new();
    for part in parts {
        digest.update((part.len() as u64).to_be_bytes());
        digest.update(part);
    }
    digest.finalize().into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn no_two_lists_of_parts_have_one_digest() {
        let lists: [&[&str]; 8] = [
            &[],
            &[""],
            &["", ""],
            &["ab"],
            &["a", "b"],
            &["b", "a"],
            &["ab", ""],
            &["", "ab"],
        ];
        let digests: BTreeSet<_> = lists
            .iter()
            .map(|parts| of_parts(parts.iter().map(|part| part.as_bytes())))
            .collect();
        assert_eq!(digests.len(), lists.len());
    }
}
