//! Gradient flow.

use super::Rule;
use crate::saliency::{Need, Saliency};

/// Score `w * Hg`, the largest kept; the paper has the negative and keeps the lowest.
///
/// Source: Wang, Zhang & Grosse, *Picking Winning Tickets Before Training by Preserving Gradient Flow*, ICLR 2020 (GraSP);
/// samples as two class-sorted halves, logits divided by 200, as its published code.
#[derive(Clone, Copy, Debug)]
pub struct Grasp;

impl Rule for Grasp {
    fn name(&self) -> &'static str {
        "grasp"
    }

    fn summary(&self) -> &'static str {
        "share of the largest w Hg: what the gradient flow needs"
    }

    fn saliency(&self) -> Option<Saliency> {
        Some(Saliency {
            need: Need::HessianGradient,
            score: |weight, product| weight * product,
            iterative: false,
        })
    }
}
