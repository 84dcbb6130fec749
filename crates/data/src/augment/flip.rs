//! Mirroring an image left to right, half of the time.

use rarefy_core::random::Stream;

/// Whether the image is mirrored: the top bit of one word.
pub fn draw(stream: &mut Stream) -> bool {
    stream.word() >> 63 == 1
}

/// The column of an image of `width` pixels that column `at` (below `width`) of its mirror image shows.
pub fn source(width: u16, at: u16) -> u16 {
    width.saturating_sub(1).saturating_sub(at)
}

#[cfg(test)]
mod tests {
    use super::*;
    use rarefy_core::random::Purpose;

    #[test]
    fn the_mirror_image_reads_from_right_to_left() {
        let mirrored = |width| (0..width).map(|at| source(width, at)).collect::<Vec<_>>();
        assert_eq!(mirrored(5), [4, 3, 2, 1, 0]);
        assert_eq!(mirrored(1), [0]);
    }

    #[test]
    fn half_of_the_images_are_mirrored() {
        let mut stream = Stream::new(1, Purpose::Augment, 0);
        let mirrored = (0..10_000).filter(|_| draw(&mut stream)).count();
        // Expected 5000, standard deviation 50.
        assert!((4800..=5200).contains(&mirrored), "{mirrored}");
    }
}
