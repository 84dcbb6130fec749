//! Planes with something forbidden between them.

use super::Numbers;

/// A NaN that no computation makes.
pub(crate) const CANARY: u32 = 0x7fc0_dead;

/// `channels` planes of `positions` numbers, `stride` apart, the first at `lead`; everything else is [`CANARY`].
#[derive(Clone)]
pub(crate) struct Planes {
    pub(crate) data: Vec<f32>,
    pub(crate) channels: usize,
    pub(crate) lead: usize,
    pub(crate) stride: usize,
    pub(crate) positions: usize,
}

impl Planes {
    /// All canaries: an output whose old content must not matter. The last plane ends where the slice ends, as near as the
    /// gap between planes.
    pub(crate) fn canaries(channels: usize, lead: usize, stride: usize, positions: usize) -> Self {
        assert!(stride >= positions);
        let len = lead + channels.saturating_sub(1) * stride + positions.min(channels * positions);
        Self { data: vec![f32::from_bits(CANARY); len], channels, lead, stride, positions }
    }

    /// Random numbers in the planes.
    pub(crate) fn random(
        numbers: &mut Numbers,
        channels: usize,
        lead: usize,
        stride: usize,
        positions: usize,
    ) -> Self {
        let mut planes = Self::canaries(channels, lead, stride, positions);
        for channel in 0..channels {
            planes.plane_mut(channel).copy_from_slice(&numbers.list(positions));
        }
        planes
    }

    pub(crate) fn plane(&self, channel: usize) -> &[f32] {
        let start = self.lead + channel * self.stride;
        &self.data[start..start + self.positions]
    }

    pub(crate) fn plane_mut(&mut self, channel: usize) -> &mut [f32] {
        let start = self.lead + channel * self.stride;
        &mut self.data[start..start + self.positions]
    }

    /// The planes without what is between them.
    pub(crate) fn numbers(&self) -> Vec<f32> {
        (0..self.channels).flat_map(|channel| self.plane(channel)).copied().collect()
    }

    /// Nothing outside the planes was written.
    #[track_caller]
    pub(crate) fn assert_guarded(&self) {
        for (i, x) in self.data.iter().enumerate() {
            let from = i.wrapping_sub(self.lead);
            let inside = i >= self.lead
                && self.channels > 0
                && (from / self.stride.max(1)).min(self.channels - 1) * self.stride + self.positions > from;
            assert!(inside || x.to_bits() == CANARY, "wrote {x} at {i}, outside the planes");
        }
    }
}
