//! Horizontal shifts of the taps in a layout of whole vectors a row, applied to sums instead of loads.

use crate::MAX_LANES;

/// The horizontal shifts of a layer's taps, and the slots that numbers never leave.
///
/// Loads that cross a cache line cost double. Where a row of the image is a whole number of vectors, the taps are sorted by
/// their horizontal shift, their loads are aligned, and each shift's *sum* moves once. A *slot* is a run of positions that
/// one row of one sample has for itself: what a shift moves across its border is dropped, what it moves in is zero.
#[derive(Clone, Debug, PartialEq)]
pub struct Shifts {
    by: Vec<i32>,
    slot: usize,
    unit: usize,
    /// Per shift 1 at the lanes that it fills from the same vector and the same slot, 0 elsewhere; then those of its opposite.
    own_lanes: Vec<[[f32; MAX_LANES]; 2]>,
}

/// Vectors of a slot, known to the compiler where it matters: 0 stands for any number.
pub(crate) const ANY_UNIT: usize = 0;

impl Default for Shifts {
    fn default() -> Self {
        Self::none()
    }
}

impl Shifts {
    /// No tap is shifted: offsets say it all.
    pub fn none() -> Self {
        Self { by: vec![0], slot: usize::MAX, unit: 1, own_lanes: vec![[[1.0; MAX_LANES]; 2]] }
    }

    /// Shifts in the order of the taps' runs, a shift of 0 last, for vectors of `lanes` numbers and slots of `slot` positions:
    /// a multiple of the lanes or a divisor of them.
    ///
    /// # Panics
    /// If there is no shift, 0 comes before another, slots are no whole vectors nor parts of one, or longer than a vector and
    /// shifts too.
    pub fn new(by: Vec<i32>, slot: usize, lanes: usize) -> Self {
        let last = by.len().checked_sub(1).expect("at least one shift");
        assert!(by[..last].iter().all(|&by| by != 0), "a shift of 0 comes last");
        let fits = slot > 0 && (slot.is_multiple_of(lanes) || lanes.is_multiple_of(slot));
        assert!(fits, "a slot of {slot} numbers does not suit vectors of {lanes}");
        let short = by.iter().all(|by| (by.unsigned_abs() as usize) < lanes);
        assert!(slot <= lanes || short, "shifts must be shorter than a vector of {lanes}");
        let unit = if last == 0 && by[0] == 0 { 1 } else { (slot / lanes).max(1) };
        let within = slot.min(lanes) as i32;
        let own = |by: i32| {
            std::array::from_fn(|lane| {
                f32::from(u8::from((0..within).contains(&(lane as i32 % within + by))))
            })
        };
        let own_lanes = by.iter().map(|&by| [own(by), own(-by)]).collect();
        Self { by, slot, unit, own_lanes }
    }

    /// Runs of taps in a group.
    pub fn runs(&self) -> usize {
        self.by.len()
    }

    /// The shifts: tap sums move to `p` from `p + by`.
    pub fn by(&self) -> &[i32] {
        &self.by
    }

    /// Numbers that one row of one sample has for itself.
    pub fn slot(&self) -> usize {
        self.slot
    }

    /// Vectors that a cut of the positions must keep together.
    pub fn unit(&self) -> usize {
        self.unit
    }

    pub(crate) fn check(&self, positions: usize, lanes: usize) {
        assert!(
            positions.is_multiple_of(self.unit * lanes),
            "positions must be whole rows of {} vectors",
            self.unit
        );
    }

    /// 1 at the lanes that run `run`'s shift (or its opposite) fills from the same vector and the same slot, 0 elsewhere.
    pub(crate) fn own_lanes(&self, run: usize, opposite: bool) -> &[f32; MAX_LANES] {
        &self.own_lanes[run][usize::from(opposite)]
    }
}

/// Whether vector `index` of a run of whole rows gets nothing from the neighbour that a shift looks at.
#[inline(always)]
pub(crate) fn at_edge<const UNIT: usize>(by: i32, unit: usize, index: usize) -> bool {
    let unit = if UNIT == ANY_UNIT { unit } else { UNIT };
    if by > 0 { index % unit == unit - 1 } else { index.is_multiple_of(unit) }
}
