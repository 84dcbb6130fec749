//! rarefy-train
