//! rarefy-data
