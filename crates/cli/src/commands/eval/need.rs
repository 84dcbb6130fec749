//! Flags that have no meaning without another one.

use super::Args;
use crate::failure::Failure;

/// A flag and what it needs.
#[derive(Clone)]
pub(super) struct Need {
    /// The flag.
    pub(super) flag: &'static str,
    /// Whether it is given.
    pub(super) given: bool,
    /// What it has no meaning without, as people would type it.
    pub(super) needs: &'static str,
    /// Whether that is given.
    pub(super) there: bool,
}

/// Refuses the first flag that is given without what it needs.
pub(super) fn check(args: &Args) -> Result<(), Failure> {
    let needs = [args.ood.needs(), args.attack.needs(), args.corruptions.needs(), args.needs()].concat();
    match needs.into_iter().find(|need| need.given && !need.there) {
        Some(Need { flag, needs, .. }) => {
            let message = format!("{flag} has no meaning without {needs}");
            Err(Failure::usage(message).hint(format!("leave {flag} away, or ask for {needs}")))
        }
        None => Ok(()),
    }
}
