//! What a file of images or labels must look like: the CIFAR binary files and IDX are both a fixed header and records of
//! fixed size.

/// A file of fixed-size records.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Layout {
    /// IDX files start with a magic number, the number of records, and these sides of a record; others with nothing.
    pub(crate) idx_sides: Option<&'static [(&'static str, u32)]>,
    /// Label bytes of a record, which come first: how many classes each has. The last one is learned.
    pub(crate) labels: &'static [u16],
    /// Pixel bytes of a record.
    pub(crate) pixels: usize,
    /// Number of records.
    pub(crate) records: u32,
}

impl Layout {
    /// A CIFAR binary file: label bytes, then 32 x 32 pixels of red, of green, of blue.
    pub(crate) const fn cifar(labels: &'static [u16], records: u32) -> Self {
        Self { idx_sides: None, labels, pixels: 3 * 32 * 32, records }
    }

    /// An IDX file of 28 x 28 images.
    pub(crate) const fn idx_images(records: u32) -> Self {
        Self { idx_sides: Some(&[("rows", 28), ("columns", 28)]), labels: &[], pixels: 28 * 28, records }
    }

    /// An IDX file of labels.
    pub(crate) const fn idx_labels(classes: &'static [u16; 1], records: u32) -> Self {
        Self { idx_sides: Some(&[]), labels: classes, pixels: 0, records }
    }

    /// The big-endian 32-bit words a file starts with: what each says, and its value.
    pub(crate) fn header(&self) -> Vec<(&'static str, u32)> {
        let Some(sides) = self.idx_sides else { return Vec::new() };
        // Two zero bytes, 8 for unsigned bytes, the number of dimensions.
        let magic = 0x0800 | (1 + sides.len() as u32);
        let mut words = vec![("magic number", magic), ("number of records", self.records)];
        words.extend_from_slice(sides);
        words
    }

    /// Bytes of a record.
    pub(crate) fn record_bytes(&self) -> usize {
        self.labels.len() + self.pixels
    }

    /// Bytes of a file.
    pub(crate) fn file_bytes(&self) -> u64 {
        let header = 4 * self.header().len() as u64;
        header + u64::from(self.records) * self.record_bytes() as u64
    }
}
