//! Checksums.

use md5::{Digest, Md5};
use sha2::Sha256;
use std::fmt;
use std::io::{self, Read};

/// A published checksum, in lower-case hexadecimal digits.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sum {
    /// MD5: not proof against forgery, but what the sources publish.
    Md5(&'static str),
    /// SHA-256.
    Sha256(&'static str),
}

impl Sum {
    /// The digits.
    pub(crate) fn digits(self) -> &'static str {
        match self {
            Self::Md5(digits) | Self::Sha256(digits) => digits,
        }
    }

    /// The checksum of the same kind of everything `input` holds.
    pub(crate) fn of(self, input: &mut impl Read) -> io::Result<String> {
        fn digest<D: Digest>(input: &mut impl Read) -> io::Result<String> {
            let mut digest = D::new();
            let mut buffer = vec![0; 1 << 18];
            loop {
                match input.read(&mut buffer) {
                    Ok(0) => return Ok(hex(&digest.finalize())),
                    Ok(read) => digest.update(buffer.get(..read).unwrap_or_default()),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error),
                }
            }
        }
        match self {
            Self::Md5(_) => digest::<Md5>(input),
            Self::Sha256(_) => digest::<Sha256>(input),
        }
    }
}

impl fmt::Display for Sum {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Md5(digits) => write!(f, "MD5 {digits}"),
            Self::Sha256(digits) => write!(f, "SHA-256 {digits}"),
        }
    }
}

/// Lower-case hexadecimal digits.
pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_are_the_known_ones_of_abc() {
        // RFC 1321, appendix A.5; FIPS 180-4, example B.1.
        let md5 = Sum::Md5("900150983cd24fb0d6963f7d28e17f72");
        let sha = Sum::Sha256("ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        for sum in [md5, sha] {
            assert_eq!(sum.of(&mut &b"abc"[..]).unwrap(), sum.digits());
            assert_ne!(sum.of(&mut &b"abd"[..]).unwrap(), sum.digits());
        }
    }
}
