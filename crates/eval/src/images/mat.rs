//! Reading the one array of an SVHN file: MATLAB level 5 MAT-files, compressed or not, believing nothing.

use flate2::read::ZlibDecoder;
use std::io::{self, Error, ErrorKind, Read};

const INT8: u32 = 1;
const UINT8: u32 = 2;
const MATRIX: u32 = 14;
const COMPRESSED: u32 = 15;
/// No header part is longer.
const MOST_HEADER: usize = 1 << 12;

/// The bytes of an array, column-major, and its extents.
pub(super) struct Array {
    pub(super) extents: Vec<usize>,
    pub(super) data: Box<dyn Read>,
}

fn wrong(problem: &str) -> Error {
    Error::new(ErrorKind::InvalidData, problem.to_owned())
}

/// Finds the array of bytes called `name` in a file of `size` bytes, which must have room for it.
pub(super) fn find(mut file: impl Read + 'static, size: u64, name: &str) -> io::Result<Array> {
    let mut head = [0; 128];
    file.read_exact(&mut head)?;
    if &head[126..] != b"IM" {
        return Err(wrong("it is no little-endian level 5 MAT-file"));
    }
    let mut end = head.len() as u64;
    // One box around the rest: an element that is not the one is read to its end.
    let mut file: Box<dyn Read> = Box::new(file);
    loop {
        let (kind, len) = match tag(&mut file) {
            Ok(Tag { kind, len, .. }) => (kind, len),
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                return Err(wrong("the array is not in it"));
            }
            Err(error) => return Err(error),
        };
        end += 8 + u64::from(len);
        if end > size {
            return Err(wrong(&format!("it ends too early: {size} bytes, expected {end} at least")));
        }
        let mut element = file.take(u64::from(len));
        match kind {
            COMPRESSED => {
                let mut inner = ZlibDecoder::new(element);
                let Tag { kind, .. } = tag(&mut inner)?;
                if kind == MATRIX
                    && let Some(extents) = header(&mut inner, name)?
                {
                    return Ok(Array { extents, data: Box::new(inner) });
                }
                element = inner.into_inner();
            }
            MATRIX => {
                if let Some(extents) = header(&mut element, name)? {
                    return Ok(Array { extents, data: Box::new(element) });
                }
            }
            _ => {}
        }
        io::copy(&mut element, &mut io::sink())?;
        file = element.into_inner();
    }
}

/// What comes next: its type, its bytes, and those bytes if they are in the tag itself.
struct Tag {
    kind: u32,
    len: u32,
    small: Option<[u8; 4]>,
}

fn tag(input: &mut impl Read) -> io::Result<Tag> {
    let mut words = [0; 8];
    input.read_exact(&mut words)?;
    let [a, b, c, d, rest @ ..] = words;
    let first = u32::from_le_bytes([a, b, c, d]);
    Ok(match first >> 16 {
        0 => Tag { kind: first, len: u32::from_le_bytes(rest), small: None },
        len => Tag { kind: first & 0xffff, len: len.min(4), small: Some(rest) },
    })
}

/// A short part of a matrix's header.
fn part(input: &mut impl Read) -> io::Result<(u32, Vec<u8>)> {
    let Tag { kind, len, small } = tag(input)?;
    let len = len as usize;
    if let Some(bytes) = small {
        return Ok((kind, bytes[..len].to_vec()));
    }
    if len > MOST_HEADER {
        return Err(wrong("a header is too long"));
    }
    let mut bytes = vec![0; len.next_multiple_of(8)];
    input.read_exact(&mut bytes)?;
    bytes.truncate(len);
    Ok((kind, bytes))
}

/// Reads a matrix up to its numbers; gives the extents if it is called `name`.
fn header(input: &mut impl Read, name: &str) -> io::Result<Option<Vec<usize>>> {
    part(input)?;
    let (_, extents) = part(input)?;
    let (kind, found) = part(input)?;
    if kind != INT8 || found != name.as_bytes() {
        return Ok(None);
    }
    let Tag { kind, len, .. } = tag(input)?;
    let extents: Vec<usize> =
        extents.as_chunks::<4>().0.iter().map(|&bytes| u32::from_le_bytes(bytes) as usize).collect();
    let numbers = extents.iter().try_fold(1usize, |product, &extent| product.checked_mul(extent));
    match kind == UINT8 && numbers == Some(len as usize) {
        true => Ok(Some(extents)),
        false => Err(wrong("the array's numbers are not as many bytes as its extents say")),
    }
}
