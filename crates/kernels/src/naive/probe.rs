//! The recurrence of the yardstick, one number of the many equal ones.

/// Twin of [`crate::multiply_adds`]: what one of its numbers comes to.
pub fn multiply_adds(rounds: u64, start: f64) -> f64 {
    (0..rounds).fold(start, |x, _| x * 0.5 + 1.0)
}
