//! The 1,797 handwritten digits embedded in the binary (see `assets/digits/README.md` for source and licence).

use super::Entry;
use crate::{Constants, DataError, Dataset, Draw, Normalization, Options, Split};
use flate2::read::GzDecoder;
use rarefy_core::Extent;
use rarefy_core::random::{Purpose, Stream};
use std::io::Read;
use std::sync::{Arc, OnceLock};

pub(super) const ENTRY: Entry = Entry {
    name: NAME,
    about: "1,797 handwritten digits of 8x8 pixels, part of the program (UCI, CC BY 4.0)",
    open,
    set: None,
};

const NAME: &str = "digits";
const SAMPLES: usize = 1797;
const PIXELS: usize = 64;
const CLASSES: usize = 10;
const WHITE: u8 = 16;
const VALIDATION: usize = 180;
const TEST: usize = 360;
/// The split never changes: its seed is no option.
const SPLIT_SEED: u64 = 0;
static PACKED: &[u8] = include_bytes!("../../assets/digits/digits.csv.gz");

fn open(options: &Options) -> Result<Arc<dyn Dataset>, DataError> {
    let Options { data_dir: _, valid_split, split_seed, normalization, pad_to_32 } = options;
    let option = match (valid_split, split_seed, normalization, pad_to_32) {
        (None, None, Constants::Standard, false) => None,
        (Some(_), ..) => Some("valid_split"),
        (_, Some(_), ..) => Some("split_seed"),
        (.., Constants::Published, _) => Some("normalization"),
        (.., true) => Some("pad_to_32"),
    };
    match option {
        None => Digits::shared().map(|digits| digits as Arc<dyn Dataset>),
        Some(option) => {
            let problem = "the split and the inputs of this data set are fixed".to_owned();
            Err(DataError::Option { dataset: NAME.into(), option, problem })
        }
    }
}

/// Handwritten digits of 8 x 8 pixels in 10 classes, split 1257 / 180 / 360 with each class in proportion.
///
/// Inputs are pixels / 16, so 0 to 1; there is no augmentation (METHODS 6).
#[derive(Clone)]
pub struct Digits {
    pixels: Vec<u8>,
    labels: Vec<u8>,
    splits: [Vec<u16>; 3],
}

impl Digits {
    /// The digits, unpacked on first use.
    pub fn shared() -> Result<Arc<Self>, DataError> {
        static DIGITS: OnceLock<Result<Arc<Digits>, DataError>> = OnceLock::new();
        DIGITS.get_or_init(|| Self::unpack(PACKED).map(Arc::new)).clone()
    }

    /// Unpacks `packed`, checking the archive's CRC and the number and range of all pixels and labels.
    fn unpack(packed: &[u8]) -> Result<Self, DataError> {
        let mut text = String::new();
        // A line has 65 numbers of at most 3 characters: a longer text is refused below without being read whole.
        let limit = (SAMPLES * (PIXELS + 1) * 3 + 1) as u64;
        GzDecoder::new(packed)
            .take(limit)
            .read_to_string(&mut text)
            .map_err(|error| corrupt(format!("the archive does not unpack ({error})")))?;
        let (mut pixels, mut labels) = (Vec::with_capacity(SAMPLES * PIXELS), Vec::with_capacity(SAMPLES));
        for (line, row) in text.lines().enumerate() {
            let before = pixels.len();
            for number in row.split(',') {
                let number = number
                    .parse()
                    .map_err(|_| corrupt(format!("line {}: `{number}` is no pixel", line + 1)))?;
                pixels.push(number);
            }
            let label = pixels.pop().filter(|&label| usize::from(label) < CLASSES);
            let (found, brightest) = (pixels.len() - before, pixels[before..].iter().max());
            match label {
                Some(label) if found == PIXELS && brightest <= Some(&WHITE) => labels.push(label),
                _ => {
                    let problem = format!(
                        "line {} must have {PIXELS} pixels of 0 to {WHITE} and a label of 0 to {}",
                        line + 1,
                        CLASSES - 1
                    );
                    return Err(corrupt(problem));
                }
            }
        }
        if labels.len() != SAMPLES {
            return Err(corrupt(format!("expected {SAMPLES} images, found {}", labels.len())));
        }
        let splits = stratify(&labels);
        Ok(Self { pixels, labels, splits })
    }
}

fn corrupt(problem: String) -> DataError {
    DataError::Corrupt { dataset: NAME.into(), problem }
}

/// Training, validation and test indices, each ascending.
///
/// Every class gives its share of both held-out splits (largest remainders, ties to the lower class) from its samples in
/// random order.
fn stratify(labels: &[u8]) -> [Vec<u16>; 3] {
    let mut classes = vec![Vec::new(); CLASSES];
    for (index, &label) in (0u16..).zip(labels) {
        if let Some(class) = classes.get_mut(usize::from(label)) {
            class.push(index);
        }
    }
    let sizes: Vec<usize> = classes.iter().map(Vec::len).collect();
    let (test, validation) = (apportion(TEST, &sizes), apportion(VALIDATION, &sizes));
    let mut stream = Stream::new(SPLIT_SEED, Purpose::Split, 0);
    let mut splits: [Vec<u16>; 3] = Default::default();
    for ((class, test), validation) in classes.iter_mut().zip(test).zip(validation) {
        stream.shuffle(class);
        let (test, rest) = class.split_at(test);
        let (validation, train) = rest.split_at(validation);
        for (split, part) in splits.iter_mut().zip([train, validation, test]) {
            split.extend_from_slice(part);
        }
    }
    splits.iter_mut().for_each(|split| split.sort_unstable());
    splits
}

