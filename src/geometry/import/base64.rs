//! Base64 (RFC 4648) as VTK writes it: pieces that are padded each for itself, one behind the
//! other. Decoders of whole texts, such as that of the crate `base64`, refuse what follows a
//! padding.

use std::io::{Error, ErrorKind, Read, Result};

/// Bytes out of text; white space is passed over.
pub(super) struct Base64<'a> {
    text: std::slice::Iter<'a, u8>,
    /// Bytes of the last group that were not asked for yet, the next one last.
    rest: Vec<u8>,
}

impl<'a> Base64<'a> {
    pub(super) fn new(text: &'a [u8]) -> Base64<'a> {
        Base64 { text: text.iter(), rest: Vec::with_capacity(3) }
    }

    /// Decodes four letters; none at the end of the text.
    fn group(&mut self) -> Result<()> {
        let (mut bits, mut letters, mut padding) = (0_u32, 0, 0);
        for letter in self.text.by_ref().filter(|c| !c.is_ascii_whitespace()) {
            let six = match letter {
                b'=' if letters >= 2 => {
                    padding += 1;
                    0
                }
                _ if padding > 0 => return Err(Error::new(ErrorKind::InvalidData, "base64")),
                b'A'..=b'Z' => letter - b'A',
                b'a'..=b'z' => letter - b'a' + 26,
                b'0'..=b'9' => letter - b'0' + 52,
                b'+' => 62,
                b'/' => 63,
                _ => return Err(Error::new(ErrorKind::InvalidData, "base64")),
            };
            bits = bits << 6 | u32::from(six);
            letters += 1;
            if letters == 4 {
                let [_, a, b, c] = bits.to_be_bytes();
                self.rest.extend([c, b, a].iter().skip(padding));
                return Ok(());
            }
        }
        if letters == 0 { Ok(()) } else { Err(ErrorKind::UnexpectedEof.into()) }
    }
}

impl Read for Base64<'_> {
    fn read(&mut self, out: &mut [u8]) -> Result<usize> {
        let mut count = 0;
        for byte in out {
            if self.rest.is_empty() {
                self.group()?;
            }
            let Some(next) = self.rest.pop() else { break };
            *byte = next;
            count += 1;
        }
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decode(text: &str) -> Result<Vec<u8>> {
        let mut out = Vec::new();
        Base64::new(text.as_bytes()).read_to_end(&mut out)?;
        Ok(out)
    }

    /// The vectors of RFC 4648, section 10.
    #[test]
    fn vectors_of_the_standard_and_pieces_behind_each_other() {
        for (text, bytes) in [
            ("", ""),
            ("Zg==", "f"),
            ("Zm8=", "fo"),
            ("Zm9v", "foo"),
            ("Zm9vYg==", "foob"),
            (" Zm9v\nYmFy ", "foobar"),
            ("Zm8=Zg==Zm9v", "foffoo"),
        ] {
            assert_eq!(decode(text).unwrap(), bytes.as_bytes(), "{text}");
        }
        for text in ["Zg", "Z===", "Zg=a", "Z-9v", "===="] {
            decode(text).unwrap_err();
        }
    }
}
