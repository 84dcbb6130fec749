//! rarefy-rarefy
