//! Salt and pepper.

use super::Corruption;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "impulse_noise",
    about: "sets a share of 1 to 7 % of the numbers to 0 or 1",
    apply: |picture, severity, stream| {
        let share = [0.01, 0.02, 0.03, 0.05, 0.07][severity];
        picture.map(|x| {
            let (hit, salt) = (stream.uniform() < share, stream.uniform() < 0.5);
            if hit { f32::from(u8::from(salt)) } else { x }
        });
    },
};
