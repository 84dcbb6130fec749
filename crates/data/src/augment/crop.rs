//! Padding an image and cropping a window of the original size from it, at random.

use rarefy_core::random::Stream;

/// What lies around an image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Padding {
    /// Black: pixel value 0, before normalization.
    Zero,
    /// The image mirrored at its outermost pixels, which are not repeated (PyTorch's `reflect`).
    Reflect,
}

/// Pads all four sides by `pad` pixels and crops a window of the original size; each of its `(2 pad + 1)^2` places is
/// equally likely.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Crop {
    /// Width of the border in pixels. With [`Padding::Reflect`] it must be below the image's sides.
    pub pad: u16,
    /// What the border shows.
    pub padding: Padding,
}

impl Crop {
    /// Number of places of the window along an axis.
    pub fn offsets(self) -> u16 {
        2 * self.pad + 1
    }

    /// Row and column at which the window starts in the padded image: row first, one bounded integer each.
    pub fn draw(self, stream: &mut Stream) -> [u16; 2] {
        // Below `offsets`, so it fits.
        let mut offset = || stream.below(u64::from(self.offsets())) as u16;
        [offset(), offset()]
    }

    /// The coordinate in an image of `side` pixels that coordinate `at` of the window at `offset` shows; `None` if it is
    /// black border.
    pub fn source(self, side: u16, offset: u16, at: u16) -> Option<u16> {
        let (side, at) = (i32::from(side), i32::from(offset) + i32::from(at) - i32::from(self.pad));
        let inside = match self.padding {
            Padding::Zero => at,
            Padding::Reflect if at < 0 => -at,
            Padding::Reflect if at >= side => 2 * (side - 1) - at,
            Padding::Reflect => at,
        };
        u16::try_from(inside).ok().filter(|&inside| i32::from(inside) < side)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use rarefy_core::random::Purpose;

    /// The padded axis written out: the coordinates a border of `pad` shows, from left to right.
    fn padded(side: u16, crop: Crop) -> Vec<Option<u16>> {
        let image: Vec<Option<u16>> = (0..side).map(Some).collect();
        let pad = usize::from(crop.pad);
        let (left, right) = match crop.padding {
            Padding::Zero => (vec![None; pad], vec![None; pad]),
            Padding::Reflect => (
                image[1..=pad].iter().rev().copied().collect(),
                image[image.len() - 1 - pad..image.len() - 1].iter().rev().copied().collect(),
            ),
        };
        [left, image, right].concat()
    }

    #[test]
    fn a_window_shows_a_slice_of_the_padded_axis() {
        for padding in [Padding::Zero, Padding::Reflect] {
            for (side, pad) in [(32, 4), (28, 2), (5, 4), (5, 0), (1, 0)] {
                let crop = Crop { pad, padding };
                let axis = padded(side, crop);
                for offset in 0..crop.offsets() {
                    let window: Vec<_> = (0..side).map(|at| crop.source(side, offset, at)).collect();
                    let first = usize::from(offset);
                    assert_eq!(window, axis[first..first + usize::from(side)], "{crop:?} at {offset}");
                }
            }
        }
    }

    #[test]
    fn reflection_does_not_repeat_the_edge() {
        let crop = Crop { pad: 2, padding: Padding::Reflect };
        let window = |offset| (0..4).map(|at| crop.source(4, offset, at).unwrap()).collect::<Vec<_>>();
        assert_eq!(window(0), [2, 1, 0, 1]);
        assert_eq!(window(2), [0, 1, 2, 3]);
        assert_eq!(window(4), [2, 3, 2, 1]);
    }

    #[test]
    fn a_border_wider_than_the_image_is_black_and_no_panic() {
        for padding in [Padding::Zero, Padding::Reflect] {
            let crop = Crop { pad: 300, padding };
            assert_eq!(crop.source(3, 0, 0), None);
            assert_eq!(crop.source(3, 600, 2), None);
        }
    }

    #[test]
    fn all_places_are_equally_likely() {
        let crop = Crop { pad: 1, padding: Padding::Zero };
        let mut counts = [[0u32; 3]; 3];
        let mut stream = Stream::new(1, Purpose::Augment, 0);
        for _ in 0..9000 {
            let [row, column] = crop.draw(&mut stream).map(usize::from);
            counts[row][column] += 1;
        }
        // Expected 1000, standard deviation 30.
        assert!(counts.iter().flatten().all(|count| (880..=1120).contains(count)), "{counts:?}");
    }
}