/// `total` divided in proportion to `sizes`: floors, then one more to the largest remainders.
fn apportion(total: usize, sizes: &[usize]) -> Vec<usize> {
    let all: usize = sizes.iter().sum::<usize>().max(1);
    let mut shares: Vec<usize> = sizes.iter().map(|size| total * size / all).collect();
    let mut by_remainder: Vec<usize> = (0..sizes.len()).collect();
    by_remainder.sort_by_key(|&class| std::cmp::Reverse(total * sizes[class] % all));
    let rest = total.saturating_sub(shares.iter().sum());
    for &class in by_remainder.iter().take(rest) {
        shares[class] += 1;
    }
    shares
}

impl std::fmt::Debug for Digits {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Digits").finish_non_exhaustive()
    }
}

impl Dataset for Digits {
    fn name(&self) -> &str {
        NAME
    }

    fn extent(&self) -> Extent {
        Extent { channels: 1, height: 8, width: 8 }
    }

    fn classes(&self) -> usize {
        CLASSES
    }

    fn len(&self, split: Split) -> usize {
        self.splits[split as usize].len()
    }

    fn normalization(&self) -> Normalization {
        Normalization::identity(1)
    }

    fn sample(
        &self,
        split: Split,
        index: u32,
        _draw: Option<Draw>,
        image: &mut [f32],
    ) -> Result<u32, DataError> {
        let Some(&at) = self.splits[split as usize].get(index as usize) else {
            return Err(DataError::Index { dataset: NAME.into(), split, len: self.len(split), index });
        };
        if image.len() != PIXELS {
            return Err(DataError::Buffer { dataset: NAME.into(), expected: PIXELS, found: image.len() });
        }
        let at = usize::from(at);
        for (input, &pixel) in image.iter_mut().zip(&self.pixels[at * PIXELS..]) {
            *input = f32::from(pixel) / f32::from(WHITE);
        }
        Ok(u32::from(self.labels[at]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::Compression;
    use flate2::write::GzEncoder;
    use std::io::Write;

    fn text() -> String {
        let mut text = String::new();
        GzDecoder::new(PACKED).read_to_string(&mut text).unwrap();
        text
    }

    fn unpack_text(text: &str) -> Result<Digits, DataError> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text.as_bytes()).unwrap();
        Digits::unpack(&encoder.finish().unwrap())
    }

    #[test]
    fn an_altered_archive_is_an_error_or_harmless() {
        let whole = Digits::unpack(PACKED).unwrap();
        for at in (0..40).chain((40..PACKED.len()).step_by(997)).chain(PACKED.len() - 8..PACKED.len()) {
            let mut altered = PACKED.to_vec();
            altered[at] ^= 1 << (at % 8);
            match Digits::unpack(&altered) {
                Err(error) => assert!(matches!(error, DataError::Corrupt { .. }), "{error}"),
                // Only the archive's header has bytes without meaning (time, system).
                Ok(digits) => assert!(at < 40 && digits.pixels == whole.pixels, "byte {at}"),
            }
        }
        for length in (0..PACKED.len()).step_by(1009).chain([PACKED.len() - 1]) {
            let error = Digits::unpack(&PACKED[..length]).unwrap_err();
            assert!(matches!(error, DataError::Corrupt { .. }), "{error}");
        }
    }

    #[test]
    fn a_wrong_line_is_named() {
        let first = text().lines().next().unwrap().to_owned();
        for wrong in [
            "17".to_owned() + &first[1..],
            first[..first.len() - 1].to_owned() + "10",
            format!("0,{first}"),
            "x".into(),
        ] {
            let error = unpack_text(&text().replacen(&first, &wrong, 1)).unwrap_err().to_string();
            assert!(error.contains("digits") && error.contains("line 1"), "{wrong}: {error}");
        }
    }

    #[test]
    fn missing_and_additional_images_are_errors() {
        let (text, line) = (text(), "0,".repeat(64) + "0\n");
        assert!(unpack_text(&text).is_ok());
        let more = unpack_text(&(text.clone() + &line)).unwrap_err().to_string();
        assert!(more.contains("expected 1797 images, found 1798"), "{more}");
        let fewer = unpack_text(text.trim_end().rsplit_once('\n').unwrap().0).unwrap_err().to_string();
        assert!(fewer.contains("expected 1797 images, found 1796"), "{fewer}");
        assert!(unpack_text(&line.repeat(100_000)).is_err());
    }

    #[test]
    fn shares_are_in_proportion_and_add_up() {
        assert_eq!(apportion(10, &[30, 30, 30]), [4, 3, 3]);
        assert_eq!(apportion(7, &[1, 2, 4]), [1, 2, 4]);
        assert_eq!(apportion(5, &[19, 1, 20]), [2, 0, 3]);
    }
}
