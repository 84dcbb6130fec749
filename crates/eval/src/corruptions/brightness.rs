//! A brighter picture.

use super::Corruption;

pub(super) const CORRUPTION: Corruption = Corruption {
    name: "brightness",
    about: "adds 0.05 to 0.30",
    apply: |picture, severity, stream| {
        let _ = stream;
        let more = [0.05, 0.10, 0.15, 0.20, 0.30][severity];
        picture.map(|x| x + more);
    },
};
