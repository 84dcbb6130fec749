//! Anywhere.

use super::candidates::any;
use super::{Inactive, Rule};
use crate::{Scratch, SparsityError};
use rarefy_core::random::Stream;

/// Any positions without a weight, every set equally likely.
///
/// Source: Mocanu et al., Nature Communications 9, 2018 (SET).
#[derive(Clone, Copy, Debug)]
pub struct Random;

impl Rule for Random {
    fn name(&self) -> &'static str {
        "random"
    }

    fn summary(&self) -> &'static str {
        "anywhere, every set as likely"
    }

    fn choose(
        &self,
        _: &Inactive<'_>,
        count: usize,
        random: &mut Stream,
        scratch: &mut Scratch,
    ) -> Result<(), SparsityError> {
        any(&mut scratch.order, count, random);
        Ok(())
    }
}
