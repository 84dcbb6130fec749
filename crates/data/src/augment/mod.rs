//! Random changes of training images, each a pure function of (seed, epoch, index).
//!
//! All of them only move pixels along rows and columns, so whatever is combined costs one look-up a pixel: [`View`] says
//! which row and column of the stored image each row and column of the network's image shows.

mod crop;
pub mod flip;

pub use crop::{Crop, Padding};

use crate::Draw;
use rarefy_core::Extent;

/// What happens to a training image: first the crop, then the flip.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct Augmentation {
    /// Pad and crop.
    pub crop: Option<Crop>,
    /// Mirror left to right, half of the time.
    pub flip: bool,
}

impl Augmentation {
    /// No change.
    pub const NONE: Self = Self { crop: None, flip: false };

    /// What sample `index` gets: row and column of the crop's window, and whether it is mirrored. One stream a sample gives
    /// the row, the column, then the flip.
    pub fn draw(self, draw: Draw, index: u32) -> Drawn {
        let mut stream = draw.stream(index);
        let [row, column] = self.crop.map_or([0, 0], |crop| crop.draw(&mut stream));
        Drawn { row, column, flip: self.flip && flip::draw(&mut stream) }
    }
}

/// One draw of an [`Augmentation`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Drawn {
    /// First row of the window in the padded image; 0 without a crop.
    pub row: u16,
    /// First column of the window in the padded image; 0 without a crop.
    pub column: u16,
    /// Whether the window is then mirrored.
    pub flip: bool,
}

/// Marks a row or column that shows no pixel: black.
const BLACK: u16 = u16::MAX;

/// All views that an augmentation of images of one extent can give, made once.
#[derive(Clone, Debug)]
pub struct Views {
    augmentation: Augmentation,
    stored: Extent,
    shown: Extent,
    rows: Vec<Vec<u16>>,
    columns: [Vec<Vec<u16>>; 2],
    plain: [Vec<u16>; 2],
}

/// Which row and column of a stored image each row and column of the network's image shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct View<'a> {
    rows: &'a [u16],
    columns: &'a [u16],
}

impl Views {
    /// Views of images `stored`, augmented, then set into a black border of `border` pixels on every side. Sides above
    /// 65,534 are not shown.
    pub fn new(augmentation: Augmentation, stored: Extent, border: u16) -> Self {
        let side = |side: usize| u16::try_from(side).unwrap_or(0);
        let (height, width) = (side(stored.height), side(stored.width));
        let axis = |side: u16, source: &dyn Fn(u16) -> Option<u16>| -> Vec<u16> {
            let black = || std::iter::repeat_n(BLACK, usize::from(border));
            let image = (0..side).map(|at| source(at).unwrap_or(BLACK));
            black().chain(image).chain(black()).collect()
        };
        let crop = augmentation.crop.unwrap_or(Crop { pad: 0, padding: Padding::Zero });
        let rows =
            (0..crop.offsets()).map(|offset| axis(height, &|at| crop.source(height, offset, at))).collect();
        let columns = [false, true].map(|mirrored| {
            let source =
                |offset, at| crop.source(width, offset, if mirrored { flip::source(width, at) } else { at });
            (0..crop.offsets()).map(|offset| axis(width, &|at| source(offset, at))).collect()
        });
        let border = usize::from(border);
        let shown = Extent { height: stored.height + 2 * border, width: stored.width + 2 * border, ..stored };
        Self { augmentation, stored, shown, rows, columns, plain: [axis(height, &Some), axis(width, &Some)] }
    }

    /// Extent of the network's images.
    pub fn extent(&self) -> Extent {
        self.shown
    }

    /// The view of sample `index`: augmented by `draw`, or the plain image without.
    pub fn view(&self, draw: Option<Draw>, index: u32) -> View<'_> {
        let [rows, columns] = &self.plain;
        let plain = View { rows, columns };
        let Some(draw) = draw else { return plain };
        let Drawn { row, column, flip } = self.augmentation.draw(draw, index);
        let rows = self.rows.get(usize::from(row));
        let columns = self.columns[usize::from(flip)].get(usize::from(column));
        rows.zip(columns).map_or(plain, |(rows, columns)| View { rows, columns })
    }

    /// Writes into `image` (CHW) what `view` shows of `pixels` (CHW), each pixel replaced by its channel's entry in
    /// `tables`; border is pixel 0.
    pub fn render(&self, view: View<'_>, pixels: &[u8], tables: &[[f32; 256]], image: &mut [f32]) {
        let planes = pixels.chunks_exact((self.stored.height * self.stored.width).max(1));
        let shown = image.chunks_exact_mut((self.shown.height * self.shown.width).max(1));
        for ((plane, shown), table) in planes.zip(shown).zip(tables) {
            for (line, &row) in shown.chunks_exact_mut(self.shown.width.max(1)).zip(view.rows) {
                let first = usize::from(row) * self.stored.width;
                match plane.get(first..first + self.stored.width) {
                    Some(source) => {
                        for (input, &column) in line.iter_mut().zip(view.columns) {
                            *input =
                                table[usize::from(source.get(usize::from(column)).copied().unwrap_or(0))];
                        }
                    }
                    None => line.fill(table[0]),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CIFAR: Augmentation =
        Augmentation { crop: Some(Crop { pad: 4, padding: Padding::Reflect }), flip: true };

    #[test]
    fn draws_never_change() {
        // Computed from the definition by an independent ChaCha8.
        for (seed, epoch, index, row, column, flip) in [
            (17, 0, 0, 6, 7, false),
            (17, 0, 1, 6, 6, true),
            (17, 0, 44_999, 0, 0, false),
            (17, 1, 0, 0, 6, false),
            (18, 0, 0, 7, 4, false),
            (u64::MAX, 159, u32::MAX, 5, 6, false),
        ] {
            assert_eq!(
                CIFAR.draw(Draw { seed, epoch }, index),
                Drawn { row, column, flip },
                "{seed} {epoch} {index}"
            );
        }
    }

    #[test]
    fn a_part_that_is_left_out_draws_nothing() {
        let draw = Draw { seed: 17, epoch: 0 };
        assert_eq!(Augmentation::NONE.draw(draw, 0), Drawn { row: 0, column: 0, flip: false });
        for index in 0..200 {
            let crop = Augmentation { flip: false, ..CIFAR }.draw(draw, index);
            assert_eq!(crop, Drawn { flip: false, ..CIFAR.draw(draw, index) });
            let flip = Augmentation { crop: None, flip: true }.draw(draw, index);
            assert_eq!(flip.flip, flip::draw(&mut draw.stream(index)));
        }
    }

    /// Rows of a 1 x `height` x 4 image of pixels 1, 2, 3, ... as `drawn` shows them.
    fn shown(augmentation: Augmentation, border: u16, draw: Option<Draw>) -> Vec<Vec<f32>> {
        let views = Views::new(augmentation, Extent { channels: 1, height: 3, width: 4 }, border);
        let table = [std::array::from_fn(|pixel| pixel as f32)];
        let mut image = vec![f32::NAN; views.extent().len()];
        views.render(views.view(draw, 0), &[1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12], &table, &mut image);
        image.chunks(views.extent().width).map(<[f32]>::to_vec).collect()
    }

    #[test]
    fn the_window_is_cut_then_mirrored_then_bordered() {
        let plain = [[1.0, 2.0, 3.0, 4.0], [5.0, 6.0, 7.0, 8.0], [9.0, 10.0, 11.0, 12.0]];
        for augmentation in [Augmentation::NONE, CIFAR] {
            assert_eq!(shown(augmentation, 0, None), plain);
        }
        let crop = |padding| Augmentation { crop: Some(Crop { pad: 1, padding }), flip: true };
        // The first epoch whose draw starts in the upper left corner and is mirrored.
        let corner = Drawn { row: 0, column: 0, flip: true };
        let epoch = (0..).find(|&epoch| crop(Padding::Zero).draw(Draw { seed: 1, epoch }, 0) == corner);
        let draw = epoch.map(|epoch| Draw { seed: 1, epoch });
        assert_eq!(
            shown(crop(Padding::Zero), 0, draw),
            [[0.0; 4], [3.0, 2.0, 1.0, 0.0], [7.0, 6.0, 5.0, 0.0]]
        );
        assert_eq!(
            shown(crop(Padding::Reflect), 0, draw),
            [[7.0, 6.0, 5.0, 6.0], [3.0, 2.0, 1.0, 2.0], [7.0, 6.0, 5.0, 6.0]]
        );
        assert_eq!(
            shown(crop(Padding::Zero), 1, draw),
            [[0.0; 6], [0.0; 6], [0.0, 3.0, 2.0, 1.0, 0.0, 0.0], [0.0, 7.0, 6.0, 5.0, 0.0, 0.0], [0.0; 6]]
        );
    }
}
